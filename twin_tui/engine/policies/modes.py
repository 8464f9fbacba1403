"""The operation modes by name: what each means, which parameters it takes, the law it runs."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from twin_tui.engine.events import Scalar
from twin_tui.engine.physics.droop import FCR_CURVES, fcr_share
from twin_tui.engine.policies import laws
from twin_tui.engine.signals import bounds
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import CommandError, did_you_mean

Law = Callable[[float, float, Surroundings], float]
"""(net load in W, state of charge, surroundings) → power in W, positive while charging."""

FAULT = "FAULT"
IDLE = "IDLE"


@dataclass(slots=True, frozen=True)
class Parameter:
    """One number or word that a mode takes; ``default`` None stands for what ``meaning`` says."""

    name: str
    meaning: str
    unit: str = ""
    default: float | str | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class Settings:
    """What a law needs to know once: the device's limits in W and Wh, the factor, the parameters."""

    charge_w: float
    discharge_w: float
    capacity_wh: float
    factor: float
    dt_s: float
    pv_peak_w: float
    parameters: Mapping[str, float | str | None]

    @property
    def most_charge_w(self) -> float:
        """The charge limit, scaled by the factor."""
        return self.factor * self.charge_w

    @property
    def most_discharge_w(self) -> float:
        """The discharge limit, scaled by the factor."""
        return self.factor * self.discharge_w

    def number(self, name: str, otherwise: float = 0.0) -> float:
        """Return a parameter as a number."""
        found = self.parameters[name]
        return otherwise if found is None else float(found)


@dataclass(slots=True, frozen=True)
class Mode:
    """One operation mode."""

    name: str
    meaning: str
    build: Callable[[Settings], Law]
    parameters: tuple[Parameter, ...] = ()

    def settle(self, given: Mapping[str, Scalar]) -> dict[str, float | str | None]:
        """Return every parameter with its value; raise CommandError for one that makes no sense."""
        known = {parameter.name: parameter for parameter in self.parameters}
        settled: dict[str, float | str | None] = {p.name: p.default for p in self.parameters}
        for name, wanted in given.items():
            parameter = known.get(name)
            if parameter is None:
                raise CommandError(f"mode {self.name} has no parameter {name!r}{did_you_mean(name, known)}")
            settled[name] = _settled(self.name, parameter, wanted)
        return settled


def _settled(mode: str, parameter: Parameter, wanted: Scalar) -> float | str:
    place = f"{mode} {parameter.name}"
    if parameter.choices:
        if wanted not in parameter.choices:
            hint = did_you_mean(str(wanted), parameter.choices)
            raise CommandError(f"{place} takes one of {', '.join(parameter.choices)}, not {wanted!r}{hint}")
        return str(wanted)
    if isinstance(wanted, str) or not math.isfinite(wanted):
        raise CommandError(f"{place} takes a finite number, not {wanted!r}")
    low, high = parameter.low, parameter.high
    if (low is not None and wanted < low) or (high is not None and wanted > high):
        unit = f" {parameter.unit}" if parameter.unit not in ("", "1") else ""
        raise CommandError(f"{place} takes {bounds(low, high)}{unit}, not {wanted:g}")
    return float(wanted)


def _idle(settings: Settings) -> Law:
    return lambda net_w, soc, surroundings: 0.0


def _self_consumption(settings: Settings) -> Law:
    charge_w, discharge_w = settings.most_charge_w, settings.most_discharge_w
    return lambda net_w, soc, surroundings: laws.self_consumption(net_w, charge_w, discharge_w)


def _non_export(settings: Settings) -> Law:
    charge_w, limit_w = settings.most_charge_w, settings.number("export_limit_w")
    return lambda net_w, soc, surroundings: laws.non_export(net_w, charge_w, limit_w)


def _peak_shaving(settings: Settings) -> Law:
    discharge_w, target_w = settings.most_discharge_w, settings.number("peak_target_w")
    return lambda net_w, soc, surroundings: laws.peak_shaving(net_w, discharge_w, target_w)


def _grid_support_export(settings: Settings) -> Law:
    discharge_w, export_w = settings.most_discharge_w, settings.number("export_max_w", math.inf)
    return lambda net_w, soc, surroundings: laws.grid_support_export(net_w, discharge_w, export_w)


def _grid_support_import(settings: Settings) -> Law:
    charge_w, import_w = settings.most_charge_w, settings.number("import_max_w", math.inf)
    return lambda net_w, soc, surroundings: laws.grid_support_import(net_w, charge_w, import_w)


def _frequency_regulation(settings: Settings) -> Law:
    capacity_w = settings.factor * min(settings.charge_w, settings.discharge_w)
    product = str(settings.parameters["product"])
    return lambda net_w, soc, surroundings: (
        -capacity_w * fcr_share(product, surroundings.frequency_hz, surroundings.nominal_hz)
    )


class _RampRate:
    """Holds the smoothed net load; it starts at the first one it sees."""

    def __init__(self, settings: Settings) -> None:
        per_minute = settings.number("ramp_w_per_min", 0.1 * settings.pv_peak_w)
        self._reach_w = per_minute / 60.0 * settings.dt_s
        self._charge_w, self._discharge_w = settings.most_charge_w, settings.most_discharge_w
        self._smoothed_w: float | None = None

    def __call__(self, net_w: float, soc: float, surroundings: Surroundings) -> float:
        """Return the power of this tick."""
        before = net_w if self._smoothed_w is None else self._smoothed_w
        self._smoothed_w = laws.ramp_target(net_w, before, self._reach_w)
        return laws.ramp_rate_control(net_w, self._smoothed_w, self._charge_w, self._discharge_w)


def _reserve_backup(settings: Settings) -> Law:
    charge_w, discharge_w = settings.most_charge_w, settings.most_discharge_w
    reserve = settings.number("reserve_soc")
    energy_w = settings.capacity_wh * 3600.0 / settings.dt_s
    return lambda net_w, soc, surroundings: laws.reserve_backup(
        net_w, soc, reserve, charge_w=charge_w, discharge_w=discharge_w, energy_w=energy_w
    )


def _outage_supply(settings: Settings) -> Law:
    charge_w, discharge_w = settings.charge_w, settings.discharge_w
    return lambda net_w, soc, surroundings: laws.outage_supply(net_w, charge_w, discharge_w)


def _forced_charge(settings: Settings) -> Law:
    charge_w = settings.most_charge_w
    surplus_w = settings.charge_w if settings.parameters.get("pv_surplus") == "yes" else 0.0
    return lambda net_w, soc, surroundings: laws.forced_charge(net_w, charge_w, surplus_w)


def _forced_discharge(settings: Settings) -> Law:
    discharge_w = settings.most_discharge_w
    return lambda net_w, soc, surroundings: -discharge_w


_PRODUCTS = tuple(FCR_CURVES)

_BATTERY = (
    Mode(IDLE, "Neither charges nor discharges", _idle),
    Mode("SELF_CONSUMPTION", "Keeps the grid connection at zero", _self_consumption),
    Mode(
        "NON_EXPORT",
        "Takes in surplus beyond the export limit, never discharges",
        _non_export,
        (Parameter("export_limit_w", "Export that is let through", "W", 0.0, low=0.0),),
    ),
    Mode(
        "PEAK_SHAVING",
        "Covers import above the target, never charges",
        _peak_shaving,
        (Parameter("peak_target_w", "Import that is let through", "W", 0.0),),
    ),
    Mode(
        "GRID_SUPPORT_EXPORT",
        "Discharges into the grid",
        _grid_support_export,
        (Parameter("export_max_w", "Most export of the site; not set: no limit", "W", low=0.0),),
    ),
    Mode(
        "GRID_SUPPORT_IMPORT",
        "Charges from the grid",
        _grid_support_import,
        (Parameter("import_max_w", "Most import of the site; not set: no limit", "W", low=0.0),),
    ),
    Mode(
        "FREQUENCY_REGULATION",
        "Answers to the grid frequency as a frequency reserve",
        _frequency_regulation,
        (Parameter("product", "Curve of the reserve", default="continental", choices=_PRODUCTS),),
    ),
    Mode(
        "RAMP_RATE_CONTROL",
        "Lets the grid see no faster change than the ramp",
        _RampRate,
        (
            Parameter(
                "ramp_w_per_min",
                "Fastest change of the net load; not set: 10 % of the PV peak a minute",
                "W/min",
                low=0.0,
            ),
        ),
    ),
    Mode(
        "RESERVE_BACKUP",
        "Charges to a reserve and keeps it, uses the rest for self-consumption",
        _reserve_backup,
        (Parameter("reserve_soc", "State of charge to keep", "1", 0.3, low=0.0, high=1.0),),
    ),
    Mode("OUTAGE_SUPPLY", "Carries the whole site, without the factor", _outage_supply),
    Mode(
        "FORCED_CHARGE",
        "Charges at the factor's power, never discharges",
        _forced_charge,
        (
            Parameter(
                "pv_surplus",
                "Whether PV surplus beyond the factor's power is taken in",
                default="no",
                choices=("no", "yes"),
            ),
        ),
    ),
    Mode("FORCED_DISCHARGE", "Discharges at the factor's power", _forced_discharge),
    Mode(FAULT, "Does nothing and refuses further modes until IDLE", _idle),
)
_CHARGER = (
    Mode(IDLE, "Does not charge", _idle),
    Mode("FORCED_CHARGE", "Charges at the factor's power while plugged in", _forced_charge),
)
_APPLIANCE = (
    Mode(IDLE, "Waits", _idle),
    Mode("RUN", "Starts its programme", lambda settings: lambda net_w, soc, surroundings: settings.charge_w),
)

MODES: dict[str, dict[str, Mode]] = {
    kind: {mode.name: mode for mode in modes}
    for kind, modes in {"battery": _BATTERY, "ev_charger": _CHARGER, "appliance": _APPLIANCE}.items()
}
"""The modes of each device kind; third parties add theirs."""

ALIASES: dict[str, dict[str, str]] = {
    "battery": {
        "CHARGE": "FORCED_CHARGE",
        "DISCHARGE": "FORCED_DISCHARGE",
        "ALLOW_DISCHARGE": "PEAK_SHAVING",
    },
    "ev_charger": {"CHARGE": "FORCED_CHARGE", "GRID_SUPPORT_IMPORT": "FORCED_CHARGE", "OFF": IDLE},
    "appliance": {"OFF": IDLE, "ON": "RUN"},
}
"""Other names that energy managers use for a mode, per device kind."""


def a(kind: str) -> str:
    """Return a device kind with its article."""
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"


def find_mode(kind: str, name: str) -> Mode:
    """Return the mode of that name or alias; raise CommandError with the nearest one."""
    modes = MODES.get(kind)
    if modes is None:
        raise CommandError(f"{a(kind)} has no operation modes")
    wanted = name.strip().upper().replace("-", "_").replace(" ", "_")
    mode = modes.get(ALIASES.get(kind, {}).get(wanted, wanted))
    if mode is None:
        close = did_you_mean(wanted, modes)
        raise CommandError(f"{a(kind)} has no mode {name!r}{close or '; known: ' + ', '.join(modes)}")
    return mode
