"use strict";
const assert = require("node:assert");
const ModbusRTU = require("modbus-serial");

async function main(port) {
  const client = new ModbusRTU();
  await client.connectTCP("127.0.0.1", { port });
  client.setID(1);
  client.setTimeout(5000);
  assert.deepStrictEqual((await client.readInputRegisters(5, 3)).data, [5, 6, 7]);
  await client.writeRegister(10, 0xbeef);
  await client.writeRegisters(11, [1, 2]);
  assert.deepStrictEqual((await client.readHoldingRegisters(10, 3)).data, [0xbeef, 1, 2]);
  await client.writeCoil(1, true);
  await client.writeCoils(4, [true, true]);
  const coils = (await client.readCoils(0, 6)).data.slice(0, 6);
  assert.deepStrictEqual(coils, [true, true, false, true, true, true]);
  assert.deepStrictEqual((await client.readDiscreteInputs(3, 2)).data.slice(0, 2), [true, false]);
  const identity = await client.readDeviceIdentification(1, 0);
  assert.deepStrictEqual(Object.values(identity.data), ["Twin", "BAT-10", "1.0"]);
  await assert.rejects(client.readInputRegisters(250, 1), (error) => error.modbusCode === 2);
  await assert.rejects(client.writeRegister(10, 0xdead), (error) => error.modbusCode === 3);
  let answered = 0;
  for (let round = 0; round < 10; round += 1) {
    const reads = Array.from({ length: 20 }, (_, n) => client.readInputRegisters(n, 2));
    (await Promise.allSettled(reads)).forEach((result, n) => {
      if (result.status === "fulfilled" && result.value.data[0] === n) answered += 1;
    });
  }
  client.close(() => {});
  console.log(`${answered} of 200 parallel reads answered`);
  process.exit(answered === 200 ? 0 : 1);
}

main(Number(process.argv[2])).catch((error) => {
  console.error(error);
  process.exit(1);
});
