"""Recordings compute the values of a device without its telemetry object, and they are the same values."""

import linecache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from twin_tui import Pin, Twin
from twin_tui.engine.device import registry
from twin_tui.engine.engine import Engine
from twin_tui.engine.observing import SITE_TELEMETRY
from twin_tui.engine.signals import signals_of
from twin_tui.run.recording.rows import _compiled, row_of
from twin_tui.run.recording.samples import Sampler, sample

BUILT_IN = ("appliance", "battery", "chp", "ev_charger", "heat_pump", "load", "meter", "pv")
SOURCE = """
from twin_tui.engine.signals import measured, value

@value
class Seen:
    power_w: float = measured("power", "W")
    volts_v: float = measured("voltage", "V")

@value
class SeenWithDefault:
    power_w: float = 1.0
    volts_v: float = 2.0

@value
class Rounded:
    power_w: float = measured("power", "W")
    volts_v: float = measured("voltage", "V")

    def __post_init__(self):
        self.power_w = round(self.power_w)

def both(power):
    return {"power_w": power, "volts_v": 230.0}

def plain(power):
    twice = 2.0 * power
    return Seen(volts_v=230.0, power_w=twice)

def merged(power):
    return Seen(**both(power))

def partly(power):
    return Seen(volts_v=1.0, **{"power_w": power})

def twofold(power):
    return Seen(**{"volts_v": 3.0}, **{"power_w": power})

def by_position(power):
    return Seen(power, 230.0)

def early(power):
    if power < 0.0:
        return Seen(power_w=0.0, volts_v=0.0)
    return Seen(power_w=power, volts_v=230.0)

def with_default(power):
    return SeenWithDefault(power_w=power)

def with_default_and_others(power):
    return SeenWithDefault(**{"power_w": power})

def completed(power):
    return Rounded(power_w=power, volts_v=230.0)

def with_keyword_only(power, *, volts=1.0):
    return Seen(power_w=power, volts_v=volts)

def with_argument_default(power, volts=1.0):
    return Seen(power_w=power, volts_v=volts)

def made_elsewhere(power):
    seen = Seen(power_w=power, volts_v=230.0)
    return seen

def endless(power):
    while True:
        if power:
            return Seen(power_w=power, volts_v=230.0)

class Caller:
    def __call__(self, power):
        return Seen(power_w=power, volts_v=230.0)

called = Caller()
"""
NAMES = ("power_w", "volts_v")


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    """Functions in a file of their own."""
    path = tmp_path / "observing.py"
    path.write_text(SOURCE)
    made = ModuleType("observing")
    exec(compile(SOURCE, str(path), "exec"), vars(made))
    return made


@pytest.mark.parametrize("kind", BUILT_IN)
def test_every_type_of_this_package_is_recorded_without_its_telemetry_object(kind: str) -> None:
    device_type = registry[kind]
    assert _compiled(device_type.observe, tuple(signals_of(device_type.telemetry))) is not None


@pytest.mark.parametrize("name", SITE_TELEMETRY)
def test_grid_and_weather_are_recorded_without_their_telemetry_object(name: str) -> None:
    telemetry, observe = SITE_TELEMETRY[name]
    assert _compiled(observe, tuple(signals_of(telemetry))) is not None


def telemetry_of(engine: Engine) -> dict[str, Any]:
    """Return what a sample should be, from the telemetry objects."""
    return {
        "tick": engine.tick,
        "t": engine.time_s,
        **{name: engine.shown(name) for name in SITE_TELEMETRY},
        "devices": {
            name: {"status": device.state.status.value, **engine.shown(name)}
            for name, device in engine.devices.items()
        },
    }


@pytest.mark.parametrize("site", ["home", "demo", "microgrid", "commercial"])
def test_what_is_recorded_is_what_the_devices_report(site: str) -> None:
    twin = Twin.from_file(site)
    engine = twin.engine
    sampler = Sampler(engine)
    for command in ("sag 0.4 3s phases a", "freq -2.8 4s", "interrupt 5s"):
        twin.inject(f"{engine.time_s:g}s {command}")
        for _ in range(4):
            engine.advance(2.0)
            assert repr(sample(sampler)) == repr(telemetry_of(engine))


def test_a_forced_value_is_recorded_in_its_place() -> None:
    twin = Twin.from_file("home")
    sampler = Sampler(twin.engine)
    twin.engine.submit(Pin("battery", "soc", 0.123))
    twin.engine.step()
    recorded = sample(sampler)
    assert recorded["devices"]["battery"]["soc"] == 0.123
    assert recorded == telemetry_of(twin.engine)


@pytest.mark.parametrize("name", ["plain", "merged", "partly", "twofold"])
def test_keywords_in_any_order_become_a_row(module: ModuleType, name: str) -> None:
    observe = getattr(module, name)
    row, expected = _compiled(observe, NAMES), observe(50.0)
    assert row is not None
    assert row(50.0) == (expected.power_w, expected.volts_v)
    assert row_of(observe, NAMES[::-1])(50.0) == (expected.volts_v, expected.power_w)


@pytest.mark.parametrize(
    "name",
    [
        *("by_position", "early", "with_default", "with_default_and_others"),
        *("completed", "made_elsewhere", "endless", "called", "with_keyword_only", "with_argument_default"),
    ],
)
def test_a_function_of_another_form_is_called_as_it_is(module: ModuleType, name: str) -> None:
    observe = getattr(module, name)
    for power in (50.25, -1.0):
        expected = observe(power)
        assert row_of(observe, NAMES)(power) == (expected.power_w, expected.volts_v)


def test_some_signals_of_a_telemetry_are_read_from_it(module: ModuleType) -> None:
    assert tuple(row_of(module.plain, ["volts_v"])(50.0)) == (230.0,)


def test_a_function_without_source_is_called_as_it_is() -> None:
    made: dict[str, Any] = {}
    exec(SOURCE, made)
    assert row_of(made["plain"], NAMES)(50.0) == (100.0, 230.0)


def test_a_file_that_was_changed_since_its_import_is_not_compiled(module: ModuleType) -> None:
    path = Path(module.plain.__code__.co_filename)
    path.write_text(SOURCE.replace("2.0 * power", "3.0 * power"))
    linecache.checkcache()
    assert row_of(module.plain, NAMES)(50.0) == (100.0, 230.0)


@pytest.mark.parametrize("text", ["(" * 40, "power = 1\n" * 200, "", "\0" * 9])
def test_a_file_without_the_function_any_more_is_not_compiled(module: ModuleType, text: str) -> None:
    Path(module.plain.__code__.co_filename).write_text(text)
    linecache.checkcache()
    assert row_of(module.plain, NAMES)(50.0) == (100.0, 230.0)
