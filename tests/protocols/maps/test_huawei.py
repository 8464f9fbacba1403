"""A Huawei hybrid as its clients use it: the blocks that they read, and what their writes do.

The blocks are those that huawei-solar 2.5.0 merges for Home Assistant and that evcc's template names.
"""

from typing import Any

import pytest

from tests.protocols.maps.site import hybrid_home, mapping, read, write
from twin_tui.engine.events import SelectMode
from twin_tui.errors import ConfigError
from twin_tui.protocols.maps.registers import Registers
from twin_tui.protocols.modbus.identity import encoded
from twin_tui.protocols.modbus.memory import Table

HOLDING = Table.HOLDING_REGISTERS
BLOCKS = (
    *((30000, 65), (30068, 19), (32000, 24), (32064, 57), (37000, 70), (37100, 39), (37101, 37), (37200, 2)),
    *((37758, 30), (37760, 24), (37920, 8), (38200, 64), (38264, 64), (38326, 64), (38390, 64), (38452, 12)),
    *((40000, 2), (40125, 3), (42054, 2), (42900, 1), (43006, 1), (47000, 1), (47075, 28), (47200, 51)),
    *((47255, 45), (47415, 4), (47954, 2), (47956, 64)),
)


@pytest.fixture
def home() -> Registers:
    return hybrid_home("huawei_sun2000")


def power(home: Registers, name: str) -> float:
    found: float = home.engine.telemetry(name).active_power_w
    return found


def then(home: Registers, seconds: float, name: str = "battery") -> float:
    home.engine.advance(seconds)
    return power(home, name)


@pytest.mark.parametrize(("address", "count"), BLOCKS)
def test_every_block_that_clients_read_is_answered(home: Registers, address: int, count: int) -> None:
    assert isinstance(read(home, HOLDING, address, count), list)


@pytest.mark.parametrize(
    "address",
    [32108, 37046, 37048, 37758, 47075, 47077, 47083, 47087, 47246, 47415, 47418],
)
def test_the_registers_of_evcc_are_answered(home: Registers, address: int) -> None:
    assert isinstance(read(home, HOLDING, address, 1), list)


@pytest.mark.parametrize(
    ("rated_w", "model", "code"),
    [
        (3_000.0, "SUN2000-3KTL-M1", 424),
        (4_600.0, "SUN2000-5KTL-M1", 426),
        (10_000.0, "SUN2000-10KTL-M1", 429),
        (30_000.0, "SUN2000-30KTL-M3", 444),
        (90_000.0, "SUN2000-50KTL-M3", 449),
    ],
)
def test_model_and_type_code_follow_from_the_rating(rated_w: float, model: str, code: int) -> None:
    home = hybrid_home("huawei_sun2000", rated_w=rated_w)
    words = read(home, HOLDING, 30000, 15)
    assert isinstance(words, list)
    assert b"".join(word.to_bytes(2, "big") for word in words).rstrip(b"\0").decode() == model
    assert read(home, HOLDING, 30070, 1) == [code]


def test_a_limit_that_is_not_set_reads_as_the_rating(home: Registers) -> None:
    assert read(home, HOLDING, 40126, 2) == [0, 10_000]
    assert read(home, HOLDING, 47075, 4) == [0, 5_000, 0, 5_000]
    assert write(home, 40126, 0, 4_000) == 0
    assert read(home, HOLDING, 40126, 2) == [0, 4_000]
    assert then(home, 2.0, "pv") == pytest.approx(4_000.0)


def test_currents_of_the_hybrid_agree_with_its_power(home: Registers) -> None:
    assert write(home, 47247, 0, 2_500) == write(home, 47100, 1) == 0
    assert then(home, 5.0) == pytest.approx(-2_500.0)
    words = read(home, HOLDING, 32069, 13)
    assert isinstance(words, list)
    volts, milliamps, watts = words[0] / 10, words[4], words[12]
    assert watts == 3_500
    assert 3 * volts * milliamps / 1000 == pytest.approx(3_500.0, abs=3.0)


def test_the_permission_test_of_clients_succeeds(home: Registers) -> None:
    before = read(home, HOLDING, 43006, 1)
    assert isinstance(before, list)
    assert write(home, 43006, *before) == 0
    assert write(home, 49999, 1) == 0


def test_forced_charging_ends_after_its_period_and_says_so(home: Registers) -> None:
    home.engine.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    assert write(home, 47247, 0, 3_000) == write(home, 47083, 2) == write(home, 47246, 0) == 0
    assert write(home, 47100, 1) == 0
    assert then(home, 118.0) == pytest.approx(-3_000.0)
    assert read(home, HOLDING, 47100, 1) == [1]
    assert then(home, 4.0) == pytest.approx(352.0 - 6_000.0 + 648.0)  # self-consumption, limited to 5 kW
    assert read(home, HOLDING, 47100, 1) == [0]
    log = [entry.text for entry in home.engine.snapshot().log if entry.origin == "end of a timed command"]
    assert any("47100 forced_charge 1 (charge) → 0 (stop)" in text for text in log)


def test_a_client_that_repeats_its_command_is_charged_on(home: Registers) -> None:
    write(home, 47247, 0, 3_000)
    write(home, 47083, 2)
    for _ in range(5):
        write(home, 47100, 1)
        assert then(home, 60.0) == pytest.approx(-3_000.0)


def test_without_a_period_forcing_lasts_until_it_is_stopped(home: Registers) -> None:
    write(home, 47249, 0, 1_000)
    write(home, 47100, 2)
    assert then(home, 600.0) == pytest.approx(1_000.0)
    write(home, 47100, 0)
    assert then(home, 5.0) == pytest.approx(-5_000.0)


def test_forced_discharge_ends_at_its_state_of_charge(home: Registers) -> None:
    assert write(home, 47249, 0, 5_000) == write(home, 47101, 450) == write(home, 47246, 1) == 0
    write(home, 47100, 2)
    assert then(home, 60.0) == pytest.approx(5_000.0)
    home.engine.advance(400.0)
    assert read(home, HOLDING, 47100, 1) == [0]
    assert power(home, "battery") < 0.0
    assert home.engine.telemetry("battery").soc > 0.44


def test_a_target_that_is_reached_already_ends_at_once(home: Registers) -> None:
    write(home, 47101, 300)
    write(home, 47246, 1)
    write(home, 47247, 0, 2_000)
    write(home, 47101, round(home.engine.telemetry("battery").soc * 1000))
    home.engine.submit(SelectMode("battery", "IDLE"))
    soc = read(home, HOLDING, 37760, 1)
    assert isinstance(soc, list)
    write(home, 47101, *soc)
    write(home, 47100, 2)
    home.engine.advance(60.0)
    assert read(home, HOLDING, 47100, 1) == [0]


def test_evcc_holds_charges_and_returns_to_normal(home: Registers) -> None:
    home.engine.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    assert write(home, 40201, 0) == 0  # no sun: the battery covers the load
    assert then(home, 5.0) == pytest.approx(352.0, abs=2.0)
    assert write(home, 47077, 0, 0) == 0  # hold
    assert then(home, 5.0) == 0.0
    assert write(home, 47077, 0, 5_000) == 0
    assert then(home, 5.0) == pytest.approx(352.0, abs=2.0)
    assert write(home, 40200, 0) == write(home, 47075, 0, 0) == 0  # no charging
    assert then(home, 5.0) == 0.0


@pytest.mark.parametrize(
    ("mode", "watts", "tenths", "feed_in_w"),
    [(0, 0, 0, 5_648.0), (1, 0, 0, 5_648.0), (5, 0, 0, 0.0), (6, 1_200, 0, 1_200.0), (7, 0, 150, 1_500.0)],
)
def test_the_feed_in_is_limited_in_each_mode(
    home: Registers, mode: int, watts: int, tenths: int, feed_in_w: float
) -> None:
    assert write(home, 47416, 0, watts) == write(home, 47418, tenths) == write(home, 47415, mode) == 0
    assert then(home, 3.0, "meter") == pytest.approx(-feed_in_w, abs=1.0)
    assert write(home, 47415, 0) == 0
    assert then(home, 3.0, "meter") == pytest.approx(-5_648.0, abs=1.0)


def test_hourly_yield_begins_at_the_hour_and_monthly_yield_with_the_run(home: Registers) -> None:
    engine = home.engine
    engine.advance(3_600.0 - engine.surroundings.day_s % 3_600.0 + 30.0)
    hourly, monthly = read(home, HOLDING, 32112, 2), read(home, HOLDING, 32116, 2)
    assert hourly == [0, 5]  # 6 kW for 30 s
    assert isinstance(monthly, list)
    assert monthly[1] == pytest.approx(engine.telemetry("pv").total_energy_wh / 10, abs=1)


def test_device_identification_names_the_model_and_the_device(home: Registers) -> None:
    objects = encoded(home.identity)
    assert [objects[number] for number in (0, 1, 2)] == [b"HUAWEI", b"SUN2000", b"V100R001C00"]
    assert objects[0x87] == b"\x01"
    assert objects[0x88] == b"1=SUN2000-10KTL-M1;2=V100R001C00;3=P1.0-D5.0;4=pv;5=1;6=1.0"


@pytest.mark.parametrize("identity", [{256: "x"}, {0: "ä"}, {0: "x" * 245}, {"x": "y"}])
def test_an_invalid_identity_is_named(identity: dict[Any, str]) -> None:
    soc = {"name": "soc", "signal": "soc", "table": "input", "address": 0, "type": "uint16", "unit": "%"}
    with pytest.raises(ConfigError, match="identity: expected"):
        mapping(soc, identity=identity)
