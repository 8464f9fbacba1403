"""The same site, stepped by DER Twin 0.1.12 and by Twin TUI in turn: seconds for 12,000 steps, as a ratio.

    python -m benchmarks.against_dertwin [--site one|full] [--runs 5] [--peer-python PATH]

DER Twin runs in the interpreter that ``--peer-python`` names, in this one if it has DER Twin, as in the
environment of ``make clients``, or else in a virtual environment in a temporary folder.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
import venv
from importlib.util import find_spec
from pathlib import Path
from typing import Any

STEPS = 12_000
PEER = "dertwin==0.1.12"

ONE: dict[str, Any] = {
    "site_name": "one battery",
    "step": 0.1,
    "real_time": False,
    "assets": [
        {
            "type": "bess",
            "capacity_kwh": 10.0,
            "initial_soc": 40.0,
            "max_charge_kw": 20.0,
            "max_discharge_kw": 20.0,
            "protocols": [
                {
                    "kind": "modbus_tcp",
                    "ip": "127.0.0.1",
                    "port": 55001,
                    "unit_id": 1,
                    "register_map": "bess_modbus.yaml",
                }
            ],
        }
    ],
}


def _asset(kind: str, port: int, register_map: str, **keys: Any) -> dict[str, Any]:
    protocol = {
        "kind": "modbus_tcp",
        "ip": "127.0.0.1",
        "port": port,
        "unit_id": 1,
        "register_map": register_map,
    }
    return {"type": kind, **keys, "protocols": [protocol]}


FULL: dict[str, Any] = {
    "site_name": "full site",
    "step": 0.1,
    "real_time": False,
    "start_time_h": 12.0,
    "external_models": {
        "power": {"base_load_w": 50_000.0},
        "irradiance": {"peak": 1000.0, "sunrise": 6.0, "sunset": 18.0},
        "ambient_temperature": {"mean": 25.0, "amplitude": 10.0, "peak_hour": 15.0},
        "grid_frequency": {"nominal_hz": 50.0, "noise_std": 0.002, "drift_std": 0.0002, "seed": 42},
        "grid_voltage": {"nominal_v_ll": 400.0, "noise_std": 0.5, "drift_std": 0.05, "seed": 42},
    },
    "assets": [
        _asset("bess", 55001, "bess_modbus.yaml", capacity_kwh=100.0, initial_soc=60.0, max_charge_kw=50.0),
        _asset("bess", 55002, "bess_modbus.yaml", capacity_kwh=50.0, initial_soc=40.0, max_charge_kw=25.0),
        _asset("inverter", 55003, "pv_inverter_modbus.yaml", rated_kw=30.0),
        _asset("chp", 55004, "chp_modbus.yaml", rated_kw=4000.0),
        _asset("energy_meter", 55005, "energy_meter_modbus.yaml"),
    ],
}

PEER_PROGRAM = """
    import asyncio, json, logging, sys, time
    logging.disable(logging.CRITICAL)
    from dertwin.controllers.site_controller import SiteController

    async def main():
        site = SiteController(json.load(open(sys.argv[1])))
        site.build()
        step = site.engine.step_once
        began = time.perf_counter()
        for _ in range(int(sys.argv[2])):
            await step()
        print(time.perf_counter() - began)

    asyncio.run(main())
"""


def ours(site: dict[str, Any]) -> float:
    """Return the seconds that Twin TUI takes for the steps."""
    from twin_tui import Twin  # noqa: PLC0415 - the import is not what is measured

    twin = Twin.from_dict({key: value for key, value in site.items() if key != "register_map_root"})
    step = twin.engine.step
    began = time.perf_counter()
    for _ in range(STEPS):
        step()
    return time.perf_counter() - began


def peer_python(folder: Path) -> Path:
    """Return an interpreter that has DER Twin: this one, or that of an environment made in the folder."""
    if find_spec("dertwin") is not None:
        return Path(sys.executable)
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", PEER], check=True)
    return python


def main() -> None:
    """Run both in turn and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--site", choices=("one", "full"), default="one")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer-python", type=Path)
    options = parser.parse_args()
    site = {"one": ONE, "full": FULL}[options.site]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = options.peer_python or peer_python(folder / "venv")
        maps = Path(__file__).resolve().parent.parent / "register_maps"
        config, program = folder / "site.json", folder / "peer.py"
        config.write_text(json.dumps({**site, "register_map_root": str(maps)}))
        program.write_text(textwrap.dedent(PEER_PROGRAM))
        theirs, own = [], []
        for _ in range(options.runs):
            done = subprocess.run(
                [python, program, config, str(STEPS)], check=True, capture_output=True, text=True
            )
            theirs.append(float(done.stdout))
            own.append(ours(site))
    ratios = sorted(a / b for a, b in zip(theirs, own, strict=True))
    print(
        f"{STEPS:,} steps of the {site['site_name']} site, {options.runs} runs in turn, "
        f"CPython {sys.version.split()[0]}"
    )
    for label, seconds in (("DER Twin 0.1.12", theirs), ("Twin TUI", own)):
        print(
            f"  {label:16} best {min(seconds):7.3f} s  median {statistics.median(seconds):7.3f} s"
            f"  {min(seconds) / STEPS * 1e6:6.2f} µs a step"
        )
    print(f"  ratio            lowest {ratios[0]:.1f}  median {statistics.median(ratios):.1f}")


if __name__ == "__main__":
    main()
