"""FRBC on a battery, and every rule of operation modes, transitions, timers and instructions."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_tui.engine.devices.battery import BATTERY, BatteryCommands, BatteryParams
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import (
    Fault,
    Instruct,
    ReportStatus,
    Revoke,
    SelectControl,
    SelectMode,
    Write,
)
from twin_tui.engine.s2.control import ActuatorUpdate, InstructionUpdate, TimerUpdate
from twin_tui.engine.s2.machine import ActuatorMachine
from twin_tui.engine.s2.mode_control import ModeControl
from twin_tui.engine.s2.model import (
    Actuator,
    ControlType,
    Element,
    InstructionStatus,
    ModeDescription,
    OperationMode,
    PowerRange,
    Storage,
    Timer,
    Transition,
)
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError, ConfigError

START_UNIX_S = 1_800_000_000.0
DT_S = 0.5


def element(start_w: float, end_w: float, low: float = 0.0, high: float = 1.0) -> Element:
    return Element((PowerRange(start_w, end_w),), low, high, 0.0, 0.0)


TIMED = ModeDescription(
    ControlType.FRBC,
    (
        Actuator(
            "a",
            (
                OperationMode("off", (element(0, 0),)),
                OperationMode("on", (element(1_000, 3_000, 0.0, 0.6), element(500, 1_000, 0.6, 0.9))),
                OperationMode("boost", (element(4_000, 5_000),), abnormal_only=True),
                OperationMode("drain", (element(-2_000, 0),)),
            ),
            (
                Transition("off-on", "off", "on", start_timers=("min-on",), blocking_timers=("min-off",)),
                Transition("on-off", "on", "off", start_timers=("min-off",), blocking_timers=("min-on",)),
                Transition("on-boost", "on", "boost"),
                Transition("boost-off", "boost", "off"),
                Transition("off-drain", "off", "drain", duration_ms=3_000),
                Transition("drain-off", "drain", "off", abnormal_only=True),
            ),
            (Timer("min-on", 10_000), Timer("min-off", 5_000)),
        ),
    ),
    Storage(0.0, 1.0),
)


def an_engine(description: ModeDescription | None = None, soc: float = 0.5, select: bool = True) -> Engine:
    battery = DevicePlan(
        "battery",
        BATTERY,
        BatteryParams(10_000.0, 5_000.0, 4_000.0, 6_000.0, initial_soc=soc),
        BatteryCommands(active_power_setpoint_w=700.0),
        s2=(description,) if description is not None else (),
    )
    load = DevicePlan("load", LOAD, LoadParams(1_000.0))
    engine = Engine(SitePlan("test", (battery, load), dt_s=DT_S, start_unix_s=START_UNIX_S))
    if select:
        engine.submit(SelectControl("battery", "FRBC", "cem"))
    return engine


def control_of(engine: Engine) -> ModeControl:
    control = engine.devices["battery"].control
    assert isinstance(control, ModeControl)
    return control


def instruct(engine: Engine, mode: str, factor: float = 1.0, **rest: Any) -> str:
    name = rest.pop("id", f"i-{engine.tick}-{mode}-{factor}")
    engine.submit(Instruct("battery", {"id": name, "mode": mode, "factor": factor, **rest}, "cem"))
    return name


def statuses(engine: Engine, instruction: str = "") -> list[str]:
    return [
        update.status.value
        for update in control_of(engine).updates
        if isinstance(update, InstructionUpdate) and instruction in ("", update.instruction)
    ]


def reasons(engine: Engine) -> list[str]:
    return [u.reason for u in control_of(engine).updates if isinstance(u, InstructionUpdate) and u.reason]


def consumption_w(engine: Engine) -> float:
    return -engine.telemetry("battery").active_power_w


def test_an_instruction_runs_through_its_life_and_the_battery_follows() -> None:
    engine = an_engine()
    instruct(engine, "charge", 0.4)
    assert statuses(engine) == ["ACCEPTED", "STARTED", "SUCCEEDED"]
    engine.step()
    assert consumption_w(engine) == pytest.approx(2_000.0)
    instruct(engine, "discharge", 0.25)
    engine.step()
    assert consumption_w(engine) == pytest.approx(-3_000.0)
    instruct(engine, "discharge", 1.0)
    engine.step()
    assert consumption_w(engine) == pytest.approx(0.0)


def test_a_new_factor_of_the_same_mode_is_no_transition() -> None:
    engine = an_engine(TIMED)
    instruct(engine, "on", 0.0)
    engine.step()
    instruct(engine, "on", 1.0)
    engine.step()
    assert consumption_w(engine) == pytest.approx(3_000.0)
    shown = [u for u in control_of(engine).updates if isinstance(u, ActuatorUpdate)]
    assert [(u.mode, u.factor, u.previous, u.since) for u in shown] == [
        ("on", 0.0, "off", 0),
        ("on", 1.0, "off", 0),
    ]


def test_the_element_of_the_present_fill_level_decides_on_the_power() -> None:
    engine = an_engine(TIMED)
    instruct(engine, "on", 1.0)
    engine.step()
    assert consumption_w(engine) == pytest.approx(3_000.0)
    engine.submit(ReportStatus("battery", {"soc": 0.7}))
    engine.step()
    assert consumption_w(engine) == pytest.approx(1_000.0)


def test_an_unfinished_timer_blocks_a_transition_until_it_is_finished() -> None:
    engine = an_engine(TIMED)
    instruct(engine, "on")
    assert [u for u in control_of(engine).updates if isinstance(u, TimerUpdate)] == [
        TimerUpdate("a", "min-on", 20)
    ]
    engine.advance(9.5)
    refused = instruct(engine, "off", id="too-early")
    assert statuses(engine, refused) == ["REJECTED"]
    assert reasons(engine) == ["timer min-on blocks on → off for 0.5 s"]
    assert consumption_w(engine) == pytest.approx(3_000.0)
    engine.step()
    assert statuses(engine, instruct(engine, "off", id="in-time")) == ["ACCEPTED", "STARTED", "SUCCEEDED"]
    engine.step()
    assert consumption_w(engine) == 0.0


def test_an_instruction_for_later_is_held_and_begins_at_its_time() -> None:
    engine = an_engine(TIMED)
    later = instruct(engine, "on", execute_unix_s=START_UNIX_S + 4.0)
    engine.advance(4.0)
    assert statuses(engine, later) == ["ACCEPTED"]
    assert consumption_w(engine) == 0.0
    engine.step()
    assert statuses(engine, later) == ["ACCEPTED", "STARTED", "SUCCEEDED"]
    assert consumption_w(engine) == pytest.approx(3_000.0)
    moments = [u.moment for u in control_of(engine).updates if isinstance(u, InstructionUpdate)]
    assert moments == [0, 8, 8]


def test_a_time_in_the_past_means_at_once() -> None:
    engine = an_engine(TIMED)
    engine.advance(5.0)
    assert statuses(engine, instruct(engine, "on", execute_unix_s=START_UNIX_S - 1e6)) == [
        "ACCEPTED",
        "STARTED",
        "SUCCEEDED",
    ]


def test_a_held_instruction_can_be_revoked_and_never_happens() -> None:
    engine = an_engine(TIMED)
    later = instruct(engine, "on", execute_unix_s=START_UNIX_S + 4.0)
    engine.submit(Revoke("battery", later))
    engine.advance(6.0)
    assert statuses(engine, later) == ["ACCEPTED", "REVOKED"]
    assert consumption_w(engine) == 0.0
    with pytest.raises(CommandError, match="does not wait any more"):
        engine.submit(Revoke("battery", later))
    with pytest.raises(CommandError, match="unknown instruction nobody"):
        engine.submit(Revoke("battery", "nobody"))


def test_what_is_blocked_at_its_scheduled_time_is_aborted() -> None:
    engine = an_engine(TIMED)
    instruct(engine, "on")
    later = instruct(engine, "off", execute_unix_s=START_UNIX_S + 4.0)
    engine.advance(5.0)
    assert statuses(engine, later) == ["ACCEPTED", "ABORTED"]
    assert control_of(engine).machines["a"].mode.id == "on"


@pytest.mark.parametrize(
    ("before", "mode", "reason"),
    [
        ([], "boost", "mode boost is for abnormal conditions only"),
        (["on"], "drain", "there is no transition on → drain"),
        (["drain"], "off", "the transition drain → off is for abnormal conditions only"),
    ],
)
def test_what_the_description_forbids_is_rejected(before: list[str], mode: str, reason: str) -> None:
    engine = an_engine(TIMED)
    for step in before:
        instruct(engine, step)
        engine.advance(4.0)
    refused = instruct(engine, mode, id="refused")
    assert statuses(engine, refused) == ["REJECTED"]
    assert reasons(engine) == [reason]
    assert engine.snapshot().device("battery").control.refused.endswith(reason)  # type: ignore[union-attr]


def test_an_abnormal_condition_opens_what_is_reserved_for_it() -> None:
    engine = an_engine(TIMED)
    instruct(engine, "on")
    assert statuses(engine, instruct(engine, "boost", abnormal=True))[-1] == "SUCCEEDED"
    engine.step()
    assert consumption_w(engine) == pytest.approx(5_000.0)


def test_a_mode_without_an_element_at_the_fill_level_is_rejected() -> None:
    engine = an_engine(TIMED, soc=0.95)
    assert statuses(engine, instruct(engine, "on")) == ["REJECTED"]
    assert reasons(engine) == ["mode on has no element at fill level 0.95"]


def test_a_transition_takes_its_time_and_what_follows_waits_for_its_end() -> None:
    engine = an_engine(TIMED)
    first = instruct(engine, "drain", 0.0, id="drain")
    assert statuses(engine, first) == ["ACCEPTED", "STARTED"]
    second = instruct(engine, "off", abnormal=True, id="off")
    engine.advance(3.0)
    assert consumption_w(engine) == 0.0
    assert statuses(engine, second) == ["ACCEPTED"]
    engine.step()
    assert statuses(engine, first) == ["ACCEPTED", "STARTED", "SUCCEEDED"]
    assert statuses(engine, second) == ["ACCEPTED", "STARTED", "SUCCEEDED"]


def test_a_battery_drains_once_its_transition_is_over() -> None:
    engine = an_engine(TIMED)
    instruct(engine, "drain", 0.0)
    engine.advance(3.0)
    assert consumption_w(engine) == 0.0
    engine.step()
    assert consumption_w(engine) == pytest.approx(-2_000.0)


@pytest.mark.parametrize(
    ("instruction", "message"),
    [
        ({"id": "i", "mode": "chrage"}, "did you mean charge"),
        ({"id": "i", "mode": "charge", "factor": 1.3}, "factor 1.3 is not in 0 … 1"),
        ({"id": "i", "mode": "charge", "factor": math.nan}, "factor nan is not in"),
        ({"id": "i", "mode": "charge", "actuator": "other"}, "unknown actuator 'other'"),
        ({"id": "i", "mode": "charge", "execute_unix_s": math.inf}, "invalid execution time"),
        ({"id": "i", "mode": "charge", "execute_unix_s": "soon"}, "invalid execution time: 'soon'"),
        ({"mode": "charge"}, "needs an id"),
    ],
)
def test_an_instruction_about_what_does_not_exist_is_refused(
    instruction: dict[str, Any], message: str
) -> None:
    engine = an_engine()
    with pytest.raises(CommandError, match=message):
        engine.submit(Instruct("battery", instruction))
    assert not control_of(engine).updates


def test_an_instruction_counts_once() -> None:
    engine = an_engine()
    name = instruct(engine, "charge")
    with pytest.raises(CommandError, match="was sent before"):
        instruct(engine, "charge", id=name)


def test_without_a_selected_control_type_instructions_are_refused() -> None:
    engine = an_engine(select=False)
    with pytest.raises(CommandError, match="no control type is selected for battery"):
        instruct(engine, "charge")


def test_a_control_type_that_is_not_offered_is_refused() -> None:
    engine = an_engine(select=False)
    with pytest.raises(CommandError, match="battery does not offer OMBC; offered: FRBC"):
        engine.submit(SelectControl("battery", "OMBC"))
    with pytest.raises(CommandError, match="did you mean FRBC"):
        engine.submit(SelectControl("battery", "FRBK"))


def test_selecting_a_control_type_takes_the_device_over_and_ending_it_gives_it_back() -> None:
    engine = an_engine(select=False)
    engine.submit(SelectMode("battery", "FORCED_DISCHARGE", 0.5))
    engine.step()
    engine.submit(SelectControl("battery", "FRBC"))
    engine.step()
    assert engine.snapshot().device("battery").mode == "idle"
    assert consumption_w(engine) == 0.0
    engine.submit(SelectControl("battery", ""))
    engine.step()
    assert engine.snapshot().device("battery").mode == "FORCED_DISCHARGE"
    assert consumption_w(engine) == pytest.approx(-2_000.0)


def test_ending_a_control_type_aborts_what_is_still_held() -> None:
    engine = an_engine(TIMED)
    control = control_of(engine)
    instruct(engine, "on", execute_unix_s=START_UNIX_S + 4.0)
    engine.submit(SelectControl("battery", ""))
    last = control.updates[-1]
    assert isinstance(last, InstructionUpdate)
    assert last.status is InstructionStatus.ABORTED
    engine.advance(6.0)
    assert engine.devices["battery"].commands.active_power_setpoint_w == 700.0


def test_a_direct_setpoint_takes_the_device_until_the_next_instruction() -> None:
    engine = an_engine()
    instruct(engine, "charge")
    engine.step()
    engine.submit(Write("battery", {"active_power_setpoint_w": 250.0}, "modbus"))
    engine.step()
    assert consumption_w(engine) == -250.0
    instruct(engine, "charge", 0.2)
    engine.step()
    assert consumption_w(engine) == pytest.approx(1_000.0)


def test_what_took_the_device_last_comes_back_when_the_control_type_ends() -> None:
    engine = an_engine(select=False)
    engine.submit(SelectMode("battery", "FORCED_DISCHARGE", 0.5))
    engine.submit(SelectControl("battery", "FRBC"))
    engine.submit(Write("battery", {"active_power_setpoint_w": 250.0}, "modbus"))
    instruct(engine, "charge")
    engine.submit(SelectControl("battery", ""))
    engine.step()
    assert engine.snapshot().device("battery").mode == ""
    assert consumption_w(engine) == -250.0


def test_a_battery_in_mode_fault_can_be_selected_but_rejects_until_it_is_idle() -> None:
    engine = an_engine(select=False)
    engine.submit(SelectMode("battery", "FAULT"))
    engine.submit(SelectControl("battery", "FRBC"))
    assert statuses(engine, instruct(engine, "charge")) == ["REJECTED"]
    assert reasons(engine) == ["the device is in mode FAULT"]
    engine.step()
    assert consumption_w(engine) == 0.0
    engine.submit(SelectMode("battery", "IDLE"))
    assert statuses(engine, instruct(engine, "charge", id="again"))[-1] == "SUCCEEDED"


def test_actuators_wait_for_their_own_transitions_only() -> None:
    (first,) = TIMED.actuators
    engine = an_engine(replace(TIMED, actuators=(first, replace(first, id="b"))))
    instruct(engine, "drain", actuator="a", id="a1")
    instruct(engine, "off", actuator="a", abnormal=True, id="a2")
    instruct(engine, "on", 0.0, actuator="b", id="b1", execute_unix_s=START_UNIX_S + 1.0)
    engine.advance(1.5)
    assert statuses(engine, "b1")[-1] == "SUCCEEDED"
    assert statuses(engine, "a2") == ["ACCEPTED"]
    assert consumption_w(engine) == pytest.approx(1_000.0)


def test_a_faulty_battery_rejects_instructions() -> None:
    engine = an_engine()
    engine.submit(Fault("battery", "dc_contactor_open"))
    engine.step()
    assert statuses(engine, instruct(engine, "charge")) == ["REJECTED"]
    assert reasons(engine) == ["the device has a fault: dc_contactor_open"]


def test_the_snapshot_shows_what_could_follow_and_which_timers_run() -> None:
    engine = an_engine(TIMED)
    instruct(engine, "on", 0.5)
    engine.advance(4.0)
    shown = engine.snapshot().device("battery").control
    assert shown is not None
    assert (shown.control, shown.mode, shown.factor) == ("FRBC", "on", 0.5)
    assert shown.next_modes == ()
    assert shown.timers == (("min-on", 6.0),)
    engine.advance(6.0)
    shown = engine.snapshot().device("battery").control
    assert shown is not None
    assert shown.next_modes == ("off",)
    assert shown.timers == ()


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (ModeDescription(ControlType.FRBC, TIMED.actuators), "FRBC needs a storage"),
        (ModeDescription(ControlType.OMBC, ()), "OMBC needs an actuator"),
        (
            ModeDescription(
                ControlType.OMBC,
                (Actuator("a", (OperationMode("on", (element(0, 0),)),), (Transition("t", "on", "of"),)),),
            ),
            "unknown mode 'of'; known: on",
        ),
        (
            ModeDescription(ControlType.OMBC, (Actuator("a", (OperationMode("on", (element(5, 0),)),)),)),
            "power 5 … 0 W is not a rising range",
        ),
        (
            ModeDescription(
                ControlType.OMBC,
                (
                    Actuator(
                        "a",
                        (OperationMode("on", (element(0, 0),)),),
                        (Transition("t", "on", "on", start_timers=("min",)),),
                        (Timer("mine", 0),),
                    ),
                ),
            ),
            "unknown timer 'min'; did you mean mine",
        ),
    ],
)
def test_a_description_that_contradicts_itself_is_refused(description: ModeDescription, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        description.check("site.yaml")


WISHES = st.lists(
    st.tuples(
        st.sampled_from(["off", "on", "boost", "drain"]),
        st.floats(0, 1),
        st.booleans(),
        st.floats(-5, 20),
        st.integers(0, 12),
        st.booleans(),
    ),
    max_size=25,
)


def run(
    wishes: list[tuple[str, float, bool, float, int, bool]], kind: ControlType
) -> tuple[list[str], list[Any]]:
    """Instruct what is wished, and check every law of the description in every tick."""
    engine = an_engine(replace(TIMED, control=kind), select=False)
    engine.submit(SelectControl("battery", kind.name, "cem"))
    control, machine = control_of(engine), control_of(engine).machines["a"]
    allowed = {(t.source, t.target): t for t in machine.actuator.transitions}
    finished: dict[str, int] = {}
    mode = machine.mode.id

    def check_changes() -> None:
        nonlocal mode
        for update in list(control.updates)[seen[0] :]:
            seen[0] += 1
            if isinstance(update, ActuatorUpdate) and update.mode != mode:
                transition = allowed[(mode, update.mode)]
                assert update.since is not None
                assert all(finished.get(t, 0) <= update.since for t in transition.blocking_timers)
                for timer in transition.start_timers:
                    duration_s = machine.actuator.timer(timer).duration_ms / 1000
                    finished[timer] = update.since + math.ceil(duration_s / DT_S)
                mode = update.mode

    seen = [0]
    for number, (wanted, factor, abnormal, delay_s, pause, revoked) in enumerate(wishes):
        at = engine.plan.start_unix_s + engine.time_s + delay_s
        name = f"i{number}"
        instruct(engine, wanted, factor, id=name, abnormal=abnormal, execute_unix_s=at)
        if revoked and not control.can_revoke(name):
            engine.submit(Revoke("battery", name))
        check_changes()
        for _ in range(pause):
            engine.step()
            check_changes()
            behaving, at_factor = machine.active(control.level, engine.tick - 1)
            asked = -engine.devices["battery"].commands.active_power_setpoint_w
            assert behaving is not None
            (power,) = behaving.powers
            assert power.start_w - 1e-6 <= asked <= power.end_w + 1e-6
            assert asked == pytest.approx(behaving.power_w(at_factor), abs=1e-6)
    engine.advance(30.0)
    for number in range(len(wishes)):
        told = statuses(engine, f"i{number}")
        assert told in (
            ["REJECTED"],
            ["ACCEPTED", "REVOKED"],
            ["ACCEPTED", "ABORTED"],
            ["ACCEPTED", "STARTED", "SUCCEEDED"],
        )
    return [f"{e.tick} {e.kind} {e.text}" for e in engine.log], list(control.updates)


@settings(max_examples=60, deadline=None)
@given(WISHES, st.sampled_from([ControlType.FRBC, ControlType.OMBC, ControlType.DDBC]))
def test_whatever_is_instructed_modes_stay_reachable_timers_hold_and_every_instruction_ends(
    wishes: list[tuple[str, float, bool, float, int, bool]], kind: ControlType
) -> None:
    assert run(wishes, kind) == run(wishes, kind)


def test_what_took_the_device_from_a_control_type_keeps_it_when_the_type_ends() -> None:
    engine = an_engine()
    instruct(engine, "charge")
    engine.step()
    engine.submit(SelectMode("battery", "FORCED_DISCHARGE", 0.5))
    engine.step()
    engine.submit(SelectControl("battery", ""))
    engine.step()
    assert engine.snapshot().device("battery").mode == "FORCED_DISCHARGE"
    assert consumption_w(engine) == pytest.approx(-2_000.0)


ON = OperationMode("on", (element(0, 0),))


@pytest.mark.parametrize(
    ("actuator", "message"),
    [
        (Actuator("a", ()), "no operation mode"),
        (Actuator("a", (ON,), initial="off"), "unknown initial mode 'off'; known: on"),
        (Actuator("a", (ON, ON)), "two modes have the id 'on'"),
        (Actuator("a", (ON,), (), (Timer("t", 0), Timer("t", 1))), "two timers have the id 't'"),
        (
            Actuator("a", (ON,), (Transition("t", "on", "on"), Transition("t", "on", "on"))),
            "two transitions have the id 't'",
        ),
        (Actuator("a", (ON,), (), (Timer("t", -1),)), "timer t: duration -1 ms is below 0"),
        (
            Actuator("a", (ON,), (Transition("t", "on", "on", duration_ms=-1),)),
            "transition t: duration -1 ms",
        ),
        (Actuator("a", (OperationMode("on", ()),)), "mode on: no element"),
        (Actuator("a", (OperationMode("on", (Element(()),)),)), "mode on: no power range"),
        (
            Actuator("a", (OperationMode("on", (element(0, 0, 0.6, 0.4),)),)),
            "mode on: fill levels 0.6 … 0.4 are not a range",
        ),
        (
            Actuator("a", (OperationMode("on", (element(0, 0, math.nan, 1.0),)),)),
            "mode on: fill levels nan … 1 are not a range",
        ),
        (Actuator("a", (OperationMode("on", (element(0, math.inf),)),)), "power 0 … inf W is not a rising"),
    ],
)
def test_an_actuator_that_contradicts_itself_is_refused(actuator: Actuator, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ModeDescription(ControlType.OMBC, (actuator,)).check("site.yaml")


def test_a_fill_level_may_be_a_single_one() -> None:
    actuator = Actuator("a", (OperationMode("on", (element(5, 5, 0.4, 0.4),)),), (), (Timer("t", 0),))
    ModeDescription(ControlType.OMBC, (actuator,)).check("site.yaml")


@pytest.mark.parametrize("kind", [ControlType.FRBC, ControlType.OMBC, ControlType.DDBC])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_control_type_takes_an_actuator_and_ombc_takes_one(kind: ControlType, number: int) -> None:
    actuators = tuple(Actuator(f"a{each}", (ON,)) for each in range(number))
    description = ModeDescription(kind, actuators, Storage(0.0, 1.0))
    if number == 1 or (number == 2 and kind is not ControlType.OMBC):
        description.check("site.yaml")
        return
    with pytest.raises(ConfigError, match=f"{kind.name} needs {'one' if number else 'an'} actuator"):
        description.check("site.yaml")


def test_a_storage_belongs_to_frbc_alone() -> None:
    for kind in (ControlType.OMBC, ControlType.DDBC):
        ModeDescription(kind, (Actuator("a", (ON,)),)).check("site.yaml")
    with pytest.raises(ConfigError, match="FRBC needs a storage"):
        ModeDescription(ControlType.FRBC, (Actuator("a", (ON,)),)).check("site.yaml")


@pytest.mark.parametrize("kind", [ControlType.FRBC, ControlType.DDBC])
def test_outside_all_its_elements_a_mode_asks_for_nothing(kind: ControlType) -> None:
    full = OperationMode("full", (Element((PowerRange(1_000, 2_000),), 0.8, 1.0, 5.0, 9.0),))
    machine = ActuatorMachine(Actuator("a", (full,), initial_factor=0.5), DT_S)
    assert (machine.power_w(0.9, 0), machine.supply(0.9, 0)) == (1_500.0, 7.0)
    assert (machine.power_w(0.5, 0), machine.supply(0.5, 0)) == (0.0, 0.0)
    description = ModeDescription(kind, (Actuator("a", (full,)),), Storage(0.0, 1.0))
    engine = an_engine(description, select=False)
    engine.submit(SelectControl("battery", kind.name))
    engine.step()
    assert consumption_w(engine) == 0.0


def s2_entries(engine: Engine) -> list[tuple[str, str]]:
    return [(entry.text, entry.origin) for entry in engine.log if entry.kind is LogKind.S2]


def test_the_log_says_what_an_energy_manager_does() -> None:
    engine = an_engine(TIMED)
    instruct(engine, "on", 0.5)
    instruct(engine, "drain", 0.25, id="later", execute_unix_s=START_UNIX_S + 4.0)
    engine.submit(Revoke("battery", "later", "cem"))
    instruct(engine, "off")
    engine.submit(SelectControl("battery", "", "cem"))
    assert s2_entries(engine) == [
        ("FRBC selected", "cem"),
        ("FRBC on f=0.50", "cem"),
        ("FRBC drain f=0.25 at 4 s", "cem"),
        ("FRBC drain f=0.25 revoked", "cem"),
        ("FRBC rejected off f=1.00: timer min-on blocks on → off for 10 s", ""),
        ("FRBC ends", "cem"),
    ]


def test_the_actuator_is_named_where_there_are_several() -> None:
    (first,) = TIMED.actuators
    engine = an_engine(replace(TIMED, actuators=(first, replace(first, id="b"))))
    instruct(engine, "on", 0.5, actuator="b")
    shown = engine.snapshot().device("battery").control
    assert shown is not None
    assert (shown.last, shown.mode) == ("b: on f=0.50", "off + on")
    assert shown.timers == (("min-on", 10.0),)


@pytest.mark.parametrize("identity", ["", None, 5, True])
def test_an_instruction_needs_a_text_to_be_known_by(identity: Any) -> None:
    engine = an_engine()
    with pytest.raises(CommandError, match="an instruction needs an id"):
        engine.submit(Instruct("battery", {"id": identity, "mode": "charge"}))


@pytest.mark.parametrize(
    ("level", "found"), [(0.0, 0), (0.59, 0), (0.6, 1), (0.75, 1), (0.9, 1), (0.91, None), (-0.1, None)]
)
def test_at_the_border_of_two_elements_the_upper_one_counts(level: float, found: int | None) -> None:
    mode = OperationMode("on", (element(1_000, 3_000, 0.0, 0.6), element(500, 1_000, 0.6, 0.9)))
    assert mode.element(level) is (None if found is None else mode.elements[found])


def test_of_elements_that_overlap_the_first_counts() -> None:
    mode = OperationMode("on", (element(1, 1, 0.0, 0.6), element(2, 2, 0.3, 0.6), element(3, 3, 0.5, 1.0)))
    assert [mode.element(level).powers[0].end_w for level in (0.2, 0.4, 0.55, 0.8)] == [1, 1, 1, 3]  # type: ignore[union-attr]


def test_a_session_that_begins_hears_of_every_actuator_and_timer() -> None:
    engine = an_engine(TIMED)
    instruct(engine, "on", 0.5)
    engine.advance(4.0)
    assert control_of(engine).statuses() == [
        ActuatorUpdate("a", "on", 0.5, "off", 0),
        TimerUpdate("a", "min-on", 20),
        TimerUpdate("a", "min-off", 0),
    ]


def test_a_mode_that_ends_by_itself_ends_with_its_timers_and_its_transition() -> None:
    off = OperationMode("off", (element(0, 0),))
    run = OperationMode("run", (element(1_000, 1_000),), ends_in="off")
    start = Transition("start", "off", "run", start_timers=("t",), duration_ms=1_000)
    actuator = Actuator("a", (off, run), (start,), (Timer("t", 3_000),))
    machine = ActuatorMachine(actuator, DT_S)
    assert machine.ended(0) is None
    assert machine.enter(run, 1.0, False, 2) == ("t",)
    assert [machine.ended(moment) for moment in (2, 3, 4, 7)] == [None] * 4
    assert machine.ended(8) is off
    assert (machine.running(7), machine.running(8)) == (("t",), ())
    assert (machine.in_transition(3), machine.in_transition(4)) == (True, False)


@pytest.mark.parametrize(("left_ms", "finish"), [(0, None), (1, 11), (500, 11), (501, 12), (3_000, 16)])
def test_a_timer_that_runs_already_when_the_control_type_begins_is_finished_in_time(
    left_ms: int, finish: int | None
) -> None:
    actuator = Actuator("a", (ON,), (), (Timer("t", 3_000, left_ms=left_ms),))
    assert ActuatorMachine(actuator, DT_S, 10).finishes == ({} if finish is None else {"t": finish})
