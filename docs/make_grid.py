"""Writes docs/grid.md from the declarations of grid and island: `python -m docs.make_grid`."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from docs.pages import law, measured_row, table
from twin_tui.config.derive import ParameterModel, Sets
from twin_tui.config.world import grid_model, island_model
from twin_tui.documents.described import field_texts, unit_of
from twin_tui.engine.connection import MOVED_PU, PASSES, RETRY_S, GridConnection
from twin_tui.engine.grid import DEAD_PU, GridParams
from twin_tui.engine.island import Island
from twin_tui.engine.physics import fixed_point, two_bus
from twin_tui.engine.signals import signals_of
from twin_tui.engine.snapshot import GridSnapshot
from twin_tui.engine.transfer import IslandParams, Synchroniser

PAGE = Path(__file__).parent / "grid.md"

INTRODUCTION = """\
# The grid connection and islands

<!-- written by `python -m docs.make_grid`; edit the declarations, not this page -->

The site's bus is connected to a grid with its own frequency and three phase voltages. Without further keys
the grid is stiff: nothing that the site does moves them, and nothing is computed for it. With
`short_circuit_mva` and `x_over_r`, or with `r_ohm` and `x_ohm`, the connection point has an impedance; a
transformer of the site adds its own:

```yaml
grid: {{short_circuit_mva: 0.8, x_over_r: 0.9, transformer_kva: 250, transformer_uk_percent: 4}}
```

Then export raises the voltage, import lowers it, and volt-var and volt-watt act on the voltage that they
change. Devices and meter have the voltage of the site's bus, behind the impedance and on the secondary side
of a transformer; the source's is `grid.source_voltage_a_pu`. The loss in the impedance, `grid.loss_w`, is
on the grid's side of the meter and in no device's power.

Devices and voltage agree within each tick: the tick is run again, at most {passes} times, until they do to
1e-6 pu. So a loop neither lags by a tick nor hunts at a long step. Where no voltage agrees, because a
protection trips at one and not at the other, the devices answer to the voltage that the tick before has
left; what is about to come back, and would be driven out again by the voltage that it causes, stays out. Of
several devices that would come back in the same tick one is tried alone, another one each time, and the rest
stays out. Such a tick is run up to {most} times; once each has failed, the next attempt comes {retry:g} s
later, or when the grid's own voltage has moved by {moved:g} pu.

What the impedance cannot carry has no voltage at all: it collapses, the switch opens with an ALARM, and
closes again after `restart_s`, later after each failure.

## Without the grid

Below {dead:g} pu on every phase there is no voltage: what is without a grid-forming device is dark,
whatever remains. At any other voltage and frequency each device follows its own protection, and loads what
arrives at them.

A site with a grid-forming battery (`grid_forming: true`) has a transfer switch:

| what happens | when |
|---|---|
| the switch opens | voltage or frequency is outside the transfer limits for `transfer_delay_s`, or gone |
| transfer | no voltage for `transfer_time_s`: devices see an interruption; below half a step, none |
| island | batteries hold voltage and frequency; an overload sheds loads, curtails PV or ends it |
| collapse | all is dark, with an ALARM; after `restart_s` a black start, later after each failure |
| black start | the loads that may be shed are off, and come back one after the other, each `load_step_s` |
| synchronising | the grid is back: the batteries bring voltage, frequency and angle to the grid's |
| the switch closes | after `resync_s` of a healthy grid, and `sync_s` of all three within their limits |

Loads are shed in the order of `shed_order`, then, with a battery in mode OUTAGE_SUPPLY, the smallest other
one that suffices. A load that is shed comes back after `reconnect_s` if the batteries can carry it.
`grid.supply` says what supplies the bus:

```yaml
island: {{transfer_time_s: 50ms, shed_order: [pool, workshop], sync_angle_deg: 10}}
```

Simplified, and in which direction it errs:

- The neutral has no impedance unless `neutral_over_phase` gives it one; as thin as the phases, it lets a
  device on one phase move its voltage twice as much.
- The angles between the phases count as 120° in line voltages; unbalance turns them by some degrees.
- The voltage of an island is the same on every phase. In reality it is lower on the phase with the most load.
- The batteries of an island share by their ratings what the loads leave on each phase beyond a third of it. A
  phase above its limit of current sheds a load of that phase, or ends the island at once; a real converter
  carries an overload for some seconds. One without a neutral carries no such unbalance at all: with it a real
  island ends earlier.
- Batteries of an island settle within a step. In reality they overshoot in the first 20 to 200 ms, and a
  relay without delay may trip.
- At the moment of closing no current flows for the angle δ that is left, which the log names. In reality the
  voltage 2 sin(δ/2) acts on the impedance of grid and filter for some periods: 0.35 pu at 20°, several times
  the rated current on a stiff grid. `sync_angle_deg: 5` keeps a real site's below its rating.
- A device that would be driven out again by the voltage it causes stays out, and of several one runs if it
  can. In reality inverters with the same settings come back together, drive each other out, and try again
  after the time of their code, for some milliseconds each time, until their return times differ or one trips:
  less energy than here, and more changes.
- Protection counts from the first step beyond a limit, so it trips up to a step late, and what lasts for one
  step trips no stage that takes any time: at long steps more rides through here than in reality.
- A transformer has no no-load loss: 0.1 to 0.2 % of its rating.
"""
LAWS: tuple[Callable[..., Any], ...] = (
    two_bus.far_voltage,
    two_bus.impedance_of,
    two_bus.transformer_impedance,
    two_bus.shifted_sources,
    two_bus.voltage_at_admittance,
    GridConnection,
    fixed_point.FixedPoint,
    Island,
    Synchroniser,
)


def page() -> str:
    """Return the page."""
    runs = {"passes": PASSES + 2, "most": 4 * (PASSES + 2), "retry": RETRY_S, "moved": MOVED_PU}
    parts = [INTRODUCTION.format(dead=DEAD_PU, **runs)]
    for title, model, params in (
        ("`grid`", grid_model(), GridParams),
        ("`island`", island_model(), IslandParams),
    ):
        parts.append(f"## Keys of {title}\n")
        parts.append("\n".join(table(("key", "unit", "default", "meaning"), _keys(model, params))))
    parts.append("## Signals of `grid`\n")
    parts.append(
        "\n".join(
            table(
                ("signal", "unit", "range", "meaning"), map(measured_row, signals_of(GridSnapshot).values())
            )
        )
    )
    parts.append("## Laws\n")
    parts += [law(function) for function in LAWS]
    return "\n".join(parts)


def _keys(model: type[ParameterModel], params: type[Any]) -> Iterator[tuple[str, ...]]:
    texts: Mapping[str, str] = field_texts(params)
    keys: dict[str, list[str]] = {}
    for key, item in model.model_fields.items():
        for sets in item.metadata:
            if isinstance(sets, Sets):
                keys.setdefault(sets.parameter, []).append(key)
    for field in dataclasses.fields(params):
        if not field.init:
            continue
        found = sorted(keys[field.name], key=lambda key: key != field.name)
        unit = " or ".join(dict.fromkeys(filter(None, map(unit_of, found))))
        default = field.default
        shown = "none" if default is None or default == () else f"{default:.6g}"
        yield ", ".join(f"`{key}`" for key in found), unit, shown, texts.get(field.name, "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
