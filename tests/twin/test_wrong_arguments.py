"""An argument of the wrong type in Python: one clear error, and nothing changes."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twin_tui import ArgumentError, CommandError, Disturb, Fault, Mark, Twin, Write

SITE: dict[str, Any] = {"assets": [{"type": "battery", "name": "bess", "port": 0}]}


@pytest.fixture
def twin() -> Twin:
    return Twin.from_dict(SITE)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda twin: twin[0], "a device is known by its name, not 0"),
        (lambda twin: twin[["bess"]], "a device is known by its name"),
        (lambda twin: twin.advance("1"), "advance takes simulated seconds, not '1'"),
        (lambda twin: twin.advance(True), "advance takes simulated seconds, not True"),
        (lambda twin: twin.submit("sag grid 0.7 2s"), "submit takes an event"),
        (lambda twin: twin.submit(Fault), "submit takes an event"),
        (lambda twin: twin.submit(Fault("bess", "fan", "1m")), "Fault: duration_s takes a number, not '1m'"),
        (lambda twin: twin.submit(Mark("x"), at_s="1"), "at_s takes simulated seconds, not '1'"),
        (lambda twin: twin.inject(None), "inject takes a time and a command"),
        (lambda twin: twin.play(None), "play takes a scenario"),
        (lambda twin: twin.record(None), "record takes a path"),
        (
            lambda twin: twin["bess"].write(start_stop=None),
            "Write: start_stop takes a number or text, not None",
        ),
        (lambda twin: twin["bess"].write(start_stop=[1]), "Write: start_stop takes a number or text"),
        (lambda twin: twin["bess"].fault(3), "Fault: fault takes text, not 3"),
        (lambda twin: twin["bess"].fault("fan", "1m"), "Fault: duration_s takes a number"),
        (lambda twin: twin["bess"].select_mode(None), "SelectMode: mode takes text"),
        (lambda twin: twin["bess"].select_mode("IDLE", "x"), "SelectMode: factor takes a number"),
        (lambda twin: twin.submit(Write("bess", 3)), "Write: values takes a dict, not 3"),
        (lambda twin: twin.submit(Disturb("sag 0.7")), "Disturb: disturbance takes a Disturbance, not 'sag"),
        (lambda twin: twin.device("bess", "battery"), "device takes a device type such as twin_tui.BATTERY"),
        (lambda twin: list(twin.replay(3)), "replay takes a path, not 3"),
        (lambda twin: twin["bess"].link_fault("delay", delay_s=2, label=3), "LinkFault: label takes text"),
    ],
)
def test_an_argument_of_the_wrong_type_is_an_argument_error(
    twin: Twin, call: Callable[[Any], object], message: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        call(twin)
    assert message in str(caught.value)
    assert not twin.engine.log
    assert twin.tick == 0


@pytest.mark.parametrize("wrong", [None, [], "site.yaml", 3])
def test_from_dict_takes_a_dict(wrong: Any) -> None:
    with pytest.raises(ArgumentError, match="from_dict takes a dict"):
        Twin.from_dict(wrong)


@pytest.mark.parametrize("wrong", [None, [], {}, 3])
def test_from_file_takes_a_path_or_a_name(wrong: Any) -> None:
    with pytest.raises(ArgumentError, match="from_file takes a path"):
        Twin.from_file(wrong)


@pytest.mark.parametrize("wrong", ["fast", True, [1]])
def test_a_speed_is_a_number(wrong: Any) -> None:
    with pytest.raises(ArgumentError, match="speed takes a number"):
        Twin.from_dict(SITE, speed=wrong)


def test_commands_are_written_by_name_only(twin: Twin) -> None:
    write: Any = twin.battery().write
    with pytest.raises(TypeError):
        write({"start_stop": 1})


@pytest.mark.parametrize("every_s", [-1, 0, float("nan"), float("inf"), "1"])
def test_a_recording_samples_at_a_time_above_zero(twin: Twin, tmp_path: Path, every_s: Any) -> None:
    with pytest.raises(CommandError, match="invalid time between samples"):
        twin.record(tmp_path / "run.rec", every_s)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_twin_and_its_devices_say_that_they_cannot_be_copied(
    twin: Twin, copied: Callable[[Any], object]
) -> None:
    with pytest.raises(ArgumentError, match="a Twin cannot be copied or pickled"):
        copied(twin)
    with pytest.raises(ArgumentError, match="a device of a twin cannot be copied or pickled"):
        copied(twin["bess"])
    assert copied(twin["bess"].telemetry)
