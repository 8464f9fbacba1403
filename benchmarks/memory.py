"""Memory per device with its register map and server, as the growth over 200 batteries on as many ports.

python -m benchmarks.memory
"""

import asyncio
import gc
import tracemalloc
from typing import Any

from twin_tui import Twin

DEVICES = 200


def a_site(devices: int) -> dict[str, Any]:
    """Return a site of that many batteries, each on its own free port."""
    protocol = {"kind": "modbus_tcp", "port": 0, "register_map": "bess_modbus.yaml"}
    battery = {"type": "bess", "capacity_kwh": 10.0, "protocols": [protocol]}
    return {"name": "many", "real_time": False, "assets": [battery] * devices}


async def held(devices: int) -> int:
    """Return the bytes that a running twin of that many devices holds."""
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    async with Twin.from_dict(a_site(devices)) as twin:
        twin.advance(1.0)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before


async def main() -> None:
    """Print the growth per device."""
    await held(1)
    tracemalloc.start()
    one, many = await held(1), await held(DEVICES)
    print(f"{(many - one) / (DEVICES - 1) / 1000:.1f} kB a device, server and register map included")


if __name__ == "__main__":
    asyncio.run(main())
