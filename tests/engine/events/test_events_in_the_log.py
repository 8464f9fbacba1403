"""What each event does to the site and writes into the log."""

from typing import Any

import pytest

from twin_tui.engine.device import Status
from twin_tui.engine.devices.battery import BATTERY, OFF, ON, BatteryCommands, BatteryParams
from twin_tui.engine.devices.ev_charger import EV_CHARGER, EvParams
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import (
    ClearDisturbance,
    ClearEverything,
    ClearFault,
    Disturb,
    Event,
    Fault,
    LinkFault,
    Mark,
    Pin,
    ReportStatus,
    SelectMode,
    TimeGap,
    Unpin,
    Write,
)
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.errors import CommandError

Entry = tuple[str, str, str, str, int]


def an_engine() -> Engine:
    params = BatteryParams(10_000.0, 5_000.0, 5_000.0, 5_000.0)
    devices = (
        DevicePlan("b0", BATTERY, params, BatteryCommands(start_stop=ON, active_power_setpoint_w=500.0)),
        DevicePlan("b1", BATTERY, params),
        DevicePlan("load", LOAD, LoadParams(1_000.0)),
    )
    engine = Engine(SitePlan("test", devices))
    engine.advance(1.0)
    engine.log.clear()
    return engine


def entries(engine: Engine) -> list[Entry]:
    return [(e.kind.value, e.device, e.text, e.origin, e.tick) for e in engine.log]


@pytest.mark.parametrize(
    ("event", "kind", "device", "text"),
    [
        (
            Write("b0", {"active_power_setpoint_w": -1_500}),
            "WRITE",
            "b0",
            "active_power_setpoint_w 500 → -1500 W",
        ),
        (
            Write("b0", {"start_stop": OFF, "soc_upper_limit_1": 0.8}, detail="fc16 100"),
            "WRITE",
            "b0",
            f"start_stop {ON} → {OFF}, soc_upper_limit_1 0.85 → 0.8  fc16 100",
        ),
        (Pin("b0", "soc", 0.875), "FORCE", "b0", "soc forced to 0.875"),
        (Pin("b0", "start_stop", ON), "FORCE", "b0", f"start_stop forced to {ON}"),
        (Fault("b1", "fan"), "INJECT", "b1", "fault fan"),
        (Fault("b1", "fan", 2.5), "INJECT", "b1", "fault fan for 2.5 s"),
        (LinkFault("b1", {"kind": "delay", "seconds": 2}), "LINK", "b1", "link fault delay seconds 2"),
        (LinkFault("b1", {"kind": "silence"}, "", 3.0), "LINK", "b1", "link fault silence for 3 s"),
        (Disturb(Disturbance(Target.VOLTAGE, 0.7, 3.0)), "INJECT", "grid", "sag to 0.70 pu for 3 s"),
        (SelectMode("b1", "IDLE"), "MODE", "b1", "mode IDLE f=1.00"),
        (
            SelectMode("b1", "PEAK_SHAVING", 0.5, {"peak_target_w": 750}),
            "MODE",
            "b1",
            "mode PEAK_SHAVING f=0.50 peak_target_w 750",
        ),
        (SelectMode("b1", ""), "MODE", "b1", "direct setpoints"),
        (ReportStatus("b1", {"soc": 0.25, "power_w": 100}), "FORCE", "b1", "reported soc 0.25, power_w 100"),
        (Mark("look here"), "MARK", "", "look here"),
        (
            TimeGap(3.04, 30.4),
            "GAP",
            "",
            "the process was halted for 3.0 s (stopped, suspended or without CPU): "
            "30.4 s of simulated time are left out",
        ),
    ],
)
def test_an_event_is_one_entry_of_the_tick_in_which_it_acts(
    event: Event, kind: str, device: str, text: str
) -> None:
    engine = an_engine()
    engine.submit(event.by("the bench"))
    assert entries(engine) == [(kind, device, text, "the bench", 11)]


def test_an_event_for_later_is_logged_in_its_tick() -> None:
    engine = an_engine()
    engine.submit(Mark("later"), at_s=2.0)
    engine.advance(0.9)
    assert not engine.log
    engine.advance(0.2)
    assert entries(engine) == [("MARK", "", "later", "python", 21)]


def test_a_mode_that_ends_is_named() -> None:
    engine = an_engine()
    engine.submit(SelectMode("b0", "IDLE"))
    engine.submit(SelectMode("b0", ""))
    assert entries(engine)[-1][2] == "mode IDLE ends: direct setpoints"


def test_a_fault_its_end_and_what_the_device_does_are_entries_of_their_own() -> None:
    engine = an_engine()
    engine.submit(Fault("b0", "bms_comms_loss", 0.2, "bench"))
    engine.advance(1.0)
    assert entries(engine) == [
        ("INJECT", "b0", "fault bms_comms_loss for 0.2 s", "bench", 11),
        ("FAULT", "b0", "bms_comms_loss (code 1005)", "", 11),
        ("STATE", "b0", "RUN → FAULT: bms_comms_loss", "", 11),
        ("CLEAR", "b0", "cause of bms_comms_loss removed", "end of duration", 13),
        ("CLEAR", "b0", "bms_comms_loss is gone", "", 13),
        ("STATE", "b0", "FAULT → RUN", "", 13),
    ]


@pytest.mark.parametrize(
    ("clear", "cleared", "left"),
    [
        (ClearFault("b0", "fan"), ["b0 fan"], {"b0": ("cell_imbalance",), "b1": ("fan",)}),
        (ClearFault("b0"), ["b0 cell_imbalance", "b0 fan"], {"b0": (), "b1": ("fan",)}),
        (ClearFault(), ["b0 cell_imbalance", "b0 fan", "b1 fan"], {"b0": (), "b1": ()}),
        (ClearFault("load"), [], {"b0": ("cell_imbalance", "fan"), "b1": ("fan",)}),
        (ClearFault("b1", "isolation"), [], {"b0": ("cell_imbalance", "fan"), "b1": ("fan",)}),
    ],
)
def test_causes_are_removed_one_by_one_all_of_a_device_or_all_of_the_site(
    clear: Event, cleared: list[str], left: dict[str, tuple[str, ...]]
) -> None:
    engine = an_engine()
    for name, fault in (("b0", "fan"), ("b0", "cell_imbalance"), ("b1", "fan")):
        engine.submit(Fault(name, fault))
    engine.log.clear()
    engine.submit(clear.by("bench"))
    names = [
        f"{device} {text.removeprefix('cause of ').removesuffix(' removed')}"
        for _, device, text, *_ in entries(engine)
    ]
    assert names == cleared
    engine.step()
    for name, faults in left.items():
        device = engine.devices[name]
        assert device.type.fault_names(device.state.causes) == faults
        assert engine.snapshot().device(name).faults == faults


def test_a_disturbance_that_ends_or_is_cleared_says_so() -> None:
    engine = an_engine()
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, -0.5, 0.3)))
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.9, label="dip"), "bench"))
    engine.advance(1.0)
    engine.submit(ClearDisturbance("dip", "bench"))
    assert entries(engine)[2:] == [
        ("CLEAR", "grid", "frequency -0.5 Hz for 0.3 s has ended", "", 14),
        ("CLEAR", "grid", "sag to 0.90 pu cleared", "bench", 21),
    ]


@pytest.mark.parametrize(
    ("release", "left"),
    [
        (Unpin("b0", "soc"), {"b0": ["start_stop"], "b1": ["soc"]}),
        (Unpin("b0"), {"b0": [], "b1": ["soc"]}),
        (Unpin(), {"b0": [], "b1": []}),
    ],
)
def test_forced_values_are_released_one_by_one_all_of_a_device_or_all_of_the_site(
    release: Event, left: dict[str, list[str]]
) -> None:
    engine = an_engine()
    pins: list[tuple[str, str, Any]] = [("b0", "soc", 0.9), ("b0", "start_stop", OFF), ("b1", "soc", 0.1)]
    for name, signal, wanted in pins:
        engine.submit(Pin(name, signal, wanted))
    engine.step()
    assert engine.devices["b0"].state.status is Status.OFF
    engine.log.clear()
    engine.submit(release.by("bench"))
    assert {name: list(engine.devices[name].pins) for name in left} == left
    released = 3 - sum(map(len, left.values()))
    assert [(kind, origin) for kind, _, _, origin, _ in entries(engine)] == [("FORCE", "bench")] * released
    assert entries(engine)[0][2] == "soc released"
    # a command keeps the value that it was forced to
    assert engine.devices["b0"].commands.start_stop == OFF
    assert engine.telemetry("b0").soc == pytest.approx(0.5, abs=1e-3)


def test_what_is_not_forced_cannot_be_released() -> None:
    engine = an_engine()
    engine.submit(Pin("b0", "soc", 0.9))
    with pytest.raises(CommandError, match=r"b0.soh is not forced; did you mean soc"):
        engine.submit(Unpin("b0", "soh"))
    engine.submit(Unpin("b1"))
    assert list(engine.devices["b0"].pins) == ["soc"]


def test_everything_ends_together() -> None:
    engine = an_engine()
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.9)))
    engine.submit(Fault("b0", "fan"))
    engine.submit(Pin("b1", "soc", 0.1))
    engine.submit(LinkFault("b1", {"kind": "silence"}))
    engine.log.clear()
    engine.submit(ClearEverything("bench"))
    assert entries(engine) == [
        ("CLEAR", "grid", "sag to 0.90 pu cleared", "bench", 11),
        ("CLEAR", "b0", "cause of fan removed", "bench", 11),
        ("FORCE", "b1", "soc released", "bench", 11),
        ("CLEAR", "b1", "link fault silence ended", "bench", 11),
    ]
    engine.step()
    assert engine.grid.quiet
    assert (engine.devices["b0"].state.causes, engine.devices["b1"].pins, engine.link_faults) == (0, {}, {})
    assert engine.surroundings.va_pu == 1.0


def test_a_momentary_command_returns_to_its_default_and_the_others_stay() -> None:
    engine = an_engine()
    engine.submit(Write("b0", {"fault_reset": 1, "active_power_setpoint_w": 700.0}))
    assert engine.devices["b0"].commands.fault_reset == 1
    engine.step()
    assert engine.devices["b0"].commands.fault_reset == 0
    assert engine.devices["b0"].commands.active_power_setpoint_w == 700.0
    assert engine.devices["b1"].commands.fault_reset == 0


def test_a_report_of_the_power_is_held_and_one_of_the_mode_starts_it() -> None:
    engine = an_engine()
    engine.submit(ReportStatus("b1", {"power_w": 800.0}))
    engine.step()
    assert engine.devices["b1"].commands.active_power_setpoint_w == 800.0
    assert engine.telemetry("b1").active_power_w == 800.0
    engine.submit(ReportStatus("b1", {"mode": "FORCED_DISCHARGE", "factor": 0.5}))
    engine.step()
    shown = engine.snapshot().device("b1")
    assert (shown.mode, shown.factor, shown.active_power_w) == ("FORCED_DISCHARGE", 0.5, 2_500.0)
    engine.submit(ReportStatus("b1", {"mode": "IDLE"}))
    assert (engine.snapshot().device("b1").mode, engine.snapshot().device("b1").factor) == ("IDLE", 1.0)
    engine.submit(ReportStatus("b1", {"power_w": 900.0}))
    engine.step()
    assert engine.telemetry("b1").active_power_w == 0.0, "the mode goes on"


def test_an_unchanged_write_is_still_an_entry_and_a_repeated_one_is_counted() -> None:
    engine = an_engine()
    for origin in ("one", "one", "two", "two"):
        engine.submit(Write("b0", {"active_power_setpoint_w": 500.0}, origin))
    assert [(entry.origin, entry.repeats) for entry in engine.log] == [("one", 2), ("two", 2)]
    assert engine.log[0].text == "active_power_setpoint_w 500 → 500 W"


def test_a_change_of_the_status_alone_is_an_entry() -> None:
    engine = an_engine()
    engine.submit(Write("b1", {"start_stop": ON}))
    engine.step()
    engine.submit(Write("b1", {"start_stop": OFF}))
    engine.advance(1.0)
    engine.submit(Write("load", {"connected": 0}))
    engine.advance(1.0)
    states = [entry[1:] for entry in entries(engine) if entry[0] == "STATE"]
    assert states == [
        ("b1", "OFF → RUN", "", 11),
        ("b1", "RUN → OFF", "", 12),
        ("load", "RUN → OFF: disconnected", "", 22),
    ]


def test_a_source_in_a_mode_is_not_moved_by_a_report_of_its_power() -> None:
    charger = DevicePlan("ev", EV_CHARGER, EvParams(ramp_a_per_s=1e3))
    engine = Engine(SitePlan("garage", (charger,), dt_s=1.0))
    engine.submit(SelectMode("ev", "IDLE"))
    engine.step()
    engine.submit(ReportStatus("ev", {"power_w": -6_000.0}))
    engine.step()
    assert engine.telemetry("ev").active_power_w == 0.0
