"use strict";
const assert = require("node:assert");
const net = require("node:net");
const modbus = require("jsmodbus");

async function main(port) {
  const socket = new net.Socket();
  const client = new modbus.client.TCP(socket, 1, 5000);
  await new Promise((resolve) => socket.connect({ host: "127.0.0.1", port }, resolve));
  const read = async (start, count) =>
    (await client.readHoldingRegisters(start, count)).response.body.valuesAsArray;
  const input = (await client.readInputRegisters(5, 3)).response.body.valuesAsArray;
  assert.deepStrictEqual([...input], [5, 6, 7]);
  await client.writeSingleRegister(10, 0xbeef);
  await client.writeMultipleRegisters(11, [1, 2]);
  assert.deepStrictEqual([...(await read(10, 3))], [0xbeef, 1, 2]);
  await client.writeSingleCoil(1, true);
  const coils = (await client.readCoils(0, 4)).response.body.valuesAsArray;
  assert.deepStrictEqual([...coils].slice(0, 4), [1, 1, 0, 1]);
  await assert.rejects(client.readInputRegisters(250, 1), (error) => error.response.body.code === 2);
  const parallel = await Promise.all(Array.from({ length: 20 }, (_, n) => client.readInputRegisters(n, 1)));
  parallel.forEach((answer, n) => assert.deepStrictEqual([...answer.response.body.valuesAsArray], [n]));
  socket.end();
  console.log("all answered");
}

main(Number(process.argv[2])).catch((error) => {
  console.error(error);
  process.exit(1);
});
