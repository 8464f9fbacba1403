"""Electrical laws on random sites with every disturbance, fault and command: counts checks and breaches.

    python -m benchmarks.laws [--sites 60] [--ticks 1500] [--seed 1]

Of each phase of each device: P² + Q² = (U·I)², the phases sum to the device, no current in a dead phase, no
more than the rated current of a converter. Of the bus: powers and phases sum to zero, meters show it. Of the
DC side: V·I = P, no cell beyond its voltage, loss ≥ 0, energy in = energy out. Exit code 1 with a breach.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from math import hypot, isfinite, sqrt
from random import Random
from typing import Any

from benchmarks.random_sites import first_events, random_event, random_site
from twin_tui.engine.device import Stage
from twin_tui.engine.devices.battery_model import DC_CONTACTOR_OPEN
from twin_tui.engine.devices.terminals import BALANCED, PhasePowers, Phases, phase_powers
from twin_tui.engine.engine import Engine
from twin_tui.engine.physics.electrical import NO_VOLTAGE_PU
from twin_tui.engine.running import Device
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import CommandError

Check = tuple[str, bool, str]
"""A law, whether it holds, and the figures."""


@dataclass
class Tally:
    """How often each law was checked, and what broke it."""

    checks: Counter[str] = field(default_factory=Counter)
    breaches: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    """The first breach of each law."""

    def count(self, checks: Iterator[Check], where: str) -> None:
        """Count checks that were made at one moment."""
        for law, holds, figures in checks:
            self.checks[law] += 1
            if not holds:
                self.breaches[law] += 1
                self.first.setdefault(law, f"{where}: {figures}")


def near(found: float, expected: float, scale: float) -> bool:
    """Return whether two powers or energies are equal but for rounding at this scale."""
    return abs(found - expected) <= 1e-9 * scale + 1e-6


def powers_of(device: Device, surroundings: Surroundings) -> PhasePowers:
    """Return the power of each phase of a device."""
    shares, draw, state = device.type.shares, device.type.draw, device.state
    powers = phase_powers(
        state.active_power_w,
        state.reactive_power_var,
        BALANCED if shares is None else shares(device.params, state),
        surroundings,
        None if draw is None else draw(device.params, state),
    )
    unbalance = surroundings.island_unbalance
    if unbalance is None or not forms(device):
        return powers
    a_w, b_w, c_w, a_var, b_var, c_var = [
        power + device.params.rated_va * more for power, more in zip(powers, unbalance, strict=True)
    ]
    return a_w, b_w, c_w, a_var, b_var, c_var


def forms(device: Device) -> bool:
    """Return whether a device can form an island now."""
    offer = device.type.forms
    return offer is not None and offer(device.params, device.state, device.commands) is not None


def _volts(surroundings: Surroundings) -> Phases:
    nominal = surroundings.nominal_v
    return surroundings.va_pu * nominal, surroundings.vb_pu * nominal, surroundings.vc_pu * nominal


def rated_current(device: Device, surroundings: Surroundings) -> float | None:
    """Return the greatest current of a phase, A, of a device that has one."""
    params, three_phases = device.params, 3.0 * surroundings.nominal_v
    if device.type.kind == "battery":
        return float(params.rated_va * params.max_current_pu / three_phases)
    if device.type.kind == "pv":
        return float(params.s_max_va * params.max_current_pu / three_phases)
    if device.type.kind == "chp":
        return float(params.rated_w * max(params.max_load_pu, 1 / params.rated_power_factor) / three_phases)
    return float(params.max_current_a) if device.type.kind == "ev_charger" else None


def of_device(device: Device, seen: Any, surroundings: Surroundings) -> Iterator[Check]:
    """Check the AC side of a device that is not a meter."""
    state = device.state
    powers = powers_of(device, surroundings)
    scale = hypot(state.active_power_w, state.reactive_power_var)
    active, reactive = sum(powers[:3]), sum(powers[3:])
    yield "phases sum to P", near(active, state.active_power_w, scale), f"{active} {state.active_power_w}"
    yield "phases sum to Q", near(reactive, state.reactive_power_var, scale), f"{reactive}"
    at_converter = getattr(seen, "active_power_w", state.active_power_w)
    limit_a = rated_current(device, surroundings)
    in_all = 0.0
    for phase, volts, p, q in zip("abc", _volts(surroundings), powers[:3], powers[3:], strict=True):
        if volts <= NO_VOLTAGE_PU * surroundings.nominal_v:
            yield "no power in a dead phase", p == q == 0.0, f"{phase}: {p} W {q} var at {volts} V"
        amps = getattr(seen, f"current_{phase}_a", None)
        if amps is None:
            continue
        in_all += volts * amps
        if at_converter == state.active_power_w:
            yield (
                "U·I = S on each phase",
                near(volts * amps, hypot(p, q), scale),
                f"{phase}: {volts} V {amps} A",
            )
        if volts <= NO_VOLTAGE_PU * surroundings.nominal_v:
            yield "no current in a dead phase", amps == 0.0, f"{phase}: {amps} A"
        if limit_a is not None:
            yield "|I| ≤ limit", amps <= limit_a * (1 + 1e-9) + 1e-9, f"{phase}: {amps} of {limit_a} A"
    unbalanced = surroundings.island_unbalance is not None and forms(device)
    if device.type.draw is None and hasattr(seen, "current_a_a") and not unbalanced:
        va = hypot(at_converter, state.reactive_power_var)
        yield "ΣU·I = S", near(in_all, va, scale + va), f"{in_all} {va}"
    rated = getattr(device.params, "s_max_va", None) or getattr(device.params, "rated_va", None)
    if rated is not None:
        va = hypot(at_converter, state.reactive_power_var)
        yield "S ≤ rating", va <= rated * (1 + 1e-9), f"{va} of {rated} VA"


def of_dc_side(device: Device, seen: Any, before: Any, dt_s: float) -> Iterator[Check]:
    """Check the DC side of a battery or a PV plant."""
    kind = device.type.kind
    state: Any = device.state
    if kind not in ("battery", "pv"):
        return
    watts = seen.dc_voltage_v * seen.dc_current_a
    yield "V·I = P on the DC side", near(watts, seen.dc_power_w, abs(watts)), f"{watts} {seen.dc_power_w}"
    if kind == "pv":
        loss = state.dc_power_w - state.active_power_w
        yield "loss ≥ 0", loss >= -1e-9 * device.params.rated_w, f"{loss}"
        yield (
            "DC power ≤ available",
            state.dc_power_w <= state.dc_available_w * (1 + 1e-9),
            f"{state.dc_power_w}",
        )
        return
    scale = abs(seen.active_power_w) + state.loss_w
    yield "loss ≥ 0", state.loss_w >= -1e-9 * scale, f"{state.loss_w}"
    inner = seen.active_power_w + state.loss_w - seen.dc_power_w
    yield "DC power + I²R = AC power + loss", inner >= -1e-6 - 1e-9 * scale, f"{inner}"
    if not state.faults & DC_CONTACTOR_OPEN:
        cell, volts = device.params.cell, seen.dc_voltage_v / device.params.series
        within = cell.low_v - 1e-9 <= volts <= cell.high_v + 1e-9
        yield "cell voltage within its limits", within, f"{volts} V of {cell.low_v} … {cell.high_v} V"
    if before is not None:
        gone = before.energy_wh - state.energy_wh
        faded = state.ageing.faded_wh - before.ageing.faded_wh
        taken = (seen.active_power_w + state.loss_w) * dt_s / 3600.0 + faded
        room = device.params.capacity_wh + abs(taken)
        yield (
            "energy out of the cells = P + loss",
            abs(gone - taken) <= 1e-11 * room + 1e-9,
            f"{gone} {taken}",
        )
        charged = 0.0 <= state.energy_wh <= state.ageing.capacity_wh
        yield "energy within the capacity", charged, f"{state.energy_wh} of {state.ageing.capacity_wh} Wh"


def of_bus(engine: Engine) -> Iterator[Check]:
    """Check what crosses the point of connection, by phase."""
    surroundings = engine.surroundings
    devices = [device for device in engine.devices.values() if device.type.stage is not Stage.METER]
    watts = [device.state.active_power_w for device in devices]
    scale = sum(map(abs, watts))
    yield "the bus sums to zero", near(sum(watts) + surroundings.grid_w, 0.0, scale), f"{surroundings.grid_w}"
    if len(devices) == len(engine.devices):
        return  # the flows by phase are worked out for meters
    found = (
        *(surroundings.grid_a_w, surroundings.grid_b_w, surroundings.grid_c_w),
        *(surroundings.grid_a_var, surroundings.grid_b_var, surroundings.grid_c_var),
    )
    if surroundings.islanded:
        yield "no phase crosses an open switch", not any(found), f"{found}"
    by_device = [powers_of(device, surroundings) for device in devices]
    for place, flow in enumerate(found):
        total = sum(powers[place] for powers in by_device)
        largest = sum(abs(powers[place]) for powers in by_device)
        yield (
            "each phase of the bus sums to zero",
            near(total + flow, 0.0, scale + largest),
            f"{place}: {total} {flow}",
        )


def of_meter(device: Device, seen: Any) -> Iterator[Check]:
    """Check that what a sound meter shows of a phase is U·I = S."""
    if device.state.faults:
        return
    for phase in "abc":
        volts, amps = getattr(seen, f"voltage_{phase}_v"), getattr(seen, f"current_{phase}_a")
        va = getattr(seen, f"apparent_power_{phase}_va")
        yield "a meter's U·I = S", near(volts * amps, va, va), f"{phase}: {volts} V {amps} A {va} VA"
        watts, var = getattr(seen, f"active_power_{phase}_w"), getattr(seen, f"reactive_power_{phase}_var")
        yield "a meter's P² + Q² = S²", near(sqrt(watts * watts + var * var), va, va), f"{phase}: {va} VA"


def checks(engine: Engine, before: dict[str, Any]) -> Iterator[Check]:
    """Check everything after a tick; ``before`` has the states after the last, by device; it is updated."""
    surroundings = engine.surroundings
    yield from of_bus(engine)
    for name, device in engine.devices.items():
        seen = engine.telemetry(name)
        if device.type.stage is Stage.METER:
            found = of_meter(device, seen)
        else:
            found = of_device(device, seen, surroundings)
        yield from ((law, holds, f"{name} {figures}") for law, holds, figures in found)
        on_dc = of_dc_side(device, seen, before.get(name), engine.dt_s)
        yield from ((law, holds, f"{name} {figures}") for law, holds, figures in on_dc)
        power = device.state.active_power_w
        yield (
            "powers are finite",
            isfinite(power) and isfinite(device.state.reactive_power_var),
            f"{name} {power}",
        )
        before[name] = device.state


def fuzz(seed: int, sites: int, ticks: int) -> Tally:
    """Run random sites and check every tick."""
    tally = Tally()
    for number in range(seed, seed + sites):
        random = Random(number)
        engine = Engine(random_site(random, f"site {number}"))
        before: dict[str, Any] = {}
        until = 0
        for event in first_events(random, engine):
            engine.submit(event)
        for tick in range(ticks):
            if tick >= until:
                for event in random_event(random, engine):
                    with suppress(CommandError):  # limits in the wrong order, for example
                        engine.submit(event)
                until = tick + random.choice((1, 3, 10, 40))
            engine.step()
            tally.count(checks(engine, before), f"site {number}, tick {tick}")
    return tally


def main() -> None:
    """Fuzz and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sites", type=int, default=60)
    parser.add_argument("--ticks", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    start = time.perf_counter()
    tally = fuzz(given.seed, given.sites, given.ticks)
    for law, times in sorted(tally.checks.items()):
        print(f"{times:>12,} {tally.breaches[law]:>8,}  {law}")
    for law, where in tally.first.items():
        print(f"first breach of {law!r}: {where}")
    checked, broken = tally.checks.total(), tally.breaches.total()
    spent = time.perf_counter() - start
    print(f"{checked:,} checks of {given.sites} sites in {spent:.0f} s: {broken:,} breaches")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
