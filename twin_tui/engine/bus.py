"""The site's bus: the devices in the order in which they step, and the one loop that steps them."""

from dataclasses import replace

from twin_tui.engine.bounds import NO_LIMIT_W
from twin_tui.engine.device import DeviceState, Stage
from twin_tui.engine.devices.terminals import BALANCED, PhasePowers, forming_powers, phase_powers
from twin_tui.engine.policies.guide import steer
from twin_tui.engine.running import Device
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import ConfigError, did_you_mean

Steps = tuple[tuple[bool, tuple[Device, ...]], ...]
"""(whether their guides steer them just before they step, devices), in the order in which they step."""
Change = tuple[Device, DeviceState, DeviceState]
"""A device whose status or faults changed in a step, with its state before and after."""


def step_devices(
    steps: Steps,
    surroundings: Surroundings,
    changes: list[Change],
    active_w: float = 0.0,
    reactive_var: float = 0.0,
) -> tuple[float, float]:
    """Step devices one after the other; return the power on the bus, W and var, with theirs added."""
    for steered, devices in steps:
        for device in devices:
            if steered:
                steer(device, surroundings, active_w)
            old = device.state
            surroundings.spare_w = active_w
            device.state = state = device.step(device.params, old, device.commands, surroundings)
            active_w += state.active_power_w
            reactive_var += state.reactive_power_var
            if state.status is not old.status or state.faults != old.faults:
                changes.append((device, old, state))
    return active_w, reactive_var


def give_way(device: Device, before: DeviceState, most_w: float, surroundings: Surroundings) -> None:
    """Repeat the step of a source with less power, as storage has answered the power that it had.

    Storage takes what it can where a site feeds in: less from the source changes only the feed-in.
    """
    limit = device.type.curtailed_by
    most_w = max(0.0, min(most_w, getattr(device.commands, limit)))
    commands = replace(device.commands, **{limit: most_w})
    device.state = device.step(device.params, before, commands, surroundings)


class Bus:
    """Keeps the devices in order: sources, storage, guided storage as it answers the rest, meters."""

    def __init__(self, devices: dict[str, Device]) -> None:
        self._devices = devices
        self.changes: list[Change] = []
        """What changed in this tick; the engine logs and empties it."""
        self.steps: Steps = ()
        self.guided_sources: tuple[Device, ...] = ()
        self.sources: tuple[Device, ...] = ()
        self.export_limited: tuple[tuple[Device, str], ...] = ()
        """The sources that give way where the site feeds in too much, each with the command of that limit."""
        self.storage: tuple[Device, ...] = ()
        """The storage, guided devices last."""
        meters = tuple(d for d in devices.values() if d.type.stage is Stage.METER)
        self.metered = bool(meters)
        self._grid_meters: Steps = ((False, tuple(meter for meter in meters if not meter.plan.meters)),)
        self._submeters = tuple(
            (((False, (meter,)),), measured_devices(meter, devices)) for meter in meters if meter.plan.meters
        )
        self._unbalanced = tuple(
            d for d in devices.values() if d.type.shares is not None or d.type.draw is not None
        )
        self.regroup()

    def regroup(self) -> None:
        """Sort the devices again: one is steered now, or no longer."""
        self.sources = tuple(d for d in self._devices.values() if d.type.stage is Stage.SOURCE)
        storage = [d for d in self._devices.values() if d.type.stage is Stage.STORAGE]
        free = tuple(d for d in storage if d.guide is None)
        guided = tuple(d for d in storage if d.guide is not None)
        self.storage = free + guided
        self.guided_sources = tuple(d for d in self.sources if d.guide is not None)
        self.export_limited = tuple(
            (d, d.type.export_limited_by) for d in self.sources if d.type.export_limited_by
        )
        steps = ((False, self.sources), (False, free), (True, guided))
        self.steps = tuple(step for step in steps if step[1])

    def step(self, surroundings: Surroundings) -> tuple[float, float]:
        """Step sources and storage once; return what they put onto the bus, W and var."""
        limits = self._export_limits() if self.export_limited else ()
        active_w, reactive_var = step_devices(self.steps, surroundings, self.changes)
        for device, before, limit_w in limits:
            if active_w > limit_w and not surroundings.islanded:
                active, reactive = device.state.active_power_w, device.state.reactive_power_var
                give_way(device, before, active - (active_w - limit_w), surroundings)
                active_w += device.state.active_power_w - active
                reactive_var += device.state.reactive_power_var - reactive
        if self.guided_sources:  # spares every tick of most sites a call
            self.steer_sources(surroundings, active_w)
        return active_w, reactive_var

    def _export_limits(self) -> list[tuple[Device, DeviceState, float]]:
        """Return the sources with a limit of the site's feed-in, their states, and the limits, W."""
        return [
            (device, device.state, limit_w)
            for device, name in self.export_limited
            if (limit_w := getattr(device.commands, name)) < NO_LIMIT_W
        ]

    def steer_sources(self, surroundings: Surroundings, active_w: float) -> None:
        """Steer the sources for their next tick: they have stepped before the rest of the bus was known."""
        for device in self.guided_sources:
            steer(device, surroundings, active_w)

    def step_meters(self, surroundings: Surroundings) -> None:
        """Step the meters, each with the flows of what it measures."""
        for meter, group in self._submeters:
            write_flows(surroundings, group, 0.0, 0.0)
            step_devices(meter, surroundings, self.changes)
        if surroundings.islanded:
            # the grid-forming devices give each phase what the others leave on it
            write_flows(surroundings, (), 0.0, 0.0)
        else:
            self.write_connection(surroundings, -surroundings.grid_w, -surroundings.grid_var)
        step_devices(self._grid_meters, surroundings, self.changes)

    def write_connection(self, surroundings: Surroundings, active_w: float, reactive_var: float) -> None:
        """Write by phase what the connection carries when the devices put these powers onto the bus."""
        for device in self._unbalanced:
            active_w -= device.state.active_power_w
            reactive_var -= device.state.reactive_power_var
        write_flows(surroundings, self._unbalanced, active_w, reactive_var)

    def unbalance(self, surroundings: Surroundings) -> PhasePowers | None:
        """Return what the devices of an island leave on each phase beyond a third of it, W and var."""
        if not self._unbalanced:
            return None
        write_flows(surroundings, self._unbalanced, 0.0, 0.0)
        a_w, b_w, c_w = surroundings.grid_a_w, surroundings.grid_b_w, surroundings.grid_c_w
        a_var, b_var, c_var = surroundings.grid_a_var, surroundings.grid_b_var, surroundings.grid_c_var
        if a_w == b_w == c_w and a_var == b_var == c_var:
            return None
        w, var = (a_w + b_w + c_w) / 3.0, (a_var + b_var + c_var) / 3.0
        return a_w - w, b_w - w, c_w - w, a_var - var, b_var - var, c_var - var

    def states(self) -> list[DeviceState]:
        """Return the states of sources and storage, for a tick that may be run again."""
        return [device.state for group in (self.sources, self.storage) for device in group]

    def restore(self, states: list[DeviceState]) -> None:
        """Put these states back and forget what has changed since."""
        self.changes.clear()
        for device, state in zip((*self.sources, *self.storage), states, strict=True):
            device.state = state


def measured_devices(meter: Device, devices: dict[str, Device]) -> tuple[Device, ...]:
    """Return the devices behind a sub-meter; raise ConfigError for an invalid one."""
    group = []
    for name in meter.plan.meters:
        found = devices.get(name)
        if found is None:
            known = [d.name for d in devices.values() if d.type.stage is not Stage.METER]
            raise ConfigError(f"{meter.name} measures unknown device {name!r}{did_you_mean(name, known)}")
        if found.type.stage is Stage.METER:
            raise ConfigError(f"{meter.name} measures {name!r}, which is a meter and has no power of its own")
        group.append(found)
    return tuple(group)


def device_powers(device: Device, surroundings: Surroundings) -> PhasePowers:
    """Return the power of each phase of a device."""
    state, shares, draw = device.state, device.type.shares, device.type.draw
    powers = phase_powers(
        state.active_power_w,
        state.reactive_power_var,
        BALANCED if shares is None else shares(device.params, state),
        surroundings,
        None if draw is None else draw(device.params, state),
    )
    if surroundings.island_unbalance is not None and device.type.forms is not None:
        offer = device.type.forms(device.params, state, device.commands)
        if offer is not None:
            return forming_powers(powers, offer.rating_va, surroundings)
    return powers


def write_flows(
    surroundings: Surroundings, devices: tuple[Device, ...], rest_w: float, rest_var: float
) -> None:
    """Write by phase what flows from the bus into ``devices`` and, balanced, ``rest`` (+ onto the bus)."""
    a_w, b_w, c_w, a_var, b_var, c_var = phase_powers(0.0 - rest_w, 0.0 - rest_var, BALANCED, surroundings)
    for device in devices:
        powers = device_powers(device, surroundings)
        a_w -= powers[0]
        b_w -= powers[1]
        c_w -= powers[2]
        a_var -= powers[3]
        b_var -= powers[4]
        c_var -= powers[5]
    surroundings.grid_a_w, surroundings.grid_b_w, surroundings.grid_c_w = a_w, b_w, c_w
    surroundings.grid_a_var, surroundings.grid_b_var, surroundings.grid_c_var = a_var, b_var, c_var
