"""An invalid event is refused when it is submitted, now or for later, and leaves no trace."""

import math
from typing import Any

import pytest

from twin_tui.engine.devices.battery import BATTERY, BatteryParams
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.devices.meter import METER, MeterParams
from twin_tui.engine.disturbance import Disturbance, Shape, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import (
    ClearFault,
    Disturb,
    Event,
    Fault,
    Instruct,
    LinkFault,
    Pin,
    ReportStatus,
    Revoke,
    SelectControl,
    SelectMode,
    TimeGap,
    Unpin,
    Write,
    from_dict,
)
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.errors import CommandError


def an_engine(*, with_load: bool = True) -> Engine:
    devices = [
        DevicePlan("battery", BATTERY, BatteryParams(10_000.0, 5_000.0, 5_000.0, 5_000.0)),
        DevicePlan("meter", METER, MeterParams()),
    ]
    if with_load:
        devices.append(DevicePlan("load", LOAD, LoadParams(1_000.0)))
    return Engine(SitePlan("test", tuple(devices)))


INVALID: list[tuple[Event, str]] = [
    (Write("batery", {}), "did you mean battery"),
    (Write("battery", {"active_power_setpoint": 1.0}), "did you mean active_power_setpoint_w"),
    (Write("battery", {"soc": 0.5}), "battery has no command 'soc'"),
    (Write("battery", {"start_stop": 9}), "start_stop takes 1 = Power On"),
    (Pin("batery", "soc", 0.5), "did you mean battery"),
    (Pin("battery", "socc", 0.5), "did you mean soc"),
    (Pin("battery", "soc", 1.5), "soc takes 0 … 1, not 1.5"),
    (Pin("battery", "soc", "much"), "soc takes a number"),
    (Pin("battery", "start_stop", 9), "start_stop takes 1 = Power On"),
    (Unpin("batery"), "did you mean battery"),
    (Unpin("battery", "socc"), "did you mean soc"),
    (Fault("batery", "fan"), "did you mean battery"),
    (Fault("battery", "fans"), "did you mean fan"),
    (Fault("battery", "fan", 0.0), "duration 0 s is not above 0"),
    (Fault("battery", "fan", math.inf), "duration inf s is not above 0"),
    (Fault("battery", "fan", 0.05), "not a multiple of the step"),
    (ClearFault("batery"), "did you mean battery"),
    (ClearFault("battery", "fans"), "did you mean fan"),
    (LinkFault("batery", {"kind": "silence"}), "did you mean battery"),
    (LinkFault("battery", {"kind": "silence"}, "", -1.0), "duration -1 s is not above 0"),
    (LinkFault("battery", {"kind": "silence"}, "x" * 60_000), "up to 80 characters, not 60,000"),
    (Disturb(Disturbance(Target.VOLTAGE, 0.5, label="x" * 81)), "a label has up to 80 characters, not 81"),
    (Disturb(Disturbance(Target.VOLTAGE, 2.5)), "voltage magnitude 2.5 is outside 0 to 2"),
    (Disturb(Disturbance(Target.VOLTAGE, 0.5, shape=Shape.RAMP)), "a ramp takes ramp_s above 0"),
    (Disturb(Disturbance(Target.VOLTAGE, 0.5, phases="d")), "are not among a, b, c"),
    (Disturb(Disturbance(Target.VOLTAGE, 0.5, math.nan)), "duration nan s is not above 0"),
    (SelectMode("battery", "SELF_CONSUMTION"), "did you mean SELF_CONSUMPTION"),
    (SelectMode("battery", "IDLE", -0.1), "factor -0.1 is not in 0 … 1"),
    (SelectMode("meter", ""), "a meter has no operation modes"),
    (ReportStatus("battery", {"soc": 1.5}), "reported soc takes 0 … 1"),
    (ReportStatus("battery", {"power_w": "much"}), "takes a finite number"),
    (ReportStatus("battery", {"mode": "IDLE", "factor": "all"}), "reported factor takes a number"),
    (ReportStatus("battery", {"mode": "IDLE", "factor": 2.0}), "factor 2 is not in 0 … 1"),
    (ReportStatus("meter", {"soc": 0.5}), "a meter cannot take over a reported soc"),
    (SelectControl("battery", "FRBB"), "FRBC"),
    (SelectControl("battery", "PEBC"), "PEBC"),
    (Instruct("battery", {"id": "1", "mode": "charge"}), "battery"),
    (Revoke("battery", "1"), "battery"),
    (TimeGap(math.nan, 1.0), "finite times"),
    (TimeGap(1.0, math.inf), "finite times"),
]


@pytest.mark.parametrize(("event", "message"), INVALID, ids=[type(event).__name__ for event, _ in INVALID])
@pytest.mark.parametrize("at_s", [None, 0.0, 0.5], ids=["now", "next", "later"])
def test_an_invalid_event_is_refused_when_it_is_submitted(
    event: Event, message: str, at_s: float | None
) -> None:
    engine = an_engine()
    with pytest.raises(CommandError, match=message):
        engine.submit(event, at_s=at_s)
    engine.advance(1.0)
    assert not engine.log
    assert not engine.devices["battery"].pins
    assert not engine.devices["battery"].state.causes
    assert engine.grid.quiet


def test_a_load_step_takes_a_load_on_the_site() -> None:
    step = Disturb(Disturbance(Target.LOAD, 500.0))
    with pytest.raises(CommandError, match="no load whose consumption could step"):
        an_engine(with_load=False).submit(step, at_s=1.0)
    engine = an_engine()
    engine.submit(step)
    engine.step()
    assert engine.devices["load"].state.active_power_w == -1_500.0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"event": "Fault", "device": "b", "fault": "fan", "duration_s": True}, "duration_s takes a number"),
        ({"event": "Fault", "device": "b", "fault": "fan", "duration_s": "1"}, "duration_s takes a number"),
        ({"event": "Fault", "device": 7, "fault": "fan"}, "device takes text, not 7"),
        ({"event": "Fault", "device": True, "fault": "fan"}, "device takes text, not True"),
        ({"event": "SelectMode", "device": "b", "mode": "IDLE", "factor": False}, "factor takes a number"),
        ({"event": "SelectMode", "device": "b", "mode": "IDLE", "factor": None}, "factor takes a number"),
        ({"event": "SelectMode", "device": "b", "mode": "IDLE", "parameters": 1}, "takes an object"),
        ({"event": "Pin", "device": "b", "signal": "soc", "value": None}, "a number, true, false or text"),
        ({"event": "Pin", "device": "b", "signal": "soc", "value": [1]}, "a number, true, false or text"),
        ({"event": "Write", "device": "b", "values": [1]}, "values takes an object"),
        ({"event": "Write", "device": "b", "values": True}, "values takes an object"),
        ({"event": "Disturb", "disturbance": True}, "disturbance takes an object"),
        ({"event": "Write"}, "Write: missing device, values"),
        ({"device": "b"}, "unknown event ''"),
    ],
)
def test_plain_data_of_the_wrong_type_is_no_event(data: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        from_dict(data)


@pytest.mark.parametrize("wanted", [True, False, 1, 0.5, "RUN"])
def test_a_forced_value_is_written_down_as_number_truth_or_text(wanted: Any) -> None:
    event = from_dict({"event": "Pin", "device": "b", "signal": "s", "value": wanted})
    assert isinstance(event, Pin)
    assert event.value is wanted


@pytest.mark.parametrize("duration_s", [1, 1.5, None])
def test_a_duration_is_written_down_as_a_number_or_nothing(duration_s: float | None) -> None:
    event = from_dict({"event": "Fault", "device": "b", "fault": "fan", "duration_s": duration_s})
    assert event == Fault("b", "fan", duration_s)
