"""PPBC on an appliance: a sequence is scheduled, runs once, and is told of to its end."""

from typing import Any

import pytest

from twin_tui.engine.devices.appliance import APPLIANCE, ApplianceParams
from twin_tui.engine.devices.time_window import Window
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Fault, Instruct, Revoke, SelectControl
from twin_tui.engine.s2.control import Control, InstructionUpdate, ProfileUpdate
from twin_tui.engine.s2.model import ProfileDescription, Sequence
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.errors import CommandError

START_UNIX_S = 1_781_913_600.0
WASH = ApplianceParams(100.0, 60.0, (1.0, 2.0, 3.0))


def an_engine(*descriptions: ProfileDescription, params: ApplianceParams = WASH) -> Engine:
    plan = DevicePlan("washer", APPLIANCE, params, s2=descriptions)
    engine = Engine(SitePlan("test", (plan,), dt_s=1.0, start_unix_s=START_UNIX_S))
    engine.submit(SelectControl("washer", "PPBC"))
    return engine


def control(engine: Engine) -> Control:
    found = engine.devices["washer"].control
    assert isinstance(found, Control)
    return found


def instruct(engine: Engine, name: str = "i", **more: Any) -> None:
    engine.submit(Instruct("washer", {"id": name, "sequence": "programme", **more}, "cem"))


def profiles(engine: Engine) -> list[tuple[str, str, int | None]]:
    return [
        (each.sequence, each.status, each.progress_ms)
        for each in control(engine).updates
        if isinstance(each, ProfileUpdate)
    ]


def told(engine: Engine, name: str = "i") -> list[tuple[str, int]]:
    return [
        (each.status.value, each.moment)
        for each in control(engine).updates
        if isinstance(each, InstructionUpdate) and each.instruction == name
    ]


def reasons(engine: Engine) -> list[str]:
    return [each.reason for each in control(engine).updates if isinstance(each, InstructionUpdate)]


def test_a_sequence_begins_at_its_time_and_is_done_after_its_length() -> None:
    engine = an_engine()
    assert control(engine).mode == "not scheduled"
    assert control(engine).statuses() == [ProfileUpdate("", "NOT_SCHEDULED", None)]
    instruct(engine, execute_unix_s=START_UNIX_S + 30.0)
    assert control(engine).mode == "scheduled"
    engine.advance(30)
    assert engine.telemetry("washer").consumption_power_w == 0.0
    engine.advance(10)
    assert control(engine).mode == "executing"
    assert control(engine).statuses() == [ProfileUpdate("programme", "EXECUTING", 10_000)]
    # 100 Wh in shares of 1, 2 and 3 of 20 s each
    assert engine.telemetry("washer").consumption_power_w == pytest.approx(3_000.0)
    engine.advance(52)
    assert control(engine).mode == "finished"
    assert profiles(engine) == [
        ("programme", "SCHEDULED", None),
        ("programme", "EXECUTING", 0),
        ("programme", "FINISHED", 60_000),
    ]
    assert told(engine) == [("ACCEPTED", 0), ("STARTED", 30), ("SUCCEEDED", 90)]
    assert engine.telemetry("washer").total_energy_wh == pytest.approx(100.0)
    assert control(engine).statuses() == [ProfileUpdate("programme", "FINISHED", 60_000)]
    engine.advance(600)
    assert engine.telemetry("washer").starts == 1


def test_one_without_a_time_begins_at_once() -> None:
    engine = an_engine()
    instruct(engine)
    assert told(engine) == [("ACCEPTED", 0), ("STARTED", 0)]
    engine.step()
    assert engine.telemetry("washer").running


def test_a_profile_runs_once() -> None:
    engine = an_engine()
    instruct(engine)
    instruct(engine, "again")
    engine.advance(70)
    instruct(engine, "and again")
    assert told(engine, "again") == [("REJECTED", 0)]
    assert told(engine, "and again") == [("REJECTED", 70)]
    assert reasons(engine).count("the profile has been started already") == 2


def test_a_scheduled_start_can_be_revoked_and_scheduled_anew() -> None:
    engine = an_engine()
    instruct(engine, execute_unix_s=START_UNIX_S + 30.0)
    engine.submit(Revoke("washer", "i"))
    assert control(engine).mode == "not scheduled"
    assert control(engine).statuses() == [ProfileUpdate("", "NOT_SCHEDULED", None)]
    engine.advance(40)
    assert not engine.telemetry("washer").running
    instruct(engine, "later", execute_unix_s=START_UNIX_S + 50.0)
    engine.advance(12)
    assert engine.telemetry("washer").running
    assert told(engine, "later") == [("ACCEPTED", 40), ("STARTED", 50)]


def test_of_two_starts_the_one_that_is_left_keeps_the_profile_scheduled() -> None:
    engine = an_engine()
    instruct(engine, "one", execute_unix_s=START_UNIX_S + 30.0)
    instruct(engine, "two", execute_unix_s=START_UNIX_S + 40.0)
    engine.submit(Revoke("washer", "one"))
    assert control(engine).mode == "scheduled"
    engine.advance(42)
    assert told(engine, "two") == [("ACCEPTED", 0), ("STARTED", 40)]


def test_a_start_during_the_run_is_held_and_then_aborted_without_a_change_of_the_state() -> None:
    engine = an_engine()
    instruct(engine)
    instruct(engine, "second", execute_unix_s=START_UNIX_S + 30.0)
    assert control(engine).mode == "executing"
    engine.advance(32)
    assert told(engine, "second") == [("ACCEPTED", 0), ("ABORTED", 30)]
    assert control(engine).mode == "executing"


@pytest.mark.parametrize(("horizon_ms", "at_s", "status"), [(90_000, 30, "STARTED"), (89_000, 30, "ABORTED")])
def test_a_run_has_to_be_over_by_the_end_of_the_profile(horizon_ms: int, at_s: int, status: str) -> None:
    sequence = Sequence("programme", ((20_000, 3_000.0), (40_000, 7_500.0)))
    engine = an_engine(ProfileDescription((sequence,), horizon_ms))
    instruct(engine, execute_unix_s=START_UNIX_S + at_s)
    engine.advance(at_s + 1)
    assert told(engine)[-1] == (status, at_s)
    late = "the sequence would not be finished by the end of the profile"
    assert reasons(engine).count(late) == (status == "ABORTED")


def test_an_abnormal_sequence_takes_an_abnormal_condition() -> None:
    sequence = Sequence("programme", ((60_000, 6_000.0),), abnormal_only=True)
    engine = an_engine(ProfileDescription((sequence,), 3_600_000))
    instruct(engine)
    assert told(engine) == [("REJECTED", 0)]
    instruct(engine, "abnormal", abnormal=True)
    assert told(engine, "abnormal") == [("ACCEPTED", 0), ("STARTED", 0)]


def test_what_cannot_be_is_refused_or_rejected_with_the_reason() -> None:
    engine = an_engine()
    with pytest.raises(CommandError, match="unknown power sequence 'programm'; did you mean programme"):
        instruct(engine, sequence="programm")
    instruct(engine, "stop", action="interrupt")
    assert reasons(engine) == ["the sequence programme is not interruptible"]
    engine.submit(Fault("washer", "water_inlet"))
    engine.step()
    instruct(engine, "faulty")
    assert reasons(engine)[-1] == "the device has a fault: water_inlet"


def test_an_appliance_that_may_not_start_rejects_the_sequence() -> None:
    evening = ApplianceParams(100.0, 60.0, windows=(Window(18 * 3600.0, 3600.0),))
    engine = an_engine(params=evening)
    instruct(engine)
    assert reasons(engine) == ["no run can start now: the time window or the horizon"]


def test_the_end_of_the_session_aborts_what_runs_and_the_programme_goes_on() -> None:
    engine = an_engine()
    before = control(engine)
    instruct(engine)
    engine.advance(10)
    engine.submit(SelectControl("washer", ""))
    last = before.updates[-1]
    assert isinstance(last, InstructionUpdate)
    assert (last.instruction, last.status.value, last.reason) == ("i", "ABORTED", "the session has ended")
    engine.advance(60)
    assert engine.telemetry("washer").total_energy_wh == pytest.approx(100.0)


def test_the_end_of_the_session_gives_the_appliance_back() -> None:
    engine = an_engine()
    instruct(engine)
    instruct(engine, "later", execute_unix_s=START_UNIX_S + 200.0)
    before = control(engine)
    engine.advance(5)
    assert engine.devices["washer"].guide is before
    assert engine.devices["washer"].commands.run is True
    engine.submit(SelectControl("washer", ""))
    assert engine.devices["washer"].guide is None
    assert engine.devices["washer"].commands.run is False
    ends = [
        (each.instruction, each.status.value)
        for each in before.updates
        if isinstance(each, InstructionUpdate)
    ]
    assert ends[-2:] == [("i", "ABORTED"), ("later", "ABORTED")]
    engine.advance(300)
    assert engine.telemetry("washer").starts == 1
