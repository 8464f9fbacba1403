"""Parameters, commands, state and faults of a load."""

from dataclasses import field
from enum import Enum
from math import fsum, sqrt
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import NotNegative, Positive, Range
from twin_tui.engine.device import DeviceState, FaultKind, Status, latching
from twin_tui.engine.devices.terminals import Connection, Draw
from twin_tui.engine.physics.standard_profile import StandardProfile
from twin_tui.engine.physics.voltage_response import DROP_OUT_PU, PICK_UP_PU, STALL_PU, Parts, zip_draw
from twin_tui.engine.signals import commanded, derive, measured, value
from twin_tui.engine.weather import Series
from twin_tui.errors import ConfigError


class Profile(Enum):
    """How the annual energy spreads over the year."""

    FLAT = "flat"
    HOUSEHOLD = "household"


class VoltageModel(Enum):
    """How the consumption follows the voltage: ZIP coefficients of measured loads, or a pure part."""

    MIXED = "mixed"
    """Residential customers of Bokhari et al. (2014)."""
    MOTOR = "motor"
    """Their industrial customers, with contactors that open and motors that stall."""
    RESISTIVE = "resistive"
    CONSTANT_CURRENT = "constant_current"
    CONSTANT_POWER = "constant_power"


ZIP: dict[VoltageModel, tuple[Parts, Parts]] = {
    VoltageModel.MIXED: ((1.50, -2.31, 1.81), (7.41, -11.97, 5.56)),
    VoltageModel.MOTOR: ((1.21, -1.61, 1.40), (4.35, -7.08, 3.73)),
    VoltageModel.RESISTIVE: ((1.0, 0.0, 0.0), (1.0, 0.0, 0.0)),
    VoltageModel.CONSTANT_CURRENT: ((0.0, 1.0, 0.0), (0.0, 1.0, 0.0)),
    VoltageModel.CONSTANT_POWER: ((0.0, 0.0, 1.0), (0.0, 0.0, 1.0)),
}
"""Active and reactive power. Three published constants are off by 0.01, so that each sum is 1."""


@value
class LoadParams:
    """What a load is: a base, an annual energy and a series as far as set, and noise on top.

    All of it is the consumption at nominal voltage.
    """

    base_w: NotNegative
    """Consumption at all times."""
    takes_steps: bool = True
    """Whether load-step disturbances act on this load; one load of a site does."""
    annual_energy_wh: NotNegative = 0.0
    """Energy of a year, in the course of ``profile``."""
    profile: Profile = Profile.HOUSEHOLD
    """The course of the annual energy."""
    standard_profile: StandardProfile | None = None
    """A standard load profile in its place."""
    series: Series | None = None
    """Measured or forecast consumption, W."""
    noise_share: NotNegative = 0.0
    """Spread of the noise as a share of the consumption, whatever the time step."""
    noise_tau_s: NotNegative = 60.0
    """How long a deviation lasts."""
    power_factor: Annotated[float, Range(-1.0, 1.0)] = 1.0
    """Of the consumption; positive takes vars as motors do, negative gives them."""
    phase: Connection = Connection.ABC
    """Where it is connected."""
    initial_consumed_wh: NotNegative = 0.0
    """Reading of the energy counter at the start."""
    voltage_model: VoltageModel = VoltageModel.MIXED
    """How the consumption follows the voltage."""
    zip_active: tuple[float, ...] = ()
    """Constant impedance, current and power shares of the active power, in place of those of the model."""
    zip_reactive: tuple[float, ...] = ()
    """The same of the reactive power."""
    drop_out_pu: Annotated[float | None, Range(0.0, 1.0)] = None
    """Its contactor opens below this voltage of any of its phases; 0 is a load without one."""
    pick_up_pu: Annotated[float, Range(0.0, 1.0)] = PICK_UP_PU
    """The contactor closes, and a stalled motor runs up, from this voltage up."""
    stall_pu: Annotated[float | None, Range(0.0, 1.0)] = None
    """Its motors stall below this voltage of any of its phases; 0 is a load without motors."""
    inrush: NotNegative = 0.0
    """What it takes beyond its consumption when its voltage comes back, as a multiple of it."""
    inrush_s: Positive = 0.3
    """Time constant with which that fades."""
    seed: int | None = None
    """Of the noise; none follows the site's seed and the load's name."""
    key: int = field(default=0, init=False)
    decay: float = field(default=0.0, init=False)
    kick: float = field(default=0.0, init=False)
    var_per_w: float = field(init=False)
    draw: Draw = field(init=False, compare=False)
    """How it follows the voltage while no motor is stalled."""
    opens_pu: float = field(init=False)
    stalls_pu: float = field(init=False)

    def __post_init__(self) -> None:
        bounds.check(self, "a load")
        motor = self.voltage_model is VoltageModel.MOTOR
        opens = (DROP_OUT_PU if motor else 0.0) if self.drop_out_pu is None else self.drop_out_pu
        stalls = (STALL_PU if motor else 0.0) if self.stall_pu is None else self.stall_pu
        if self.pick_up_pu < max(opens, stalls):
            raise ConfigError(
                f"pick_up_pu {self.pick_up_pu:g} of a load is below drop_out_pu or stall_pu; expected "
                f"{max(opens, stalls):g} or more"
            )
        active, reactive = ZIP[self.voltage_model]
        derive(
            self,
            draw=zip_draw(
                _parts("zip_active", self.zip_active, active),
                _parts("zip_reactive", self.zip_reactive, reactive),
            ),
            opens_pu=opens,
            stalls_pu=stalls,
        )
        factor = abs(self.power_factor)
        if not 0.0 < factor <= 1.0:
            raise ConfigError(f"power_factor {self.power_factor:g} of a load is not in -1 … 1, or is 0")
        per_w = sqrt(1.0 - factor * factor) / factor
        derive(self, var_per_w=per_w if self.power_factor > 0.0 else -per_w)


def _parts(name: str, given: tuple[float, ...], usual: Parts) -> Parts:
    if not given:
        return usual
    if len(given) != 3 or not abs(fsum(given) - 1.0) <= 1e-6:
        raise ConfigError(
            f"expected in {name} of a load three shares with the sum 1, such as [0.5, 0.3, 0.2]; found "
            f"{list(given)}"
        )
    impedance, current, power = given
    return impedance, current, power


@value
class LoadCommands:
    """What can be done to a load."""

    extra_w: float = commanded(0.0, "Additional consumption", "W", low=-1e12, high=1e12)
    connected: bool = commanded(True, "Connected to the bus; off sheds the load")
    fault_reset: int = commanded(0, "1 closes a tripped breaker again", low=0, high=65535, momentary=True)


@value
class LoadState(DeviceState):
    """How a load is after a step; consuming is negative power."""

    status: Status = Status.RUNNING
    consumed_wh: float = 0.0
    expected_w: float = 0.0
    """Base, profile and series of the second at hand, without noise."""
    weather_tick: int = -1
    """When that was worked out: it moves once a second, not once a tick."""
    noise: float = 0.0
    contactor_open: bool = False
    stalled_ticks: int = 0
    """How long its motors have been stalled, 0 while they run."""
    inrush: float = 0.0
    """What is left of the inrush, or due with the voltage, as a multiple of the consumption."""


@value
class LoadTelemetry:
    """What a load shows."""

    active_power_w: float = measured("Active power, negative while consuming", "W")
    reactive_power_var: float = measured("Reactive power, negative while taking vars", "var")
    consumption_power_w: float = measured("Power taken", "W", low=0)
    apparent_power_va: float = measured("Apparent power", "VA", low=0)
    power_factor: float = measured("Active over apparent power, 1 without power", "1", low=0, high=1)
    expected_power_w: float = measured("Power of base, profile and series without noise", "W", low=0)
    consumed_energy_wh: float = measured("Energy consumed", "Wh", low=0)
    current_a_a: float = measured("Current of phase a", "A", low=0)
    current_b_a: float = measured("Current of phase b", "A", low=0)
    current_c_a: float = measured("Current of phase c", "A", low=0)
    fault_code: int = measured("Code of the first fault, 0 for none", low=0, high=65535)


FAULTS = (
    FaultKind("breaker_tripped", 8001, "The breaker of the load has tripped"),
    FaultKind("phase_loss", 8002, "One of three phases is missing, and with it a third", latched=False),
    FaultKind("overload", 8003, "The overload relay of a stalled motor has tripped"),
    FaultKind("stalled", 8004, "Its motors do not turn and take several times their current", latched=False),
)
TRIPPED, PHASE_LOSS, OVERLOAD, STALLED = (1 << bit for bit in range(len(FAULTS)))
LATCHING = latching(FAULTS)
