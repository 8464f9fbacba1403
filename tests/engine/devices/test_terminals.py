"""What a device measures at its terminals, by hand: voltages, currents, power factor."""

import math

import pytest

from twin_tui.engine.device import DeviceState
from twin_tui.engine.devices.battery_model import BatteryTelemetry
from twin_tui.engine.devices.load import LoadTelemetry
from twin_tui.engine.devices.terminals import BALANCED, Connection, terminals
from twin_tui.engine.surroundings import Surroundings

UNEQUAL = Surroundings(0.1, nominal_v=230.0, va_pu=1.0, vb_pu=0.9, vc_pu=0.5, frequency_hz=49.5)


def test_a_three_phase_device_has_the_same_current_on_every_phase() -> None:
    seen = terminals(BatteryTelemetry, DeviceState(-4_140.0, 3_105.0), UNEQUAL)
    assert seen["apparent_power_va"] == pytest.approx(5_175.0)
    assert (seen["active_power_w"], seen["reactive_power_var"]) == (-4_140.0, 3_105.0)
    assert seen["power_factor"] == pytest.approx(0.8)
    assert seen["frequency_hz"] == 49.5
    amps = [seen[f"current_{phase}_a"] for phase in "abc"]
    assert amps == pytest.approx([5_175.0 / (230.0 + 207.0 + 115.0)] * 3)
    # |a − b| of two phasors 120° apart is the root of a² + ab + b²
    lines = [math.sqrt(a * a + a * b + b * b) for a, b in ((230.0, 207.0), (207.0, 115.0), (115.0, 230.0))]
    assert [seen[f"voltage_{pair}_v"] for pair in ("ab", "bc", "ca")] == pytest.approx(lines)


@pytest.mark.parametrize("phase", [Connection.A, Connection.B, Connection.C])
def test_a_device_on_one_phase_has_its_whole_current_there(phase: Connection) -> None:
    seen = terminals(LoadTelemetry, DeviceState(-2_300.0), UNEQUAL, phase.shares)
    volts = {"a": 230.0, "b": 207.0, "c": 115.0}
    for name, voltage_v in volts.items():
        wanted = 2_300.0 / voltage_v if name == phase.value else 0.0
        assert seen[f"current_{name}_a"] == pytest.approx(wanted)


def test_without_power_the_power_factor_is_one_and_without_voltage_there_is_no_current() -> None:
    dead = Surroundings(0.1, va_pu=0.0, vb_pu=1e-3, vc_pu=2e-3)
    seen = terminals(LoadTelemetry, DeviceState(), dead)
    assert seen["power_factor"] == 1.0
    seen = terminals(LoadTelemetry, DeviceState(-3.0), dead)
    assert (seen["current_a_a"], seen["current_b_a"]) == (0.0, 0.0)
    assert seen["current_c_a"] == pytest.approx(3.0 / (2e-3 * 230.94))


def test_only_what_a_telemetry_declares_is_measured() -> None:
    seen = terminals(LoadTelemetry, DeviceState(-3.0), UNEQUAL)
    assert "voltage_ab_v" not in seen
    assert "frequency_hz" not in seen


def test_shares_add_up_to_the_whole() -> None:
    assert sum(BALANCED) == pytest.approx(1.0)
    assert all(sum(share) == pytest.approx(1.0) for share in [connection.shares for connection in Connection])
