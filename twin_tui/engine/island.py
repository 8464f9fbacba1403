"""The site without the grid, supplied by its grid-forming devices."""

from math import hypot

from twin_tui.engine.bus import Bus, Steps, step_devices
from twin_tui.engine.connection import AGREES_PU, PASSES, write_voltages
from twin_tui.engine.device import DeviceState, Forming
from twin_tui.engine.devices.terminals import forming_powers
from twin_tui.engine.formats import kilowatts
from twin_tui.engine.physics.fixed_point import FixedPoint, Point
from twin_tui.engine.policies.outage import OutageRelief, supplied
from twin_tui.engine.running import Device, Run
from twin_tui.engine.signals import value
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.transfer import IslandParams

BALANCE_W = 1e-6
LEAST_DROOP = 1e-6
"""A device without droop takes all changes; several of them share by their ratings."""
LATER_HZ = 2.0
"""A shift of half of it does not keep the island from coming into step; one of all of it is still made."""
LOWEST, HIGHEST = 0.5, 1.5
"""Between them is the search for voltage and frequency, per unit."""

Formers = list[tuple[Device, Forming]]


@value
class _Excess:
    """What the grid-forming devices cannot cover."""

    power_w: float
    """Negative is missing."""
    text: str
    phase: int | None = None
    """The phase whose current is too high for one of them; None is all of them."""
    curable: bool = True
    """Whether less load or PV helps."""


@value
class _Sharing:
    """How the grid-forming devices of a tick share what the others leave."""

    others: Steps
    formers: tuple[tuple[Steps, float, float], ...]
    """Each with its share of the active and of the reactive power that is left when it steps."""
    stiffness_w: float
    stiffness_var: float
    """Power per unit of frequency, and of voltage, of all of them."""


class Island:
    r"""Steps the devices of an island.

    The grid-forming devices step last and share what the others leave; what they cannot cover sheds loads,
    curtails PV, or ends the island within the tick: steps are pure, so a tick is run again.

    Notes
    -----
    Voltage and frequency follow the droops m and n of the grid-forming devices with ratings S, whose sums of
    power are P and Q:

    .. math:: f = f_n\Bigl(1 - \frac{P}{\sum S_i/m_i}\Bigr) + f_{shift},\quad
        U = 1 - \frac{Q}{\sum S_i/n_i}

    They share P by S/m and Q by S/n, as droops do in parallel. One at its limits of power or charge takes
    what it can, and the sums are those of the others, which take the rest. Both are solved together with the
    power of devices that answer to them. The dynamics of their controls, far below a second, are left out.

    What the others leave on phase x beyond a third of it is shared by the ratings; with it, each device
    keeps the current of each phase within its limit of k times the rated one, or the island is overloaded:

    .. math:: \underline S_{i,x} = \frac{\underline S_i}{3}
        + \frac{S_i}{\sum S_j}\Bigl(\underline S_x - \frac{\sum_y \underline S_y}{3}\Bigr),\quad
        |\underline S_{i,x}| \le \frac{k U S_i}{3}

    References
    ----------
    M. C. Chandorkar, D. M. Divan, R. Adapa, "Control of parallel connected inverters in standalone AC supply
    systems", IEEE Trans. Ind. Appl. 29, pp. 136-143, 1993, doi:10.1109/28.195899.
    """

    def __init__(self, run: Run, bus: Bus, params: IslandParams) -> None:
        self._run = run
        self._bus = bus
        # a battery that is not grid-forming never becomes so: a site without any has no transfer switch
        self._devices = tuple(
            device
            for device in run.devices.values()
            if device.type.forms is not None and getattr(device.params, "grid_forming", True)
        )
        self._relief = OutageRelief(run, params)
        self._search = FixedPoint(2)
        self._point: Point = (1.0, 1.0)
        self._limited: set[Device] = set()
        """The grid-forming devices that did not take all of their share in the last run."""

    @property
    def possible(self) -> bool:
        """Whether any device of the site can be grid-forming."""
        return bool(self._devices)

    def ready(self) -> list[str]:
        """Return the names of the devices that can form a grid now."""
        return [device.name for device, _ in self._offers(self._devices)]

    def begin(self, tick: int, *, black: bool) -> None:
        """Begin an island: ``black`` without loads that can be shed, else with all of them."""
        self._point = (1.0, 1.0)
        self._limited.clear()
        if black and self._relieves(self._offers(self._devices)):
            self._relief.shed_all(tick)

    def end(self) -> None:
        """End the island: loads and PV are as they were before."""
        self._relief.end()

    def step(
        self, surroundings: Surroundings, reference: tuple[float, float] | None
    ) -> tuple[float, float] | None:
        """Run the sources and storage of this tick; return what they put into the bus, W and var.

        ``reference`` has voltage (pu) and frequency (Hz) while the island is brought into step with the grid.
        None means that the island collapses; the devices are as before.
        """
        tick = surroundings.tick
        before = self._bus.states()
        formers = self._offers(self._devices)
        surroundings.islanded = True
        surroundings.grid_live = True
        relieves = self._relieves(formers)
        if relieves:
            self._relief.begin(tick)
        power = self._settle(surroundings, before, formers, reference)
        excess = self._excess(surroundings, formers, power)
        while relieves and excess is not None and excess.curable:
            if not self._relief.ease(excess.power_w, tick, excess.phase):
                break
            self._bus.restore(before)
            power = self._settle(surroundings, before, formers, reference)
            excess = self._excess(surroundings, formers, power)
        if excess is None:
            self._bus.steer_sources(surroundings, power[0])
            return power
        self._bus.restore(before)
        surroundings.islanded = False
        surroundings.island_w = surroundings.island_var = 0.0
        surroundings.island_unbalance = None
        self._run.note(LogKind.ALARM, "grid", f"the island collapses: {excess.text}", tick=tick)
        return None

    def _excess(
        self, surroundings: Surroundings, formers: Formers, power: tuple[float, float]
    ) -> _Excess | None:
        """Return what the grid-forming devices cannot cover, or None; share the unbalance among them."""
        active_w, reactive_var = power
        if not formers:
            return _Excess(active_w, "no device can supply it", curable=abs(active_w) > BALANCE_W)
        if abs(active_w) > BALANCE_W:
            what = "missing" if active_w < 0 else "too much"
            return _Excess(active_w, f"{kilowatts(abs(active_w))} kW {what}")
        if abs(reactive_var) > BALANCE_W:
            return _Excess(0.0, f"{kilowatts(abs(reactive_var))} kvar not covered", curable=False)
        unbalance = self._bus.unbalance(surroundings)
        if unbalance is None:
            surroundings.island_unbalance = None
            return None
        now = self._offers(tuple([device for device, _ in formers]))
        rating_va = _total([offer.rating_va for _, offer in now])
        a_w, b_w, c_w, a_var, b_var, c_var = [power / rating_va for power in unbalance]
        surroundings.island_unbalance = a_w, b_w, c_w, a_var, b_var, c_var
        return _overload(now, surroundings)

    def _relieves(self, formers: Formers) -> bool:
        self._relief.in_mode = any(supplied(device) for device, _ in formers)
        return self._relief.possible

    def _offers(self, devices: tuple[Device, ...]) -> Formers:
        found = []
        for device in devices:
            assert device.type.forms is not None
            offer = device.type.forms(device.params, device.state, device.commands)
            if offer is not None:
                found.append((device, offer))
        return found

    def _settle(
        self,
        surroundings: Surroundings,
        before: list[DeviceState],
        formers: Formers,
        reference: tuple[float, float] | None,
    ) -> tuple[float, float]:
        """Run the tick with shares of which the others take what one of the devices cannot."""
        # each takes its share of what those before it leave, so what those at their limits leave is shared
        formers = sorted(formers, key=lambda former: former[0] not in self._limited)
        power = self._agree(surroundings, before, formers, reference)
        for _ in formers[1:]:
            limited = [former for former in formers if former[0] in self._limited]
            if formers[: len(limited)] == limited:
                break
            formers = [*limited, *[former for former in formers if former[0] not in self._limited]]
            self._bus.restore(before)
            power = self._agree(surroundings, before, formers, reference)
        return power

    def _agree(
        self,
        surroundings: Surroundings,
        before: list[DeviceState],
        formers: Formers,
        reference: tuple[float, float] | None,
    ) -> tuple[float, float]:
        """Run the tick until the power and the voltage and frequency that follow from it agree."""
        search, sharing = self._search, self._share(formers)
        search.begin()
        point = self._point
        for run in range(PASSES):
            if run:
                self._bus.restore(before)
            v, f = point
            write_voltages(surroundings, (v, v, v))
            surroundings.frequency_hz = f * surroundings.nominal_hz
            active_w, reactive_var = self._step(surroundings, sharing)
            found = self._droop(surroundings, formers, sharing, reference)
            if abs(found[0] - v) <= AGREES_PU and abs(found[1] - f) <= AGREES_PU:
                break
            point = tuple([min(HIGHEST, max(LOWEST, at)) for at in search.next(point, found)])
        self._point = found
        return active_w, reactive_var

    def _share(self, formers: Formers) -> _Sharing:
        last = {device for device, _ in formers}
        rest = tuple([device for device in self._bus.storage if device not in last])
        weights_w = [_weight(offer.rating_va, offer.frequency_droop) for _, offer in formers]
        weights_var = [_weight(offer.rating_va, offer.voltage_droop) for _, offer in formers]
        shares = [
            (((False, (device,)),), w / _total(weights_w[place:]), var / _total(weights_var[place:]))
            for place, ((device, _), w, var) in enumerate(zip(formers, weights_w, weights_var, strict=True))
        ]
        others = (False, self._bus.sources), (True, rest)
        return _Sharing(others, tuple(shares), _total(weights_w), _total(weights_var))

    def _droop(
        self,
        surroundings: Surroundings,
        formers: Formers,
        sharing: _Sharing,
        reference: tuple[float, float] | None,
    ) -> Point:
        """Return voltage and frequency, both per unit, at the power that the grid-forming devices deliver."""
        nominal_hz = surroundings.nominal_hz
        now = self._offers(tuple([device for device, _ in formers]))
        shift = max([offer.shift_hz for _, offer in now], default=0.0) / nominal_hz
        if reference is not None:
            # near the grid's frequency PV gives way later, and not at all where it is curtailed by command
            later = max(0.0, 2.0 * shift - LATER_HZ / nominal_hz)
            return reference[0], reference[1] / nominal_hz + (0.0 if self._relief.in_mode else later)
        if not formers:
            return 1.0, 1.0
        stiffness_w, stiffness_var = sharing.stiffness_w, sharing.stiffness_var
        if self._limited and len(self._limited) < len(formers):
            free = [(device, offer) for device, offer in formers if device not in self._limited]
            stiffness_w = _total([_weight(offer.rating_va, offer.frequency_droop) for _, offer in free])
            stiffness_var = _total([_weight(offer.rating_va, offer.voltage_droop) for _, offer in free])
            formers = free
        active_w = _total([device.state.active_power_w for device, _ in formers])
        reactive_var = _total([device.state.reactive_power_var for device, _ in formers])
        return 1.0 - reactive_var / stiffness_var, 1.0 - active_w / stiffness_w + shift

    def _step(self, surroundings: Surroundings, sharing: _Sharing) -> tuple[float, float]:
        changes = self._bus.changes
        active_w, reactive_var = step_devices(sharing.others, surroundings, changes)
        self._limited.clear()
        for alone, share_w, share_var in sharing.formers:
            left_w, left_var = active_w * (1.0 - share_w), reactive_var * (1.0 - share_var)
            surroundings.island_w, surroundings.island_var = -active_w * share_w, -reactive_var * share_var
            active_w, reactive_var = step_devices(alone, surroundings, changes, active_w, reactive_var)
            if abs(active_w - left_w) > BALANCE_W or abs(reactive_var - left_var) > BALANCE_W:
                self._limited.update(alone[0][1])
        return active_w, reactive_var


def _overload(formers: Formers, surroundings: Surroundings) -> _Excess | None:
    """Return the greatest overload of a phase of a grid-forming device, if there is any."""
    worst, worst_va = None, BALANCE_W
    for device, offer in formers:
        third_w = (device.state.active_power_w + offer.auxiliary_w) / 3.0
        third_var = device.state.reactive_power_var / 3.0
        balanced = third_w, third_w, third_w, third_var, third_var, third_var
        powers = forming_powers(balanced, offer.rating_va, surroundings)
        allowed_va = offer.phase_va * surroundings.va_pu
        for phase in range(3):
            power_w, va = powers[phase], hypot(powers[phase], powers[phase + 3])
            if va - allowed_va > worst_va:
                worst_va = va - allowed_va
                text = (
                    f"phase {'abc'[phase]} of {device.name} overloaded:"
                    f" {kilowatts(va)} of {kilowatts(allowed_va)} kVA"
                )
                worst = _Excess(-worst_va if power_w >= 0.0 else worst_va, text, phase)
    return worst


def _weight(rating_va: float, droop: float) -> float:
    return rating_va / max(droop, LEAST_DROOP)


def _total(numbers: list[float]) -> float:
    total = 0.0
    for number in numbers:
        total += number
    return total
