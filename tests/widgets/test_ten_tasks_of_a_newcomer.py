"""Ten things that a newcomer wants, each in at most twelve keys that the screen or its help names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui import Twin
from twin_tui.console.keys import entries
from twin_tui.engine.events import Write
from twin_tui.session.local import LocalSession

CLIENT = "127.0.0.1:42022"
SITE: dict[str, Any] = {
    "name": "bench",
    "seed": 1,
    "assets": [
        {
            "type": "battery", "name": "battery", "capacity_kwh": 30, "started": True,
            "max_charge_kw": 15, "max_discharge_kw": 15, "protocols": [{"kind": "modbus_tcp", "port": 0}],
        },
        {"type": "pv", "name": "roof", "rated_kw": 8, "protocols": [{"kind": "modbus_tcp", "port": 0}]},
        {"type": "load", "name": "house", "base_kw": 4},
    ],
}  # fmt: skip
MOST_KEYS = 12


class Newcomer:
    """Somebody who counts the keys and lets the site run on."""

    def __init__(self, twin: Twin, pilot: Pilot[int]) -> None:
        self.twin = twin
        self.pilot = pilot
        self.pressed: list[str] = []

    async def press(self, *keys: str) -> str:
        """Press keys, let half a second pass, and return the screen."""
        self.pressed += keys
        assert len(self.pressed) <= MOST_KEYS
        await self.pilot.press(*keys)
        return await self.look()

    async def look(self, seconds: float = 0.5) -> str:
        """Return the screen some simulated time later."""
        await settled(self.pilot)
        if not self.twin.pacer.paused:
            self.twin.engine.advance(seconds)
        await settled(self.pilot)
        return screen_text(self.pilot)


@asynccontextmanager
async def newcomer() -> AsyncIterator[Newcomer]:
    """Open the console of a site on which an EMS has just written."""
    twin = Twin.from_dict(SITE)
    session = LocalSession(twin)
    twin.engine.advance(5.0)
    twin.submit(Write("battery", {"active_power_setpoint_w": 5000.0}, CLIENT))
    twin.engine.advance(5.0)
    async with console(session, (100, 30)) as pilot:
        yield Newcomer(twin, pilot)


async def test_a_sag() -> None:
    async with newcomer() as user:
        assert "v" in {entry.key for entry in entries() if entry.id == "sag"}
        shown = await user.press("v", "enter", "enter")
        assert "sag to 0.70 pu for 2 s" in shown
        assert user.twin.engine.telemetry("grid").voltage_a_pu < 0.75


async def test_who_wrote() -> None:
    async with newcomer() as user:
        assert "W " in await user.press("r")
        assert CLIENT in await user.press("down", "down", "down")


async def test_an_operation_mode() -> None:
    async with newcomer() as user:
        await user.press("s", *"peak", "enter", "enter", "enter")
        guide = user.twin.engine.device("battery").guide
        assert guide is not None
        assert guide.mode == "PEAK_SHAVING"


async def test_a_fault_and_its_reset() -> None:
    async with newcomer() as user:
        battery = user.twin.engine.device("battery")
        assert "FAULT" in await user.press("e", "enter", "enter")
        await user.press("u", "right", "enter")
        assert battery.state.status.value == "FAULT", "it is latched"
        await user.press("E")
        await user.look(120.0)
        assert battery.state.status.value != "FAULT"


async def test_pause_one_step_and_sixty_times_as_fast() -> None:
    async with newcomer() as user:
        assert "PAUSED" in await user.press("p")
        tick = user.twin.tick
        await user.press("n")
        assert user.twin.pacer.paused
        await user.press("p", "plus", "plus", "plus", "plus", "plus")
        assert user.twin.pacer.speed == 60.0
        assert user.twin.tick >= tick
        assert not user.twin.pacer.paused


async def test_forcing_a_register() -> None:
    async with newcomer() as user:
        shown = await user.press("r", "w", "1", "enter", "enter")
        assert user.twin.engine.device("battery").pins == {"start_stop": 1}
        assert "▲1 active" in shown


async def test_a_link_fault() -> None:
    async with newcomer() as user:
        await user.press("L", "enter", "enter")
        assert [event.rule["kind"] for event, _ in user.twin.engine.link_faults.values()] == ["silence"]
        assert "link fault silence for 5 s" in await user.press("l")


async def test_finding_a_trip() -> None:
    async with newcomer() as user:
        user.twin.inject("now sag 0.3 5s")
        user.twin.engine.advance(30.0)
        shown = await user.press("l", "slash", *"trip", "enter")
        rows = [line for line in shown.splitlines() if "TRIP" in line]
        assert rows
        assert any("battery" in row for row in rows)


async def test_why_a_device_gives_less_than_was_asked() -> None:
    async with newcomer() as user:
        user.twin.submit(Write("battery", {"active_power_setpoint_w": 60_000.0}, CLIENT))
        user.twin.engine.advance(10.0)
        shown = await user.press("enter")
        assert app_of(user.pilot).views.current == "device"
        assert "asked 60.00 kW" in shown
        assert "limit" in shown


async def test_leaving() -> None:
    async with newcomer() as user:
        user.pressed.append("q")
        await user.pilot.press("q")
        await user.pilot.pause()
    assert app_of(user.pilot).return_code == 0
