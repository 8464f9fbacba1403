"""libmodbus itself as the client, over TCP and on a line; runs where the library is installed."""

import asyncio
import ctypes
import ctypes.util
import errno
from pathlib import Path

import pytest

from twin_tui import Twin

# MODBUS_ENOBASE of modbus.h: exception codes follow it in errno.
NO_BASE = 112_345_678
STATUS, START, SETPOINT = 10050, 10055, 10126


@pytest.fixture
def library() -> ctypes.CDLL:
    name = ctypes.util.find_library("modbus")
    if name is None:
        pytest.skip("libmodbus is not installed")
    found = ctypes.CDLL(name, use_errno=True)
    found.modbus_new_tcp.restype = ctypes.c_void_p
    found.modbus_new_rtu.restype = ctypes.c_void_p
    found.modbus_new_rtu.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_char, ctypes.c_int, ctypes.c_int]
    for function in (found.modbus_connect, found.modbus_close, found.modbus_free):
        function.argtypes = [ctypes.c_void_p]
    found.modbus_set_slave.argtypes = [ctypes.c_void_p, ctypes.c_int]
    found.modbus_write_register.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint16]
    return found


def use(library: ctypes.CDLL, client: int, unit: int) -> None:
    """Read, write, read back and meet the exceptions of a battery."""
    words = (ctypes.c_uint16 * 4)()

    def call(name: str, address: int, count: int) -> int:
        function = getattr(library, name)
        done: int = function(ctypes.c_void_p(client), ctypes.c_int(address), ctypes.c_int(count), words)
        return done

    assert library.modbus_set_slave(client, unit) == 0
    assert library.modbus_connect(client) == 0
    assert call("modbus_read_input_registers", 32002, 1) == 1
    assert words[0] == 500
    words[0], words[1] = 0xFFFF, 0xFFCE
    assert call("modbus_write_registers", SETPOINT, 2) == 2
    words[0] = words[1] = 0
    assert call("modbus_read_registers", SETPOINT, 2) == 2
    assert (words[0], words[1]) == (0xFFFF, 0xFFCE)
    assert library.modbus_write_register(client, START, 1) == 1
    assert library.modbus_write_register(client, START, 9) == -1
    assert ctypes.get_errno() == NO_BASE + 3
    assert call("modbus_read_input_registers", 9, 2) == -1
    assert ctypes.get_errno() == NO_BASE + 2
    library.modbus_set_slave(client, unit + 1)
    assert call("modbus_read_input_registers", STATUS, 1) == -1
    assert ctypes.get_errno() in {NO_BASE + 11, errno.ETIMEDOUT}
    library.modbus_close(client)
    library.modbus_free(client)


async def test_libmodbus_reads_writes_and_gets_the_right_exception(
    library: ctypes.CDLL, tmp_path: Path
) -> None:
    line = tmp_path / "line"
    bess = {
        "type": "bess",
        "name": "bess",
        "capacity_kwh": 10.0,
        "initial_soc": 50,
        "protocols": [
            {"kind": "modbus_tcp", "port": 0},
            {"kind": "modbus_rtu", "port": f"pty:{line}", "unit_id": 7, "baudrate": 115_200},
        ],
    }
    async with Twin.from_dict({"name": "x", "real_time": False, "assets": [bess]}) as twin:
        port = twin.links.servers[0].port
        over_tcp = library.modbus_new_tcp(b"127.0.0.1", port)
        await asyncio.to_thread(use, library, over_tcp, 1)
        twin.step_once()
        assert twin.device("bess").commands.active_power_setpoint_w == -5_000.0
        on_a_line = library.modbus_new_rtu(str(line).encode(), 115_200, b"N", 8, 1)
        await asyncio.to_thread(use, library, on_a_line, 7)
