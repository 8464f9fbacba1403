"""Models 705 to 711: stored curves, which become the settings in force when they are adopted."""

import pytest

from tests.protocols.sunspec.points import SunSpecDevice, plant, storage
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.events import Disturb

COMPLETED, FAILED = 1, 2
VOLT_VAR = {"V": (92.0, 97.0, 103.0, 107.0), "Var": (30.0, 0.0, 0.0, -60.0)}


def store(device: SunSpecDevice, model: int, curve: int, **columns: tuple[float, ...]) -> None:
    """Write the points of a curve."""
    for name, numbers in columns.items():
        for point, number in enumerate(numbers, 1):
            assert device.write(**{f"m{model}_Crv{curve}_Pt{point}_{name}": number}) == 0
    count = len(next(iter(columns.values())))
    assert device.write(**{f"m{model}_Crv{curve}_ActPt": count}) == 0


def at_voltage(device: SunSpecDevice, pu: float) -> None:
    """Have the grid at another voltage for a minute."""
    device.engine.submit(Disturb(Disturbance(Target.VOLTAGE, pu)))
    device.after(60.0)


@pytest.mark.parametrize("device", [plant, storage])
def test_an_adopted_volt_var_curve_shows_in_the_reactive_power(device: object) -> None:
    twin = device()  # type: ignore[operator]
    store(twin, 705, 2, **VOLT_VAR)
    assert twin.read("m705_Crv1_Pt1_Var") != 30.0, "a stored curve is not in force"
    twin.write(m705_Ena=1, m705_AdptCrvReq=2)
    assert twin.read("m705_AdptCrvRslt") == COMPLETED
    assert [twin.read(f"m705_Crv1_Pt{n}_V") for n in (1, 2, 3, 4)] == list(VOLT_VAR["V"])
    assert [twin.read(f"m705_Crv1_Pt{n}_Var") for n in (1, 2, 3, 4)] == list(VOLT_VAR["Var"])
    at_voltage(twin, 1.05)
    state, params = twin.device.state, twin.device.params
    rating = getattr(params, "s_max_va", None) or params.rated_va
    assert state.reactive_power_var == pytest.approx(-0.3 * rating, rel=1e-3)


def test_the_curve_in_force_is_read_only() -> None:
    device = plant()
    assert device.write(m705_Crv1_Pt1_V=90.0) == 2
    assert device.read("m705_Crv1_ReadOnly") == 1
    assert device.read("m705_Crv2_ReadOnly") == 0


def test_a_curve_with_falling_voltages_fails_and_changes_nothing() -> None:
    device = plant()
    before = [device.read(f"m705_Crv1_Pt{n}_V") for n in (1, 2, 3, 4)]
    store(device, 705, 2, V=(97.0, 92.0, 103.0, 107.0), Var=VOLT_VAR["Var"])
    assert device.write(m705_AdptCrvReq=2) == 0
    assert device.read("m705_AdptCrvRslt") == FAILED
    assert [device.read(f"m705_Crv1_Pt{n}_V") for n in (1, 2, 3, 4)] == before


@pytest.mark.parametrize("model", [705, 706])
def test_an_empty_curve_fails(model: int) -> None:
    device = plant()
    device.write(**{f"m{model}_AdptCrvReq": 3})
    assert device.read(f"m{model}_AdptCrvRslt") == FAILED


def test_a_curve_of_fewer_points_ends_with_its_last() -> None:
    device = plant()
    store(device, 705, 2, V=(103.0, 107.0), Var=(0.0, -60.0))
    device.write(m705_AdptCrvReq=2)
    assert [device.read(f"m705_Crv1_Pt{n}_V") for n in (1, 2, 3, 4)] == [103.0, 107.0, 107.0, 107.0]
    assert device.read("m705_Crv1_Pt4_Var") == -60.0


def test_an_adopted_curve_reverts_to_the_one_before_or_to_the_one_named() -> None:
    device = plant()
    before = device.read("m705_Crv1_Pt1_Var")
    store(device, 705, 2, **VOLT_VAR)
    store(device, 705, 3, V=VOLT_VAR["V"], Var=(20.0, 0.0, 0.0, -20.0))
    device.write(m705_RvrtTms=10, m705_AdptCrvReq=2)
    assert device.read("m705_RvrtRem") == 10
    device.after(12.0)
    assert device.read("m705_Crv1_Pt1_Var") == before
    device.write(m705_RvrtCrv=3, m705_AdptCrvReq=2)
    device.after(12.0)
    assert device.read("m705_Crv1_Pt1_Var") == 20.0


def test_an_adopted_volt_watt_curve_limits_the_power() -> None:
    device = plant()
    store(device, 706, 2, V=(102.0, 106.0), W=(100.0, 0.0))
    device.write(m706_Ena=1, m706_AdptCrvReq=2)
    assert device.read("m706_AdptCrvRslt") == COMPLETED
    at_voltage(device, 1.05)
    assert device.power_w == pytest.approx(2_500.0, rel=1e-2)


@pytest.mark.parametrize(
    ("model", "unit", "limits", "settings"),
    [
        (707, "V", (85.0, 60.0), ("trip_uv1_pu", "trip_uv2_pu")),
        (708, "V", (112.0, 118.0), ("trip_ov1_pu", "trip_ov2_pu")),
        (709, "Hz", (58.4, 56.4), ("trip_uf1_hz", "trip_uf2_hz")),
        (710, "Hz", (61.3, 62.1), ("trip_of1_hz", "trip_of2_hz")),
    ],
)
def test_trip_stages_are_adopted_and_fewer_points_switch_the_outer_one_off(
    model: int, unit: str, limits: tuple[float, float], settings: tuple[str, str]
) -> None:
    device = plant()
    for point, limit in enumerate(limits, 1):
        name = f"m{model}_Crv2_MustTrip_Pt{point}"
        assert device.write(**{f"{name}_{unit}": limit, f"{name}_Tms": 2.5 / point}) == 0
    if unit == "V":
        device.write(**{f"m{model}_Crv2_MomCess_Pt1_V": 50.0 if model == 707 else 120.0})
        device.write(**{f"m{model}_Crv2_MomCess_Pt1_Tms": 0, f"m{model}_Crv2_MomCess_ActPt": 1})
    device.write(**{f"m{model}_Crv2_MustTrip_ActPt": 2, f"m{model}_AdptCrvReq": 2})
    assert device.read(f"m{model}_AdptCrvRslt") == COMPLETED
    scale = 100.0 if unit == "V" else 1.0
    found = [getattr(device.device.commands, name) * scale for name in settings]
    assert found == pytest.approx(limits)
    device.write(**{f"m{model}_Crv2_MustTrip_ActPt": 1, f"m{model}_AdptCrvReq": 2})
    off = type(device.device.commands.settings)()
    assert getattr(device.device.commands, settings[1]) == getattr(off, settings[1])


def test_an_adopted_trip_stage_trips() -> None:
    device = plant()
    device.write(m708_Crv2_MustTrip_Pt1_V=104.0, m708_Crv2_MustTrip_Pt1_Tms=5.0, m708_Crv2_MustTrip_ActPt=1)
    device.write(m708_AdptCrvReq=2)
    device.engine.submit(Disturb(Disturbance(Target.VOLTAGE, 1.05)))
    assert device.after(3.0) > 0.0
    assert device.after(4.0) == 0.0


def test_a_droop_is_adopted_and_answers_the_frequency() -> None:
    device = plant()
    device.write(m711_Ctl2_DbOf=0.1, m711_Ctl2_KOf=0.04, m711_Ctl2_RspTms=1.0, m711_Ena=1, m711_AdptCtlReq=2)
    assert device.read("m711_AdptCtlRslt") == COMPLETED
    assert (device.read("m711_Ctl1_DbOf"), device.read("m711_Ctl1_KOf")) == pytest.approx((0.1, 0.04))
    device.after(1.0)
    device.engine.submit(Disturb(Disturbance(Target.FREQUENCY, 0.58)))
    assert device.after(30.0) == pytest.approx(8_000.0 - (0.58 - 0.1) / (60.0 * 0.04) * 10_000.0, rel=1e-2)


def test_a_function_is_switched_on_and_off() -> None:
    device = plant()
    for model, setting in ((705, "volt_var_enabled"), (706, "volt_watt_enabled"), (711, "droop_enabled")):
        for on in (0, 1, 0):
            assert device.write(**{f"m{model}_Ena": on}) == 0
            assert getattr(device.device.commands, setting) == bool(on)
    assert device.write(m707_Ena=0) == 3, "stages are switched off with fewer points"
