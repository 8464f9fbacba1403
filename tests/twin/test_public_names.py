"""What ``import twin_tui`` offers, and what it does not load."""

import subprocess
import sys
from pathlib import Path

import pytest

import twin_tui

SERVERS = ("pymodbus", "fastapi", "websockets", "textual", "serial", "pydantic", "yaml", "asyncio")


def loaded_after(line: str) -> set[str]:
    code = f"import sys; {line}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_every_public_name_is_there_and_dir_lists_nothing_else() -> None:
    assert dir(twin_tui) == sorted(twin_tui.__all__)
    for name in twin_tui.__all__:
        assert getattr(twin_tui, name) is not None
    assert set(twin_tui._HOME) == set(twin_tui.__all__) - {"__version__"}


def test_type_checkers_see_the_names_and_the_types_of_devices(tmp_path: Path) -> None:
    script = tmp_path / "typed.py"
    script.write_text(
        "from typing import assert_type\n"
        f"from twin_tui import {', '.join(twin_tui.__all__)}\n"
        "twin = Twin.from_file('demo')\n"
        "assert_type(twin.battery().telemetry.soc, float)\n"
        "assert_type(twin.device('x', BATTERY).commands.start_stop, int)\n"
        "bess: Battery = twin.battery()\n"
        "assert_type(twin.ev_charger('x').commands.enabled, bool)\n"
        "twin.battery().telemetry.socc\n"
        "twin.battery().telemetry.soc = 1.0\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(script)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(twin_tui.__file__).parents[1],
    )
    errors = [line.partition(" error: ")[2] for line in done.stdout.splitlines() if " error: " in line]
    assert len(errors) == 2, done.stdout
    assert '"BatteryTelemetry" has no attribute "socc"' in errors[0]
    assert "read-only" in errors[1]


def test_importing_the_package_loads_nothing_of_it() -> None:
    loaded = loaded_after("import twin_tui; dir(twin_tui)")
    assert {name for name in loaded if name.startswith("twin_tui")} == {"twin_tui"}


def test_an_event_comes_without_servers_files_and_loops() -> None:
    loaded = loaded_after("from twin_tui import Disturb, Fault, Write, BATTERY")
    assert "twin_tui.engine.events" in loaded
    assert not loaded & {*SERVERS, "twin_tui.protocols", "twin_tui.config"}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'twin_tui' has no attribute 'Twins'"):
        twin_tui.Twins  # noqa: B018


def test_a_handle_of_a_type_is_that_of_its_telemetry_and_commands() -> None:
    from twin_tui.engine.devices.ev_signals import EvCommands, EvTelemetry  # noqa: PLC0415

    assert twin_tui.EvCharger == twin_tui.DeviceHandle[EvTelemetry, EvCommands]


def test_a_twin_loads_the_types_of_its_own_devices_only() -> None:
    site = "{'assets': [{'type': 'battery', 'capacity_kwh': 10}]}"
    loaded = loaded_after(f"from twin_tui import Twin; Twin.from_dict({site})")
    types = {name.rpartition(".")[2] for name in loaded if name.startswith("twin_tui.engine.devices.")}
    assert "battery" in types
    assert types.isdisjoint({"appliance", "chp", "ev_charger", "heat_pump", "load", "meter", "pv"})
    assert loaded.isdisjoint({"twin_tui.run.scenario", "twin_tui.run.verdicts"})
