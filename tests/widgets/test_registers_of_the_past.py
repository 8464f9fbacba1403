"""While looking back, the registers of every device are those of that time, or say that they are not kept."""

from typing import Any

import pytest

from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui import Twin
from twin_tui.commands.parser import parse
from twin_tui.console.app import ConsoleApp
from twin_tui.engine.view import ViewRequest
from twin_tui.session.local import LocalSession

EMS = "127.0.0.1:42022"
BATTERY: dict[str, Any] = {
    "type": "battery",
    "capacity_kwh": 20,
    "max_charge_kw": 10,
    "max_discharge_kw": 10,
    "protocols": [{"port": 0, "kind": "modbus_tcp"}],
}
SETPOINT = "active_power_setpoint_w"


def session() -> LocalSession:
    assets = [{**BATTERY, "name": "first"}, {**BATTERY, "name": "second"}]
    return LocalSession(Twin.from_dict({"grid_code": "none", "assets": assets}))


def places(found: LocalSession, device: str) -> dict[str, int]:
    infos = found.site.device(device).registers  # type: ignore[union-attr]
    return {info.signal or info.name: place for place, info in enumerate(infos)}


async def test_a_session_gives_every_register_of_another_time_as_it_was_then() -> None:
    twins = session()
    indices = tuple(places(twins, "second").values())
    twins.twin["second"].write(origin=EMS, start_stop="Power On", active_power_setpoint_w=5_000)
    twins.twin.advance(10.0)
    then = await twins.frame(ViewRequest("second", indices))
    twins.twin["second"].write(origin="console", active_power_setpoint_w=-3_000)
    twins.twin.advance(600.0)
    now = await twins.frame(ViewRequest("second", indices))
    past = await twins.frame(ViewRequest("second", indices, past=then))
    assert [each.text for each in past.registers] == [each.text for each in then.registers]
    assert [each.words for each in past.registers] == [each.words for each in then.registers]
    assert past.registers != now.registers
    setpoint = past.registers[places(twins, "second")[SETPOINT]]
    assert (setpoint.text, setpoint.writer, setpoint.author) == ("5.0 kW", EMS, "")
    assert (await twins.frame(ViewRequest("none", (0, 1), past=then))).registers == ()
    assert (await twins.frame(ViewRequest("second", (-1, 9_999), past=then))).registers == ()


async def test_what_no_signal_determines_says_that_it_is_not_kept() -> None:
    chp = {"type": "chp", "name": "c", "protocols": [{"port": 0, "kind": "modbus_tcp"}]}
    inverter = {"type": "pv", "name": "p", "protocols": [{"port": 0, "kind": "modbus_tcp",
                "register_map": "sunspec_inverter"}]}  # fmt: skip
    twins = LocalSession(Twin.from_dict({"assets": [chp, inverter]}))
    for device in ("c", "p"):
        cells = twins.links._registers(device).cells  # type: ignore[union-attr]
        frame = await twins.frame(ViewRequest(device, tuple(range(len(cells)))))
        past = await twins.frame(ViewRequest(device, tuple(range(len(cells))), past=frame))
        for cell, now, then in zip(cells, frame.registers, past.registers, strict=True):
            stored = cell.reader.signal is None and cell.writer is not None
            assert then.text == ("not kept" if stored or cell.reader.composed else now.text), cell.reader.name


async def three_writes(twins: LocalSession, app: ConsoleApp) -> None:
    """Write 1, 2 and 3 kW to the second device, a second apart, each seen in a frame."""
    for setpoint_w in (1_000, 2_000, 3_000):
        twins.twin["second"].write(origin=EMS, active_power_setpoint_w=setpoint_w)
        twins.twin.advance(1.0)
        await app.refresh_frame()


async def test_the_registers_of_any_device_follow_the_cursor_of_time() -> None:
    twins = session()
    async with console(twins, (160, 48)) as pilot:
        await three_writes(twins, app_of(pilot))
        await pilot.press("r", "2")
        await settled(pilot)
        assert "3.0 kW" in screen_text(pilot)
        await pilot.press("less_than_sign")
        await settled(pilot)
        shown = screen_text(pilot)
        assert "2.0 kW" in shown, "it was the first device's registers that were shown then"
        assert "3.0 kW" not in shown
        assert "as at 00:00:02.0" in shown
        await pilot.press("1")
        await settled(pilot)
        assert "BACK" in screen_text(pilot)
        await pilot.press("less_than_sign", "2")
        await settled(pilot)
        assert "1.0 kW" in screen_text(pilot)
        twins.twin.advance(30.0)
        await settled(pilot)
        shown = screen_text(pilot)
        assert "1.0 kW" in shown, "what runs on does not disturb who looks back"
        assert "32 s BACK" in shown, "and it is ever longer ago"
        await pilot.press("d")
        await settled(pilot)
        assert "1.0 kW" in screen_text(pilot)
        await pilot.press("escape")
        await settled(pilot)
        shown = screen_text(pilot)
        assert "3.0 kW" in shown
        assert "as at" not in shown


@pytest.mark.parametrize("moment", ["less_than_sign", "space"])
@pytest.mark.parametrize("view", ["o", "r"])
async def test_a_device_chosen_at_another_moment_has_its_registers_of_that_moment(
    moment: str, view: str
) -> None:
    twins = session()
    async with console(twins, (160, 48)) as pilot:
        app = app_of(pilot)
        await three_writes(twins, app)
        await pilot.press(view, moment)
        await settled(pilot)
        twins.twin["second"].write(origin=EMS, active_power_setpoint_w=4_000)
        twins.twin.advance(1.0)
        await settled(pilot)
        for key, device, value in (("2", "second", "2.0 kW" if moment != "space" else "3.0 kW"),
                                   ("1", "first", "0.0 kW"), ("2", "second", "")):  # fmt: skip
            await pilot.press(key)
            await settled(pilot)
            pane = app.views.register_pane()
            assert pane is not None
            assert (pane.device, pane.detail.device) == (device, device)
            assert set(pane.list.window()) <= set(pane.list.values)
            setpoint = pane.list.values[places(twins, device)[SETPOINT]].text
            assert setpoint.startswith(value)
            assert setpoint != "4.0 kW"
            assert pane.list.values[pane.list.chosen() or 0].index == pane.list.chosen()


async def test_a_register_that_was_frozen_and_released_has_the_author_of_each_moment() -> None:
    twins = session()
    place = places(twins, "second")
    wanted = (place[SETPOINT], place["soc"])
    twins.twin["second"].write(origin=EMS, active_power_setpoint_w=5_000)
    moments = []
    for command in ("", f"freeze second {SETPOINT}", "freeze second soc", "release second", ""):
        if command:
            await twins.send(parse(command, twins.site), command)
        twins.twin.advance(5.0)
        moments.append(await twins.frame(ViewRequest("second", wanted)))
    found = []
    for moment in moments:
        past = await twins.frame(ViewRequest("second", wanted, past=moment))
        found.append([(each.writer, each.author, each.held) for each in past.registers])
    before, one, both, released, later = found
    assert before == released == later == [(EMS, "", ""), ("", "", "")]
    assert one == [(EMS, "console", "frozen"), ("", "", "")]
    assert both == [(EMS, "console", "frozen"), ("", "console", "frozen")]


async def test_a_value_that_the_console_forced_is_the_consoles_after_its_release() -> None:
    twins = session()
    wanted = (places(twins, "second")[SETPOINT],)
    twins.twin["second"].write(origin=EMS, active_power_setpoint_w=5_000)
    for command, wrote in ((f"force second {SETPOINT} 2kW", "5.0 kW"), ("release second", "")):
        await twins.send(parse(command, twins.site), command)
        twins.twin.advance(5.0)
        (found,) = (await twins.frame(ViewRequest("second", wanted))).registers
        assert (found.text, found.writer, found.author, found.wrote) == ("2.0 kW", EMS, "console", wrote)


async def test_a_release_is_seen_while_looking_back() -> None:
    twins = session()
    async with console(twins, (160, 48)) as pilot:
        app = app_of(pilot)
        await pilot.press("r", "2")
        await app.carry_out("freeze second soc")
        for command in ("", "release second", "", ""):
            twins.twin.advance(1.0)
            await settled(pilot)
            if command:
                assert "FROZEN" in screen_text(pilot)
                await app.carry_out(command)
        assert "FROZEN" not in screen_text(pilot)
        for _ in range(3):
            await pilot.press("less_than_sign")
        await settled(pilot)
        assert "FROZEN" in screen_text(pilot)
