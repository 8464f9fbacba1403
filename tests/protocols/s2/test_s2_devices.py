"""EV, appliance, heat pump, CHP, PV and load in conversation with an energy manager."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from s2_cem import Cem, Remote, dialling

from twin_tui.engine.device import AnyDeviceType, Role, Status
from twin_tui.engine.devices.appliance import APPLIANCE, ApplianceParams
from twin_tui.engine.devices.chp import CHP, ChpParams
from twin_tui.engine.devices.ev_charger import EV_CHARGER, EvParams
from twin_tui.engine.devices.heat_pump import HEAT_PUMP
from twin_tui.engine.devices.heat_pump_model import HeatPumpParams
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Instruct, SelectControl, SelectMode, Write
from twin_tui.engine.s2.descriptions import description_of, offered
from twin_tui.engine.s2.model import ModeDescription, ProfileDescription
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.errors import CommandError

FRBC, OMBC, DDBC = (
    "FILL_RATE_BASED_CONTROL",
    "OPERATION_MODE_BASED_CONTROL",
    "DEMAND_DRIVEN_BASED_CONTROL",
)
PEBC = "POWER_ENVELOPE_BASED_CONTROL"
NOON_UNIX_S = 1_781_956_800.0


def site(kind: AnyDeviceType, params: Any, dt_s: float = 1.0) -> Engine:
    plan = SitePlan("test", (DevicePlan("device", kind, params),), dt_s=dt_s, start_unix_s=NOON_UNIX_S)
    return Engine(plan)


def consumption_w(engine: Engine) -> float:
    return -engine.devices["device"].state.active_power_w


async def begin(cem: Cem, control: str) -> Remote:
    details = await cem.shake_hands()
    assert details["available_control_types"][0] == control
    assert (await cem.select(control))["status"] == "OK"
    name = {FRBC: "FRBC", OMBC: "OMBC", DDBC: "DDBC"}[control]
    return Remote(cem, await cem.expect(f"{name}.SystemDescription"))


async def test_a_charging_station_charges_as_instructed_while_a_vehicle_is_there() -> None:
    engine = site(EV_CHARGER, EvParams(initial_soc=0.4))
    async with Cem() as cem, dialling(engine, cem.url, "device"):
        remote = await begin(cem, FRBC)
        engine.advance(5.0)
        assert consumption_w(engine) == 0.0
        await remote.instructed("charge", 1.0)
        engine.advance(60.0)
        assert consumption_w(engine) == pytest.approx(11_000.0, rel=0.02)
        await remote.instructed("charge", 0.0)
        engine.advance(60.0)
        assert consumption_w(engine) == pytest.approx(6 * 3 * 230.94, rel=0.02)
        level = await cem.expect("FRBC.StorageStatus")
        assert level["present_fill_level"] >= 0.4
        await remote.instructed("idle")
        engine.advance(60.0)
        assert consumption_w(engine) == 0.0
        engine.submit(Write("device", {"plug": 2}))
        engine.advance(5.0)
        await remote.instructed("charge", ends="REJECTED")
        assert engine.snapshot().device("device").control.refused.endswith("no vehicle is plugged in")  # type: ignore[union-attr]


async def test_an_appliance_runs_its_programme_to_the_end_and_is_then_off() -> None:
    engine = site(APPLIANCE, ApplianceParams(2_000.0, 3_600.0, horizon_s=0.0))
    async with Cem() as cem, dialling(engine, cem.url, "device"):
        remote = await begin(cem, OMBC)
        name, _ = await remote.instruct("run")
        timer = await cem.expect(
            "OMBC.TimerStatus", lambda m: m["finished_at"].startswith("2026-06-20T13:00")
        )
        assert timer["timer_id"] == remote.timers["programme"]
        await remote.status(name, "SUCCEEDED")
        engine.advance(1_800.0)
        assert consumption_w(engine) == pytest.approx(2_000.0)
        await remote.instructed("off", ends="REJECTED")
        engine.advance(1_805.0)
        status = await cem.expect(
            "OMBC.Status", lambda m: m["active_operation_mode_id"] == remote.modes["off"]
        )
        assert status["previous_operation_mode_id"] == remote.modes["run"]
        assert consumption_w(engine) == 0.0
        assert engine.telemetry("device").total_energy_wh == pytest.approx(2_000.0)
        await remote.instructed("run")
        engine.advance(10.0)
        assert consumption_w(engine) == pytest.approx(2_000.0)


async def test_a_bidirectional_vehicle_discharges_as_instructed_down_to_its_least_charge() -> None:
    params = EvParams(
        capacity_wh=10_000.0, initial_soc=0.4, max_discharge_power_w=6_000.0, discharging_efficiency=0.9
    )
    engine = site(EV_CHARGER, params)
    async with Cem() as cem, dialling(engine, cem.url, "device"):
        remote = await begin(cem, FRBC)
        await remote.instructed("discharge", 0.5)
        engine.advance(60.0)
        assert consumption_w(engine) == pytest.approx(-3_000.0)
        await remote.instructed("charge", 0.0)
        engine.advance(60.0)
        assert consumption_w(engine) == pytest.approx(6.0 * 3 * 230.94, rel=1e-3)
        await remote.instructed("discharge", 0.0)
        engine.advance(3600.0)
        assert engine.telemetry("device").soc == pytest.approx(0.2, abs=1e-6)
        assert consumption_w(engine) == 0.0


async def test_an_appliance_that_may_not_start_rejects_the_instruction() -> None:
    engine = site(APPLIANCE, ApplianceParams(2_000.0, 600.0))
    async with Cem() as cem, dialling(engine, cem.url, "device"):
        remote = await begin(cem, OMBC)
        await remote.instructed("run")
        engine.advance(700.0)
        await remote.instructed("run", ends="REJECTED")


async def test_an_appliance_runs_the_profile_that_was_scheduled() -> None:
    profile = (2.0, 0.0, 1.0)
    engine = site(APPLIANCE, ApplianceParams(1_000.0, 3_600.0, profile=profile))
    async with Cem() as cem, dialling(engine, cem.url, "device"):
        await cem.shake_hands()
        assert (await cem.select("POWER_PROFILE_BASED_CONTROL"))["status"] == "OK"
        definition = await cem.expect("PPBC.PowerProfileDefinition")
        (container,) = definition["power_sequences_containers"]
        (sequence,) = container["power_sequences"]
        watts = [e["power_values"][0]["value_expected"] for e in sequence["elements"]]
        assert watts == pytest.approx([2_000.0, 0.0, 1_000.0])

        async def send(kind: str, **rest: Any) -> tuple[str, dict[str, Any]]:
            content = {
                "id": str(uuid.uuid4()),
                "power_profile_id": definition["id"],
                "sequence_container_id": container["id"],
                "power_sequence_id": sequence["id"],
                "execution_time": "2020-01-01T00:00:00Z",
                "abnormal_condition": False,
                **rest,
            }
            return content["id"], await cem.send(f"PPBC.{kind}Instruction", **content)

        async def status(state: str) -> dict[str, Any]:
            message = await cem.expect(
                "PPBC.PowerProfileStatus", lambda m: m["sequence_container_status"][0]["status"] == state
            )
            found: dict[str, Any] = message["sequence_container_status"][0]
            return found

        await status("NOT_SCHEDULED")
        for unknown in ("power_profile_id", "sequence_container_id", "power_sequence_id"):
            _, answer = await send("Schedule", **{unknown: str(uuid.uuid4())})
            assert answer["status"] == "INVALID_CONTENT"
        held, answer = await send("Schedule", execution_time="2026-06-20T12:10:00Z")
        assert answer["status"] == "OK"
        await status("SCHEDULED")
        await cem.send("RevokeObject", object_type="PPBC.ScheduleInstruction", object_id=held)
        await status("NOT_SCHEDULED")
        _, answer = await send("Schedule", execution_time="2026-06-20T12:10:00Z")
        engine.advance(600.0)
        assert consumption_w(engine) == 0.0
        engine.advance(60.0)
        assert consumption_w(engine) == pytest.approx(2_000.0)
        assert (await status("EXECUTING"))["progress"] == 0
        stopped, answer = await send("StartInterruption")
        assert answer["status"] == "OK"
        await cem.expect(
            "InstructionStatusUpdate",
            lambda m: m["instruction_id"] == stopped and m["status_type"] == "REJECTED",
        )
        engine.advance(3_600.0)
        assert (await status("FINISHED"))["progress"] == 3_600_000
        assert engine.telemetry("device").total_energy_wh == pytest.approx(1_000.0)


@pytest.mark.parametrize("version", ["0.0.2-beta", "1.0.0-beta"])
async def test_a_heat_pump_supplies_what_is_instructed_and_rests_between_runs(version: str) -> None:
    engine = site(HEAT_PUMP, HeatPumpParams())
    async with Cem(version=version) as cem, dialling(engine, cem.url, "device"):
        remote = await begin(cem, DDBC)
        if version == "1.0.0-beta":
            demand = (await cem.expect("DDBC.PresentDemandStatus"))["present_demand_rate"]
            assert demand["start_of_range"] == pytest.approx(engine.telemetry("device").heat_demand_w)
        engine.advance(300.0)
        await remote.instructed("heat", 1.0)
        engine.advance(120.0)
        assert engine.telemetry("device").heat_power_w == pytest.approx(8_000.0, rel=0.01)
        await remote.instructed("heat", 0.0)
        engine.advance(120.0)
        assert engine.telemetry("device").heat_power_w == pytest.approx(2_400.0, rel=0.01)
        await remote.instructed("off")
        engine.advance(100.0)
        assert consumption_w(engine) == 0.0
        await remote.instructed("heat", ends="REJECTED")
        engine.advance(81.0)
        await remote.instructed("heat")
        await cem.hang_up()
        await cem.shake_hands()
    assert engine.devices["device"].commands.automatic is True


async def test_a_running_heat_pump_goes_on_until_it_is_instructed() -> None:
    engine = site(HEAT_PUMP, HeatPumpParams(initial_tank_c=36.0))
    engine.advance(60.0)
    heat_w = engine.telemetry("device").heat_power_w
    assert heat_w == pytest.approx(8_000.0)
    async with Cem() as cem, dialling(engine, cem.url, "device"):
        remote = await begin(cem, DDBC)
        status = await cem.expect("DDBC.ActuatorStatus")
        assert status["active_operation_mode_id"] == remote.modes["heat"]
        assert status["operation_mode_factor"] == pytest.approx(1.0)
        engine.advance(60.0)
        assert engine.telemetry("device").heat_power_w == pytest.approx(heat_w)
        await remote.instructed("off")
        engine.advance(60.0)
        assert consumption_w(engine) == 0.0
        # the compressor's pause goes on after another selection
        assert (await cem.select(DDBC))["status"] == "OK"
        remote = Remote(cem, await cem.expect("DDBC.SystemDescription"))
        await remote.instructed("heat", ends="REJECTED")
        engine.advance(121.0)
        await remote.instructed("heat")


async def test_an_appliance_that_runs_is_found_running_and_off_after_its_programme() -> None:
    engine = site(APPLIANCE, ApplianceParams(consumption_wh=1_000.0, duration_s=3_600.0))
    engine.submit(Write("device", {"run": True}))
    engine.advance(600.0)
    async with Cem() as cem, dialling(engine, cem.url, "device"):
        remote = await begin(cem, OMBC)
        assert (await cem.expect("OMBC.Status"))["active_operation_mode_id"] == remote.modes["run"]
        await remote.instructed("off", ends="REJECTED")
        engine.advance(2_999.0)
        assert consumption_w(engine) > 0.0
        engine.advance(2.0)
        status = await cem.expect("OMBC.Status")
        assert status["active_operation_mode_id"] == remote.modes["off"]
        assert engine.telemetry("device").total_energy_wh == pytest.approx(1_000.0)


async def test_a_running_chp_keeps_its_load_until_it_is_instructed() -> None:
    engine = site(CHP, ChpParams(20_000.0))
    engine.submit(Write("device", {"start_stop": 1, "load_setpoint_pu": 0.7}))
    engine.advance(300.0)
    async with Cem() as cem, dialling(engine, cem.url, "device"):
        remote = await begin(cem, DDBC)
        status = await cem.expect("DDBC.ActuatorStatus")
        assert status["active_operation_mode_id"] == remote.modes["run"]
        assert status["operation_mode_factor"] == pytest.approx(0.5)
        engine.advance(60.0)
        assert consumption_w(engine) == pytest.approx(-14_000.0)


async def test_a_chp_starts_through_its_sequence_and_then_follows_the_factor() -> None:
    engine = site(CHP, ChpParams(20_000.0))
    async with Cem() as cem, dialling(engine, cem.url, "device"):
        remote = await begin(cem, DDBC)
        name, _ = await remote.instruct("run", 1.0)
        await remote.status(name, "STARTED")
        engine.advance(100.0)
        assert consumption_w(engine) == 0.0
        engine.advance(60.0)
        await remote.status(name, "SUCCEEDED")
        assert consumption_w(engine) == pytest.approx(-6_000.0)
        await remote.instructed("run", 0.5)
        engine.advance(60.0)
        assert consumption_w(engine) == pytest.approx(-14_000.0)
        name, _ = await remote.instruct("off")
        engine.advance(60.0)
        await remote.status(name, "SUCCEEDED")
        assert engine.devices["device"].state.status is Status.STANDBY


async def test_a_pv_plant_keeps_within_the_envelope_and_is_free_after_it() -> None:
    engine = site(PV, PvParams(10_000.0, 12_000.0))
    engine.advance(5.0)
    free_w = consumption_w(engine)
    assert free_w < -5_000.0
    async with Cem() as cem, dialling(engine, cem.url, "device"):
        details = await cem.shake_hands()
        assert details["provides_forecast"] is True
        assert (await cem.select(PEBC))["status"] == "OK"
        constraints = await cem.expect("PEBC.PowerConstraints")
        forecast = next(m for m in cem.messages if m["message_type"] == "PowerForecast")
        expected = [e["power_values"][0]["value_expected"] for e in forecast["elements"]]
        assert len(expected) == 96
        assert expected[0] == pytest.approx(free_w, rel=0.05)
        assert min(expected) < -5_000.0
        assert max(expected) == pytest.approx(0.0, abs=100.0)

        def envelope(*limits: tuple[int, float, float], constraints_id: str = "") -> dict[str, Any]:
            return {
                "id": str(uuid.uuid4()),
                "execution_time": "2020-01-01T00:00:00Z",
                "abnormal_condition": False,
                "power_constraints_id": constraints_id or constraints["id"],
                "power_envelopes": [
                    {
                        "id": "envelope",
                        "commodity_quantity": "ELECTRIC.POWER.3_PHASE_SYMMETRIC",
                        "power_envelope_elements": [
                            {"duration": ms, "upper_limit": upper, "lower_limit": lower}
                            for ms, upper, lower in limits
                        ],
                    }
                ],
            }

        wrong = await cem.send("PEBC.Instruction", **envelope((1000, 0.0, -20_000.0)))
        assert wrong["status"] == "INVALID_CONTENT"
        wrong = await cem.send("PEBC.Instruction", **envelope((1000, 0.0, 0.0), constraints_id="other"))
        assert wrong["status"] == "INVALID_CONTENT"
        first = envelope((60_000, 0.0, -4_000.0), (60_000, 0.0, -1_000.0))
        assert (await cem.send("PEBC.Instruction", **first))["status"] == "OK"
        engine.advance(60.0)
        assert consumption_w(engine) == pytest.approx(-4_000.0)
        engine.advance(60.0)
        assert consumption_w(engine) == pytest.approx(-1_000.0)
        engine.advance(5.0)
        assert consumption_w(engine) == pytest.approx(free_w, rel=0.01)
        await cem.expect("InstructionStatusUpdate", lambda m: m["status_type"] == "SUCCEEDED")


@pytest.mark.parametrize("role", Role)
async def test_a_type_introduces_itself_in_the_role_that_it_declares(role: Role) -> None:
    engine = site(replace(LOAD, kind="kettle", role=role), LoadParams(1_500.0))
    async with Cem() as cem, dialling(engine, cem.url, "device"):
        details = await cem.shake_hands()
        assert details["roles"] == [{"role": f"ENERGY_{role.name}", "commodity": "ELECTRICITY"}]


async def test_a_load_can_be_watched_but_not_controlled() -> None:
    engine = site(LOAD, LoadParams(1_500.0))
    engine.advance(1.0)
    async with Cem() as cem, dialling(engine, cem.url, "device"):
        details = await cem.shake_hands()
        assert details["available_control_types"] == ["NOT_CONTROLABLE"]
        assert (await cem.expect("PowerMeasurement"))["values"][0]["value"] == pytest.approx(1_500.0)
        assert (await cem.select("NOT_CONTROLABLE"))["status"] == "OK"
        assert (await cem.select(FRBC))["status"] == "INVALID_CONTENT"


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        (EV_CHARGER, EvParams()),
        (EV_CHARGER, EvParams(vehicle_phases=1, taper_from_soc=1.0)),
        (APPLIANCE, ApplianceParams(1_000.0, 3_600.0, profile=(2.0, 0.0, 1.0))),
        (CHP, ChpParams(20_000.0)),
        (HEAT_PUMP, HeatPumpParams()),
    ],
)
def test_every_device_describes_itself_without_contradiction(kind: AnyDeviceType, params: Any) -> None:
    engine = site(kind, params)
    device = engine.devices["device"]
    for control in offered(device):
        description = description_of(device, control, engine.surroundings)
        if isinstance(description, ModeDescription):
            description.check("device")
        else:
            assert isinstance(description, ProfileDescription)
            assert sum(ms for ms, _ in description.sequences[0].elements) == 3_600_000


def test_an_appliance_and_a_charging_station_have_modes_of_their_own() -> None:
    engine = site(EV_CHARGER, EvParams())
    engine.submit(SelectMode("device", "GRID_SUPPORT_IMPORT", 0.5))
    engine.advance(60.0)
    assert engine.snapshot().device("device").mode == "FORCED_CHARGE"
    assert consumption_w(engine) == pytest.approx(5_500.0, rel=0.02)
    engine = site(APPLIANCE, ApplianceParams(1_000.0, 3_600.0))
    engine.submit(SelectMode("device", "RUN"))
    engine.advance(60.0)
    assert consumption_w(engine) == pytest.approx(1_000.0)
    with pytest.raises(CommandError, match="an appliance has no mode 'FORCED_CHARGE'; known: IDLE, RUN"):
        engine.submit(SelectMode("device", "FORCED_CHARGE"))


def test_a_recorded_run_under_s2_replays_from_its_events() -> None:
    engine = site(EV_CHARGER, EvParams())
    events: list[Any] = []
    engine.listeners.append(lambda tick, event: events.append((tick, event)))
    engine.submit(SelectControl("device", "FRBC"))
    engine.submit(Instruct("device", {"id": "i1", "mode": "charge", "factor": 0.5}))
    engine.advance(30.0)
    later = {"id": "i2", "mode": "idle", "execute_unix_s": NOON_UNIX_S + 60.0}
    engine.submit(Instruct("device", later))
    engine.advance(60.0)
    again = site(EV_CHARGER, EvParams())
    for tick, event in events:
        again.file_event(event, tick, recorded=True)
    again.advance(90.0)
    assert again.devices["device"].state == engine.devices["device"].state
    assert list(again.log) == list(engine.log)
