"""A register names who set the value in force; the last write that is not, in the register's own terms."""

from typing import Any

from twin_tui import Twin
from twin_tui.engine.view import RegisterValue, ViewRequest
from twin_tui.session.local import LocalSession

EMS = "127.0.0.1:42022"
MAPPED = {"port": 0, "kind": "modbus_tcp"}


async def register(session: LocalSession, device: str, signal: str) -> RegisterValue:
    """Return a register of a device as a screen gets it."""
    infos = session.site.device(device).registers  # type: ignore[union-attr]
    index = next(place for place, info in enumerate(infos) if info.signal == signal)
    (found,) = (await session.frame(ViewRequest(device, (index,)))).registers
    return found


def session_with(asset: dict[str, Any]) -> LocalSession:
    """Return a session with one device that has registers."""
    return LocalSession(Twin.from_dict({"grid_code": "none", "assets": [{**asset, "protocols": [MAPPED]}]}))


BATTERY = {"type": "battery", "name": "b", "capacity_kwh": 20, "max_charge_kw": 10, "max_discharge_kw": 10}
SETPOINT = "active_power_setpoint_w"


async def test_a_mode_is_the_author_and_the_last_write_has_the_digits_of_the_register() -> None:
    session = session_with(BATTERY)
    twin = session.twin
    twin["b"].write(origin=EMS, start_stop="Power On", active_power_setpoint_w=5_000)
    twin.advance(60.0)
    twin["b"].select_mode("FORCED_DISCHARGE", 0.34)
    twin.advance(30.0)
    found = await register(session, "b", SETPOINT)
    assert (found.text, found.author, found.writer) == ("3.4 kW", "mode FORCED_DISCHARGE", EMS)
    assert found.wrote == "5.0 kW"
    assert found.since_s is not None
    assert abs(found.since_s - 60.1) < 1e-6


async def test_a_write_in_force_has_no_other_author_and_a_scenario_is_named() -> None:
    session = session_with(BATTERY)
    for who in (EMS, "scenario", "console"):
        session.twin["b"].write(origin=who, active_power_setpoint_w=5_000)
        session.twin.step_once()
        found = await register(session, "b", SETPOINT)
        assert (found.author, found.writer, found.wrote) == ("", who, "")


async def test_the_register_has_the_name_by_which_the_log_calls_its_writes() -> None:
    session = session_with(BATTERY)
    infos = session.site.device("b").registers  # type: ignore[union-attr]
    info = next(info for info in infos if info.address == 10_126)
    assert info.name == "on_grid_power_setpoint"
    assert info.signal == SETPOINT
