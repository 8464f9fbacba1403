"""The grid at the point of connection: frequency, three phase voltages, what disturbs them."""

import math

from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.physics.noise import generator, ou_coefficients, ou_step
from twin_tui.engine.signals import value
from twin_tui.engine.snapshot import ActiveDisturbance
from twin_tui.engine.surroundings import Surroundings


@value
class GridParams:
    """An undisturbed grid. Spreads are stationary standard deviations, whatever the time step."""

    nominal_hz: float = 50.0
    nominal_v: float = 400.0 / math.sqrt(3.0)
    """Phase to neutral, V."""
    frequency_std_hz: float = 0.0
    frequency_tau_s: float = 60.0
    voltage_std_pu: float = 0.0
    voltage_tau_s: float = 30.0
    seed: int | None = None


@value
class _Running:
    disturbance: Disturbance
    start_tick: int
    end_tick: int | None


class Grid:
    """Writes the grid's part of the surroundings each tick."""

    def __init__(self, params: GridParams, dt_s: float, seed: int) -> None:
        self.params = params
        self._dt_s = dt_s
        own = params.seed if params.seed is not None else seed
        self._frequency_noise = 0.0
        self._frequency_decay, self._frequency_kick = ou_coefficients(
            dt_s, params.frequency_tau_s, params.frequency_std_hz
        )
        self._frequency_random = generator(own, "grid frequency")
        self._voltage_noise = (0.0, 0.0, 0.0)
        self._voltage_decay, self._voltage_kick = ou_coefficients(
            dt_s, params.voltage_tau_s, params.voltage_std_pu
        )
        self._voltage_random = tuple(generator(own, f"grid voltage {phase}") for phase in "abc")
        self._running: list[_Running] = []
        self._first_end: float = math.inf
        self._steady = not params.voltage_std_pu and not params.frequency_std_hz
        self._settled = False

    def add(self, disturbance: Disturbance, start_tick: int) -> str:
        """Start a disturbance in ``start_tick``; return its label."""
        end_tick = None
        if disturbance.duration_s is not None:
            end_tick = start_tick + max(1, round(disturbance.duration_s / self._dt_s))
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

    def step(self, around: Surroundings) -> tuple[Disturbance, ...]:
        """Write this tick's grid; return the disturbances that ended with the tick before."""
        ended: tuple[Disturbance, ...] = ()
        if around.tick >= self._first_end:
            tick = around.tick
            ended = tuple(
                i.disturbance for i in self._running if i.end_tick is not None and tick >= i.end_tick
            )
            self._running = [i for i in self._running if i.end_tick is None or tick < i.end_tick]
            self._note_ends()
        if self._steady and self._settled:
            return ended
        params = self.params
        frequency = params.nominal_hz
        if self._frequency_kick:
            self._frequency_noise = ou_step(
                self._frequency_noise, self._frequency_decay, self._frequency_kick, self._frequency_random
            )
            frequency += self._frequency_noise
        a = b = c = 1.0
        if self._voltage_kick:
            decay, kick = self._voltage_decay, self._voltage_kick
            noise_a, noise_b, noise_c = self._voltage_noise
            random_a, random_b, random_c = self._voltage_random
            noise_a = ou_step(noise_a, decay, kick, random_a)
            noise_b = ou_step(noise_b, decay, kick, random_b)
            noise_c = ou_step(noise_c, decay, kick, random_c)
            self._voltage_noise = (noise_a, noise_b, noise_c)
            a += noise_a
            b += noise_b
            c += noise_c
        jump = 0.0
        live = True
        if self._running:
            frequency, a, b, c, jump = self._disturbed(around.tick, frequency, a, b, c)
            live = max(a, b, c) > 0.0
        else:
            self._settled = True
        around.frequency_hz = frequency if live else 0.0
        around.va_pu = a = a if a > 0.0 else 0.0
        around.vb_pu = b = b if b > 0.0 else 0.0
        around.vc_pu = c = c if c > 0.0 else 0.0
        if a == b == c:
            around.v_min_pu = around.v_max_pu = a
        else:
            around.v_min_pu, around.v_max_pu = extremes(a, b, c)
        around.phase_jump_deg = jump
        around.grid_live = live
        return ended

    def _disturbed(
        self, tick: int, frequency: float, a: float, b: float, c: float
    ) -> tuple[float, float, float, float, float]:
        jump = 0.0
        for item in self._running:
            disturbance = item.disturbance
            magnitude = disturbance.at((tick - item.start_tick) * self._dt_s)
            if disturbance.target is Target.FREQUENCY:
                frequency += magnitude
            elif disturbance.target is Target.PHASE:
                jump += magnitude
            elif disturbance.target is Target.VOLTAGE:
                phases = disturbance.phases
                a *= magnitude if "a" in phases else 1.0
                b *= magnitude if "b" in phases else 1.0
                c *= magnitude if "c" in phases else 1.0
        return frequency, a, b, c, jump

    def deviation(self, target: Target, tick: int, neutral: float) -> float:
        """Return the joint effect of the running disturbances on a target outside the grid: weather, load."""
        effect = neutral
        for item in self._running:
            if item.disturbance.target is target:
                magnitude = item.disturbance.at((tick - item.start_tick) * self._dt_s)
                effect = effect * magnitude if neutral else effect + magnitude
        return effect

    @property
    def quiet(self) -> bool:
        """Whether no disturbance is running."""
        return not self._running

    def _note_ends(self) -> None:
        ends = [item.end_tick for item in self._running if item.end_tick is not None]
        self._first_end = min(ends, default=math.inf)
        self._settled = False


def extremes(a: float, b: float, c: float) -> tuple[float, float]:
    """Return the least and greatest of the phase and line voltages, per unit, phases 120° apart.

    The line voltage between phases of magnitude a and b is √(a² + ab + b²), per unit of √3.
    """
    ab = math.sqrt((a * a + a * b + b * b) / 3.0)
    bc = math.sqrt((b * b + b * c + c * c) / 3.0)
    ca = math.sqrt((c * c + c * a + a * a) / 3.0)
    return min(a, b, c, ab, bc, ca), max(a, b, c, ab, bc, ca)
