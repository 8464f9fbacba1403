"""The site without the grid, supplied by its grid-forming devices."""

from twin_tui.engine.bus import Bus, Steps, step_devices
from twin_tui.engine.connection import AGREES_PU, PASSES, write_voltages
from twin_tui.engine.device import DeviceState, Forming
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

    They share P by S/m and Q by S/n, as droops do in parallel. Both are solved together with the power of
    devices that answer to them. The dynamics of their controls, far below a second, are left out.

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
        active_w, reactive_var = self._settle(surroundings, before, formers, reference)
        while relieves and abs(active_w) > BALANCE_W and self._relief.ease(active_w, tick):
            self._bus.restore(before)
            active_w, reactive_var = self._settle(surroundings, before, formers, reference)
        if formers and abs(active_w) <= BALANCE_W and abs(reactive_var) <= BALANCE_W:
            self._bus.steer_sources(surroundings, active_w)
            return active_w, reactive_var
        self._bus.restore(before)
        surroundings.islanded = False
        surroundings.island_w = surroundings.island_var = 0.0
        what = "missing" if active_w < 0 else "too much"
        text = f"the island collapses: {kilowatts(abs(active_w))} kW {what}"
        if abs(active_w) <= BALANCE_W:
            text = f"the island collapses: {kilowatts(abs(reactive_var))} kvar not covered"
        if not formers:
            text = "the island collapses: no device can supply it"
        self._run.note(LogKind.ALARM, "grid", text, tick=tick)
        return None

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
        active_w = _total([device.state.active_power_w for device, _ in formers])
        reactive_var = _total([device.state.reactive_power_var for device, _ in formers])
        return 1.0 - reactive_var / sharing.stiffness_var, 1.0 - active_w / sharing.stiffness_w + shift

    def _step(self, surroundings: Surroundings, sharing: _Sharing) -> tuple[float, float]:
        changes = self._bus.changes
        active_w, reactive_var = step_devices(sharing.others, surroundings, changes)
        for alone, share_w, share_var in sharing.formers:
            surroundings.island_w, surroundings.island_var = -active_w * share_w, -reactive_var * share_var
            active_w, reactive_var = step_devices(alone, surroundings, changes, active_w, reactive_var)
        return active_w, reactive_var


def _weight(rating_va: float, droop: float) -> float:
    return rating_va / max(droop, LEAST_DROOP)


def _total(numbers: list[float]) -> float:
    total = 0.0
    for number in numbers:
        total += number
    return total
