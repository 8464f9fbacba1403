"""Which registers of a running twin have changed lately, as the screen's filter asks for them."""

from twin_tui import Twin
from twin_tui.engine.events import Write
from twin_tui.engine.view import ViewRequest
from twin_tui.session.local import LocalSession


class Clock:
    """A clock that a test moves."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


async def test_a_register_counts_as_changed_for_as_long_as_asked_and_no_other_does() -> None:
    twin, clock = Twin.from_file("home"), Clock()
    port = LocalSession(twin, clock)
    registers = next(device for device in port.site.devices if device.name == "battery").registers
    request = ViewRequest("battery", changed_within_s=5.0)
    assert (await port.frame(request)).changed == ()
    twin.submit(Write("battery", {"active_power_setpoint_w": -1234.0}))
    clock.now_s += 1.0
    twin.engine.step()
    changed = (await port.frame(request)).changed
    signals = {registers[index].signal for index in changed}
    assert "active_power_setpoint_w" in signals
    assert "rated_power_w" not in signals
    assert len(changed) < len(registers)
    clock.now_s += 5.5
    assert (await port.frame(request)).changed == ()
    assert (await port.frame(ViewRequest("battery"))).changed == ()
