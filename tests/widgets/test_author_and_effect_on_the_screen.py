"""A register says who set its value now and who wrote it last; a write says what followed, uncut."""

from dataclasses import replace

from tests.widgets.hand_fed import CLIENT, HandFedSession, frame
from tests.widgets.screen import console, screen_text, settled
from twin_tui.engine.view import Frame, ViewRequest, WriteTrace


class Steered(HandFedSession):
    """A session whose setpoint register is moved by a mode."""

    async def frame(self, view: ViewRequest) -> Frame:
        seen = await super().frame(view)
        moved = [
            replace(each, text="3.4 kW", author="mode PEAK_SHAVING", since_s=604.3, wrote="5.00 kW")
            if each.writer
            else each
            for each in seen.registers
        ]
        return replace(seen, registers=tuple(moved))


async def test_a_register_that_a_mode_moves_names_the_mode_and_the_last_write() -> None:
    async with console(Steered(), (120, 30)) as pilot:
        await pilot.press("r")
        await settled(pilot)
        shown = screen_text(pilot)
        row = next(line for line in shown.splitlines() if line.lstrip("▶ ").startswith("10126"))
        assert "mode PEAK_SHAVING" in row
        assert CLIENT not in row, "the client is not the author of what stands there"
        # 724.3 s are 10:12:04, so 604.3 s were two minutes before
        assert f"3.4 kW, mode PEAK_SHAVING since 10:10; last write W {CLIENT} 5.00 kW" in shown


async def test_a_write_keeps_its_value_and_its_effect_on_the_device_screen() -> None:
    effect = "no effect: tripped U<< 0.45 pu, back in 58 s"
    trace = WriteTrace(
        "bess-1", 720.0, 0.4, CLIENT,
        "active_power_setpoint_w -4000 → 4700 W  fc16 10126 on_grid_power_setpoint -4.0 → 4.7 kW (raw 47)",
        ("active_power_setpoint_w",), effect,
    )  # fmt: skip
    for size in ((80, 40), (120, 40), (160, 48)):
        async with console(HandFedSession(frame(traces=(trace,))), size) as pilot:
            await pilot.press("enter")
            await settled(pilot)
            shown = screen_text(pilot)
            assert "-4.0 → 4.7 kW" in shown, size
            assert ":51234" in shown
            for part in ("no effect: tripped U<< 0.45 pu,", "58 s"):
                assert part in shown, size
