"""The grid at the point of connection: frequency, three phase voltages, what disturbs them."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import field
from itertools import repeat
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import NotNegative, Positive, Range
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.physics.noise import generator, normal, ou_coefficients, ou_course
from twin_tui.engine.physics.two_bus import impedance_of, transformer_impedance
from twin_tui.engine.signals import derive, value
from twin_tui.engine.snapshot import ActiveDisturbance
from twin_tui.engine.steps import nearest_steps
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import ConfigError

DEAD_PU = 0.05
"""Below it on every phase there is no voltage: no converter can follow it, and a relay has dropped out."""


@value
class GridParams:
    """An undisturbed grid. Spreads are stationary standard deviations, whatever the time step.

    Without ``short_circuit_va``, ``r_ohm``, ``x_ohm`` and a transformer it is stiff: the site's power does
    not move its voltage.
    """

    nominal_hz: Positive = 50.0
    nominal_v: Positive = 400.0 / math.sqrt(3.0)
    """Phase to neutral, V."""
    frequency_std_hz: Annotated[float, Range(0.0, 5.0)] = 0.0
    frequency_tau_s: NotNegative = 60.0
    frequency_drift_std_hz: Annotated[float, Range(0.0, 5.0)] = 0.0
    """Spread of a second, slower movement: what balancing takes minutes to bring back."""
    frequency_drift_tau_s: NotNegative = 300.0
    voltage_std_pu: Annotated[float, Range(0.0, 0.5)] = 0.0
    """Spread of each phase alone."""
    voltage_tau_s: NotNegative = 30.0
    voltage_drift_std_pu: Annotated[float, Range(0.0, 0.5)] = 0.0
    """Spread of what all three phases do together."""
    voltage_drift_tau_s: NotNegative = 300.0
    short_circuit_va: NotNegative = 0.0
    """Short-circuit power at the connection point; 0 is a stiff grid."""
    x_over_r: Annotated[float, Range(0.0, 100.0)] = 1.0
    """Its reactance over its resistance: 0.3 to 1 for cables at low voltage, 3 to 10 at a transformer."""
    r_ohm: NotNegative = 0.0
    """Resistance of a phase up to the connection point, in place of the short-circuit power."""
    x_ohm: NotNegative = 0.0
    """Its reactance."""
    neutral_over_phase: Annotated[float, Range(0.0, 10.0)] = 0.0
    """Impedance of the neutral over that of a phase: 1 for a cable with four equal wires."""
    transformer_va: NotNegative = 0.0
    """Rating of the site's own transformer, 0 is none; all voltages are those on its secondary side."""
    transformer_short_circuit_pu: Annotated[float, Range(0.001, 0.3)] = 0.06
    """Its short-circuit voltage, per unit."""
    transformer_loss_w: NotNegative = 0.0
    """Its copper loss at rated current."""
    seed: int | None = None
    # impedance of a phase over the square of its nominal voltage: voltages are per unit then, powers in W
    r_per_w: float = field(init=False, default=0.0)
    x_per_w: float = field(init=False, default=0.0)
    neutral_per_w: complex = field(init=False, default=0j)

    def __post_init__(self) -> None:
        bounds.check(self, "the grid")
        r_ohm, x_ohm = self.r_ohm, self.x_ohm
        if self.short_circuit_va and (r_ohm or x_ohm):
            raise ConfigError("give the grid's short-circuit power, or r_ohm and x_ohm, not both")
        if self.short_circuit_va:
            r_ohm, x_ohm = impedance_of(self.short_circuit_va, self.x_over_r, self.nominal_v)
        neutral_ohm = self.neutral_over_phase * complex(r_ohm, x_ohm)
        if neutral_ohm and self.transformer_va:
            raise ConfigError(
                "neutral_over_phase has no effect behind the site's own transformer: its neutral begins there"
            )
        if self.transformer_va:
            resistive_pu = self.transformer_loss_w / self.transformer_va
            if resistive_pu > self.transformer_short_circuit_pu:
                raise ConfigError(
                    f"the transformer's loss, {resistive_pu:.2%} of its rating, is above its short-circuit"
                    f" voltage, {self.transformer_short_circuit_pu:.2%}"
                )
            r, x = transformer_impedance(
                self.transformer_va,
                self.transformer_short_circuit_pu,
                self.transformer_loss_w,
                self.nominal_v,
            )
            r_ohm, x_ohm = r_ohm + r, x_ohm + x
        square = self.nominal_v * self.nominal_v
        neutral_per_w = neutral_ohm / square
        derive(self, r_per_w=r_ohm / square, x_per_w=x_ohm / square, neutral_per_w=neutral_per_w)


GRIDS: Mapping[str, GridParams] = {
    "stiff_50hz": GridParams(),
    "stiff_60hz": GridParams(nominal_hz=60.0, nominal_v=480.0 / math.sqrt(3.0)),
    "nordic": GridParams(
        frequency_std_hz=0.024, frequency_drift_std_hz=0.032, voltage_std_pu=0.002, voltage_drift_std_pu=0.005
    ),
    "continental_europe": GridParams(
        frequency_std_hz=0.012, frequency_drift_std_hz=0.016, voltage_std_pu=0.002, voltage_drift_std_pu=0.005
    ),
    "north_america": GridParams(
        nominal_hz=60.0,
        nominal_v=480.0 / math.sqrt(3.0),
        frequency_std_hz=0.0102,
        frequency_drift_std_hz=0.0136,
        voltage_std_pu=0.002,
        voltage_drift_std_pu=0.005,
    ),
}
"""Grids by name. Frequency spreads together: Nordic 40 mHz, Continental Europe 20 mHz (recalled; the minutes
outside the standard band that the operators allow bound them by 45.6 and 22.8 mHz), Eastern Interconnection
17 mHz (recalled). How they divide into fast and slow, and the voltages, are assumptions. Real frequency is
not Gaussian: play a measured one back where that matters."""


@value
class _Running:
    disturbance: Disturbance
    start_tick: int
    end_tick: int | None


def _noise(dt_s: float, tau_s: float, std: float, seed: int, name: str) -> Iterator[float] | None:
    """Return an Ornstein-Uhlenbeck process with its own generator, tick by tick; None without spread."""
    decay, kick = ou_coefficients(dt_s, tau_s, std)
    if not kick:
        return None
    random = generator(seed, name)
    # begins anywhere in its distribution: a run has the full spread from its first tick
    return ou_course(std * normal(random), decay, kick, random)


class Grid:
    """Writes the grid's part of the surroundings each tick."""

    def __init__(self, params: GridParams, dt_s: float, seed: int) -> None:
        self.params = params
        self._dt_s = dt_s
        own = params.seed if params.seed is not None else seed
        spreads = (
            (params.frequency_tau_s, params.frequency_std_hz, "frequency"),
            (params.frequency_drift_tau_s, params.frequency_drift_std_hz, "frequency drift"),
            (params.voltage_drift_tau_s, params.voltage_drift_std_pu, "voltage drift"),
            *((params.voltage_tau_s, params.voltage_std_pu, f"voltage {phase}") for phase in "abc"),
        )
        noises = [_noise(dt_s, tau_s, std, own, f"grid {name}") for tau_s, std, name in spreads]
        self._steady = not any(noises)
        self._noise = zip(*(noise or repeat(0.0) for noise in noises), strict=False)
        """Of both frequencies, of all voltages together and of each, tick by tick."""
        self._running: list[_Running] = []
        self._first_end: float = math.inf
        self._settled = False

    def add(self, disturbance: Disturbance, start_tick: int) -> str:
        """Start a disturbance in ``start_tick``; return its label."""
        end_tick = None
        if disturbance.duration_s is not None:
            end_tick = start_tick + nearest_steps(disturbance.duration_s, self._dt_s, 1)
        self._running.append(_Running(disturbance, start_tick, end_tick))
        self._note_ends()
        return disturbance.label

    def clear(self, label: str = "") -> tuple[Disturbance, ...]:
        """End the disturbances with this label, or all; return those that ended."""
        ended = [item for item in self._running if not label or item.disturbance.label == label]
        self._running = [item for item in self._running if item not in ended]
        self._note_ends()
        return tuple(item.disturbance for item in ended)

    def active(self, tick: int) -> tuple[ActiveDisturbance, ...]:
        """Return what is in force after ``tick``, with the time that remains."""
        return tuple(
            ActiveDisturbance(
                label=item.disturbance.label,
                text=item.disturbance.text(),
                target=item.disturbance.target.value,
                remaining_s=None if item.end_tick is None else (item.end_tick - tick - 1) * self._dt_s,
            )
            for item in self._running
        )

    def step(self, surroundings: Surroundings) -> tuple[Disturbance, ...]:
        """Write this tick's grid; return the disturbances that ended with the tick before."""
        ended: tuple[Disturbance, ...] = ()
        if surroundings.tick >= self._first_end:
            tick = surroundings.tick
            ended = tuple(
                i.disturbance for i in self._running if i.end_tick is not None and tick >= i.end_tick
            )
            self._running = [i for i in self._running if i.end_tick is None or tick < i.end_tick]
            self._note_ends()
        if self._steady and self._settled:
            return ended
        frequency = self.params.nominal_hz
        a = b = c = 1.0
        if not self._steady:
            fast, slow, common, of_a, of_b, of_c = next(self._noise)
            frequency += fast
            frequency += slow
            common += 1.0
            a, b, c = common + of_a, common + of_b, common + of_c
        if self._running or not self._settled:
            # frequency is the rate of the angle: within the tick that jumps, it is the jump over the tick
            angle_before = surroundings.phase_jump_deg
            frequency, a, b, c = self._disturbed(surroundings, frequency, a, b, c)
            turned = surroundings.phase_jump_deg - angle_before
            frequency += turned / 360.0 / self._dt_s
            self._settled = not self._running and not turned
        a = a if a > 0.0 else 0.0
        b = b if b > 0.0 else 0.0
        c = c if c > 0.0 else 0.0
        surroundings.va_pu = a
        surroundings.vb_pu = b
        surroundings.vc_pu = c
        # phases are 120° apart, so each line voltage lies between its two phase voltages
        low, high = (a, b) if a < b else (b, a)
        surroundings.v_min_pu = c if c < low else low
        surroundings.v_max_pu = high = c if c > high else high
        surroundings.grid_live = live = high >= DEAD_PU
        surroundings.frequency_hz = frequency if live and frequency > 0.0 else 0.0
        return ended

    def _disturbed(
        self, surroundings: Surroundings, frequency: float, a: float, b: float, c: float
    ) -> tuple[float, float, float, float]:
        jump = load = applied = 0.0
        for item in self._running:
            disturbance = item.disturbance
            magnitude = disturbance.at((surroundings.tick - item.start_tick) * self._dt_s)
            target = disturbance.target
            if target is Target.FREQUENCY:
                frequency = magnitude if disturbance.absolute else frequency + magnitude
            elif target is Target.APPLIED:
                before = applied or self.params.nominal_hz
                applied = magnitude if disturbance.absolute else before + magnitude
            elif target is Target.PHASE:
                jump += magnitude
            elif target is Target.UNBALANCE:
                # |V2| = |V0| = u and |V1| = 1 of phasors (1 + 2u, 1 − u, 1 − u)
                a *= 1.0 + 2.0 * magnitude
                b *= 1.0 - magnitude
                c *= 1.0 - magnitude
            elif target is Target.LOAD:
                load += magnitude
            elif target is Target.VOLTAGE:
                phases = disturbance.phases
                a *= magnitude if "a" in phases else 1.0
                b *= magnitude if "b" in phases else 1.0
                c *= magnitude if "c" in phases else 1.0
        surroundings.phase_jump_deg = jump
        surroundings.applied_hz = applied
        surroundings.load_step_w = load
        return frequency, a, b, c

    def deviation(self, target: Target, tick: int, neutral: float) -> float:
        """Return the joint effect of the running disturbances on a target outside the grid: weather, load."""
        effect = neutral
        for item in self._running:
            if item.disturbance.target is target:
                magnitude = item.disturbance.at((tick - item.start_tick) * self._dt_s)
                effect = effect * magnitude if neutral else effect + magnitude
        return effect

    def unsettle(self) -> None:
        """Write the grid again in the next tick: the surroundings were changed elsewhere."""
        self._settled = False

    @property
    def quiet(self) -> bool:
        """Whether no disturbance is running."""
        return not self._running

    def _note_ends(self) -> None:
        ends = [item.end_tick for item in self._running if item.end_tick is not None]
        self._first_end = min(ends, default=math.inf)
        self._settled = False
