"""How much energy each device has delivered and taken since midnight of simulated time."""

import math

from twin_tui.engine.engine import Engine
from twin_tui.engine.view import Energy
from twin_tui.engine.weather import DAY_S

GRID = ""
"""The connection to the grid among the devices; no device is without a name."""
JOULES_PER_WH = 3600.0


class EnergyToday:
    """Adds up powers step by step, as a meter does; at midnight local time it begins again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sums: dict[str, list[float]] = {}
        """Power into the bus and out of it, each added up over the steps, in W."""
        self._last_tick = 0
        """The last tick of the day, unless the clock is changed before."""
        self._offset_s = math.nan
        self._day = math.nan
        self._plan()
        self.since_s = engine.time_s
        """Since when the present sums are counted, in simulated time."""
        engine.watch(engine.dt_s, self._count)

    def today(self) -> dict[str, Energy]:
        """Return the energies of all devices by name, and of the grid (+ import) as ``GRID``."""
        wh = self._engine.dt_s / JOULES_PER_WH
        return {name: Energy(into * wh, out * wh) for name, (into, out) in self._sums.items()}

    def _count(self) -> None:
        engine = self._engine
        if engine.tick > self._last_tick or engine.surroundings.utc_offset_s != self._offset_s:
            self._plan()
        sums = self._sums
        for name, device in engine.devices.items():
            power_w = device.state.active_power_w
            found = sums.get(name)
            if found is None:
                found = sums[name] = [0.0, 0.0]
            if power_w > 0.0:
                found[0] += power_w
            else:
                found[1] -= power_w
        grid_w, found = engine.surroundings.grid_w, sums[GRID]
        if grid_w > 0.0:
            found[0] += grid_w
        else:
            found[1] -= grid_w

    def _plan(self) -> None:
        """Work out when the day ends; begin with zero where the present step is of another day."""
        engine = self._engine
        offset_s = self._offset_s = engine.surroundings.utc_offset_s
        local_s = engine.plan.start_unix_s + offset_s + (engine.tick - 0.5) * engine.dt_s
        day, day_s = divmod(local_s, DAY_S)
        begun_s = engine.time_s - day_s - 0.5 * engine.dt_s
        if day != self._day:
            self.since_s = max(0.0, begun_s)
            self._day = day
            self._sums = {name: [0.0, 0.0] for name in (GRID, *engine.devices)}
        self._last_tick = math.floor((begun_s + DAY_S) / engine.dt_s + 1e-6)
