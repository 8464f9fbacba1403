"""A Sungrow hybrid as its clients use it: the registers that they read, and what their writes do.

The registers are those of mkaiser's Home Assistant package of 2026-05-04 (99 sensors), of sungrowinverter
0.2.3 and pysungrow 1.1.0, and of evcc's template sungrow-hybrid.
"""

import pytest

from tests.protocols.maps.site import hybrid_home, read, write
from twin_tui.engine.events import SelectMode
from twin_tui.protocols.maps.registers import Registers
from twin_tui.protocols.modbus.memory import Table

INPUT, HOLDING = Table.INPUT_REGISTERS, Table.HOLDING_REGISTERS
ONE_WORD = (
    *(4999, 5000, 5002, 5007, 5010, 5011, 5012, 5013, 5014, 5015, 5018, 5019, 5020, 5034, 5114, 5115, 5241),
    *(5621, 5622, 5627, 5630, 5634, 5635, 5638, 5722, 5723, 5724, 5740, 5741, 5742, 5743, 5744, 5745),
    *(12999, 13000, 13001, 13004, 13011, 13016, 13019, 13022, 13023, 13024, 13025, 13030, 13031, 13032),
    *(13035, 13039, 13044),
)
TWO_WORDS = (
    *(4951, 5003, 5016, 5032, 5213, 5600, 5602, 5604, 5606, 5725, 13002, 13005, 13007, 13009, 13012, 13017),
    *(13026, 13033, 13036, 13040, 13045),
)
TEXTS = {
    4989: 10,
    2581: 11,
    2596: 11,
    2612: 11,
    2628: 11,
    4953: 15,
    4968: 15,
    13249: 15,
    13264: 15,
    13279: 15,
}
SETTINGS = (
    *(13001, 13010, 13049, 13050, 13051, 13057, 13058, 13073, 13074, 13086, 13088, 13089, 13099, 31212),
    *(33046, 33047, 33148, 33149),
)
SENSORS = [
    *((INPUT, address, 1) for address in ONE_WORD),
    *((INPUT, address, 2) for address in TWO_WORDS),
    *((INPUT, address, count) for address, count in TEXTS.items()),
    *((HOLDING, address, 1) for address in SETTINGS),
]
BLOCKS = (
    *((INPUT, 4989, 12), (INPUT, 5000, 50), (INPUT, 12999, 100), (INPUT, 4949, 88), (INPUT, 2791, 8)),
    *((HOLDING, 4999, 6), (HOLDING, 12999, 17), (HOLDING, 13049, 51), (HOLDING, 13054, 3)),
)


@pytest.fixture
def home() -> Registers:
    return hybrid_home("sungrow_sh")


def power(home: Registers, name: str) -> float:
    found: float = home.engine.telemetry(name).active_power_w
    return found


def then(home: Registers, seconds: float, name: str = "battery") -> float:
    home.engine.advance(seconds)
    return power(home, name)


def number(home: Registers, address: int, count: int = 2) -> int:
    """Return a signed number, low word first."""
    words = read(home, INPUT, address, count)
    assert isinstance(words, list)
    raw = sum(word << 16 * at for at, word in enumerate(words))
    return raw - (1 << 16 * count) if raw >> 16 * count - 1 else raw


def test_every_sensor_of_home_assistant_is_answered(home: Registers) -> None:
    assert len(SENSORS) == 99
    missing = [place for place in SENSORS if not isinstance(read(home, *place), list)]
    assert missing == []


@pytest.mark.parametrize(("table", "address", "count"), BLOCKS)
def test_every_block_that_clients_read_is_answered(
    home: Registers, table: Table, address: int, count: int
) -> None:
    assert isinstance(read(home, table, address, count), list)


def test_powers_have_the_signs_that_the_clients_expect(home: Registers) -> None:
    assert write(home, 13049, 2, 0xAA, 2_500) == 0
    assert then(home, 5.0) == pytest.approx(-2_500.0)
    assert number(home, 5213) == -2_500  # negative while it charges
    assert number(home, 13021, 1) == 2_500  # a magnitude
    assert number(home, 5630, 1) < 0
    assert number(home, 5600) == -(6_000 - 2_500 - 352)  # negative while the site sells
    assert number(home, 13009) == 6_000 - 2_500 - 352
    assert number(home, 13033) == 3_500
    assert number(home, 13007) == 352


def test_currents_of_the_hybrid_agree_with_its_power(home: Registers) -> None:
    write(home, 13049, 2, 0xAA, 5_000)
    then(home, 5.0)
    volts, amps = number(home, 5018, 1) / 10, number(home, 13030, 1) / 10
    assert number(home, 13033) == 1_000
    assert 3 * volts * amps == pytest.approx(1_000.0, abs=3 * volts * 0.06)


def test_a_feed_in_of_0_leaves_the_modules_to_load_and_battery(home: Registers) -> None:
    home.engine.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    assert write(home, 13073, 0) == 0
    assert then(home, 5.0) == pytest.approx(-5_000.0)
    assert power(home, "pv") == pytest.approx(5_352.0)
    assert power(home, "meter") == pytest.approx(0.0, abs=1e-6)
    write(home, 33046, 0)
    assert then(home, 5.0, "pv") == pytest.approx(352.0)
    assert power(home, "battery") == 0.0


def test_the_feed_in_limit_is_in_watts_or_percent_and_can_be_disabled(home: Registers) -> None:
    assert read(home, HOLDING, 13073, 1) == [10_000]
    for address, value, feed_in_w in (
        (13073, 1_500, 1_500.0),
        (13087, 250, 2_500.0),
        (13073, 700, 700.0),
        (13086, 0x55, 5_648.0),
        (13073, 100, 5_648.0),
        (13086, 0xAA, 100.0),
    ):
        assert write(home, address, value) == 0
        assert then(home, 3.0, "meter") == pytest.approx(-feed_in_w, abs=1.0)
    assert write(home, 13086, 1) == 3


def test_the_power_limit_acts_while_it_is_enabled(home: Registers) -> None:
    assert write(home, 13089, 300) == 0
    assert then(home, 3.0, "pv") == pytest.approx(6_000.0)
    assert write(home, 13088, 0xAA) == 0
    assert then(home, 3.0, "pv") == pytest.approx(3_000.0)
    assert write(home, 13088, 0x55) == 0
    assert then(home, 3.0, "pv") == pytest.approx(6_000.0)
    assert write(home, 13089, 1_001) == 3


def test_evcc_charges_holds_and_returns_to_normal(home: Registers) -> None:
    assert read(home, HOLDING, 33047, 1) == [500]
    for address, value in ((13049, 2), (13050, 0xAA), (13051, 3_000)):
        assert write(home, address, value) == 0
    assert then(home, 5.0) == pytest.approx(-3_000.0)
    assert write(home, 12999, 0xCE) == 0  # no sun from here on
    for address, value in ((13049, 0), (13050, 0xCC), (33047, 1)):
        assert write(home, address, value) == 0
    assert then(home, 5.0) == pytest.approx(10.0)
    assert write(home, 33047, 500) == 0
    assert then(home, 5.0) == pytest.approx(352.0, abs=2.0)


@pytest.mark.parametrize(
    ("rated_w", "code"), [(4_600.0, 0x0E00), (6_000.0, 0x0E01), (10_000.0, 0x0E03), (25_000.0, 0x0E28)]
)
def test_the_type_code_follows_from_the_rating(rated_w: float, code: int) -> None:
    assert read(hybrid_home("sungrow_sh", rated_w=rated_w), INPUT, 4999, 1) == [code]


def test_the_identity_of_the_battery_is_its_capacity_at_its_voltage(home: Registers) -> None:
    assert read(home, HOLDING, 13054, 3) == [9, 4_000, 25]
    assert read(home, INPUT, 5638, 1) == [1_000]


def test_the_clock_is_that_of_the_site(home: Registers) -> None:
    home.engine.advance(60.0)
    assert read(home, HOLDING, 4999, 6) == [2026, 6, 20, 0, 1, 5]


def test_an_unlisted_input_register_reads_as_not_available_and_a_setting_as_0(home: Registers) -> None:
    assert read(home, INPUT, 5008, 2) == [0xFFFF, 0xFFFF]
    assert read(home, HOLDING, 13060, 1) == [0]
    assert write(home, 13060, 1) == 2
    assert read(home, INPUT, 6000, 1) == 2
