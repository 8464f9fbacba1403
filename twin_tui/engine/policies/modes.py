"""The operation modes by name: what each means, which parameters it takes, the law it runs."""

import math

from twin_tui.engine.device import AnyDeviceType
from twin_tui.engine.physics.droop import FCR_CURVES, fcr_share
from twin_tui.engine.policies import laws
from twin_tui.engine.policies.reserve import FrequencyReserve
from twin_tui.engine.steering import Law, Mode, ModeInputs, ModeParameter
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import CommandError, did_you_mean

FAULT = "FAULT"
IDLE = "IDLE"


def _idle(inputs: ModeInputs) -> Law:
    return lambda net_w, soc, surroundings: 0.0


def _self_consumption(inputs: ModeInputs) -> Law:
    charge_w, discharge_w = inputs.most_charge_w, inputs.most_discharge_w
    return lambda net_w, soc, surroundings: laws.self_consumption(net_w, charge_w, discharge_w)


def _non_export(inputs: ModeInputs) -> Law:
    charge_w, limit_w = inputs.most_charge_w, inputs.number("export_limit_w")
    return lambda net_w, soc, surroundings: laws.non_export(net_w, charge_w, limit_w)


def _peak_shaving(inputs: ModeInputs) -> Law:
    discharge_w, target_w = inputs.most_discharge_w, inputs.number("peak_target_w")
    return lambda net_w, soc, surroundings: laws.peak_shaving(net_w, discharge_w, target_w)


def _grid_support_export(inputs: ModeInputs) -> Law:
    discharge_w, export_w = inputs.most_discharge_w, inputs.number("export_max_w", math.inf)
    return lambda net_w, soc, surroundings: laws.grid_support_export(net_w, discharge_w, export_w)


def _grid_support_import(inputs: ModeInputs) -> Law:
    charge_w, import_w = inputs.most_charge_w, inputs.number("import_max_w", math.inf)
    return lambda net_w, soc, surroundings: laws.grid_support_import(net_w, charge_w, import_w)


def _frequency_regulation(inputs: ModeInputs) -> Law:
    if any(inputs.parameters[each.name] != each.default for each in RESERVE_PARAMETERS):
        return FrequencyReserve(inputs)
    capacity_w = inputs.factor * min(inputs.limits.charge_w, inputs.limits.discharge_w)
    product = str(inputs.parameters["product"])
    return lambda net_w, soc, surroundings: (
        -capacity_w
        * fcr_share(product, surroundings.applied_hz or surroundings.frequency_hz, surroundings.nominal_hz)
    )


class _RampRate:
    """Holds the smoothed net load; it starts at the first one it sees."""

    def __init__(self, inputs: ModeInputs) -> None:
        per_minute = inputs.number("ramp_w_per_min", 0.1 * inputs.pv_peak_w)
        self._reach_w = per_minute / 60.0 * inputs.dt_s
        self._charge_w, self._discharge_w = inputs.most_charge_w, inputs.most_discharge_w
        self._smoothed_w: float | None = None
        self._before_w: float | None = None
        self._tick = -1

    def __call__(self, net_w: float, soc: float, surroundings: Surroundings) -> float:
        """Return the power of this tick, which may be tried several times."""
        if surroundings.tick != self._tick:
            self._tick, self._before_w = surroundings.tick, self._smoothed_w
        before = net_w if self._before_w is None else self._before_w
        self._smoothed_w = laws.ramp_target(net_w, before, self._reach_w)
        return laws.ramp_rate_control(net_w, self._smoothed_w, self._charge_w, self._discharge_w)


def _reserve_backup(inputs: ModeInputs) -> Law:
    charge_w, discharge_w = inputs.most_charge_w, inputs.most_discharge_w
    reserve = inputs.number("reserve_soc")
    per_hour = 3600.0 / inputs.dt_s
    return lambda net_w, soc, surroundings: laws.reserve_backup(
        *(net_w, soc, reserve),
        charge_w=charge_w,
        discharge_w=discharge_w,
        energy_w=inputs.capacity_wh * per_hour,
    )


def _outage_supply(inputs: ModeInputs) -> Law:
    charge_w, discharge_w = inputs.limits.charge_w, inputs.limits.discharge_w
    return lambda net_w, soc, surroundings: laws.self_consumption(net_w, charge_w, discharge_w)


def _forced_charge(inputs: ModeInputs) -> Law:
    charge_w = inputs.most_charge_w
    surplus_w = inputs.limits.charge_w if inputs.parameters.get("pv_surplus") == "yes" else 0.0
    return lambda net_w, soc, surroundings: laws.forced_charge(net_w, charge_w, surplus_w)


def _forced_discharge(inputs: ModeInputs) -> Law:
    discharge_w = inputs.most_discharge_w
    return lambda net_w, soc, surroundings: -discharge_w


RESERVE_PARAMETERS = (
    ModeParameter(
        "fcr_n_w", "Capacity sold as FCR-N; with any of these three, product is unused", "W", low=0.0
    ),
    ModeParameter("fcr_d_up_w", "Capacity sold as FCR-D up", "W", low=0.0),
    ModeParameter("fcr_d_down_w", "Capacity sold as FCR-D down", "W", low=0.0),
    ModeParameter("base_w", "Power at nominal frequency, + discharges", "W", 0.0),
    ModeParameter(
        "measure_s", "Time whose mean the frequency measurement gives", "s", 0.0, low=0.0, high=60.0
    ),
    ModeParameter("measure_delay_s", "Delay of the frequency measurement", "s", 0.0, low=0.0, high=60.0),
    ModeParameter("resolution_hz", "Resolution of the frequency measurement", "Hz", 0.0, low=0.0, high=1.0),
    ModeParameter("deadtime_s", "From the measurement to the first movement", "s", 0.0, low=0.0, high=60.0),
    ModeParameter("lag_s", "Time constant of the first-order answer", "s", 0.0, low=0.0, high=600.0),
    ModeParameter(
        "energy_management",
        "Whether the energy in the cells is kept in the middle: in normal state, also in alert state",
        default="none",
        choices=("none", "nem", "nem_aem"),
    ),
    ModeParameter("soc_low", "Empty for the energy management", "1", 0.0, low=0.0, high=1.0),
    ModeParameter("soc_high", "Full for the energy management", "1", 1.0, low=0.0, high=1.0),
)
BATTERY_MODES = (
    Mode(IDLE, "Neither charges nor discharges", _idle),
    Mode("SELF_CONSUMPTION", "Keeps the grid connection at zero", _self_consumption),
    Mode(
        "NON_EXPORT",
        "Takes in surplus beyond the export limit, never discharges",
        _non_export,
        (ModeParameter("export_limit_w", "Export that is let through", "W", 0.0, low=0.0),),
    ),
    Mode(
        "PEAK_SHAVING",
        "Covers import above the target, never charges",
        _peak_shaving,
        (ModeParameter("peak_target_w", "Import that is let through", "W", 0.0),),
        ("ALLOW_DISCHARGE",),
    ),
    Mode(
        "GRID_SUPPORT_EXPORT",
        "Discharges into the grid",
        _grid_support_export,
        (ModeParameter("export_max_w", "Most export of the site; not set: no limit", "W", low=0.0),),
    ),
    Mode(
        "GRID_SUPPORT_IMPORT",
        "Charges from the grid",
        _grid_support_import,
        (ModeParameter("import_max_w", "Most import of the site; not set: no limit", "W", low=0.0),),
    ),
    Mode(
        "FREQUENCY_REGULATION",
        "Answers to the grid frequency as a frequency reserve",
        _frequency_regulation,
        (
            ModeParameter(
                "product", "Curve of the reserve", default="continental", choices=tuple(FCR_CURVES)
            ),
            *RESERVE_PARAMETERS,
        ),
        range=("soc_low", "soc_high"),
    ),
    Mode(
        "RAMP_RATE_CONTROL",
        "Lets the grid see no faster change than the ramp",
        _RampRate,
        (
            ModeParameter(
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
        (ModeParameter("reserve_soc", "State of charge to keep", "1", 0.3, low=0.0, high=1.0),),
    ),
    Mode("OUTAGE_SUPPLY", "Carries the whole site, without the factor", _outage_supply),
    Mode(
        "FORCED_CHARGE",
        "Charges at the factor's power, never discharges",
        _forced_charge,
        (
            ModeParameter(
                "pv_surplus",
                "Whether PV surplus beyond the factor's power is taken in",
                default="no",
                choices=("no", "yes"),
            ),
        ),
        ("CHARGE",),
    ),
    Mode("FORCED_DISCHARGE", "Discharges at the factor's power", _forced_discharge, aliases=("DISCHARGE",)),
    Mode(FAULT, "Does nothing and refuses further modes until IDLE", _idle),
)
CHARGER_MODES = (
    Mode(IDLE, "Does not charge", _idle, aliases=("OFF",)),
    Mode(
        "FORCED_CHARGE",
        "Charges at the factor's power while plugged in",
        _forced_charge,
        aliases=("CHARGE", "GRID_SUPPORT_IMPORT"),
    ),
    Mode(
        "FORCED_DISCHARGE",
        "Discharges at the factor's power while plugged in, where the vehicle can",
        _forced_discharge,
        aliases=("DISCHARGE",),
    ),
)
APPLIANCE_MODES = (
    Mode(IDLE, "Waits", _idle, aliases=("OFF",)),
    Mode(
        "RUN",
        "Starts its programme",
        lambda inputs: lambda net_w, soc, surroundings: inputs.limits.charge_w,
        aliases=("ON",),
    ),
)


def a(kind: str) -> str:
    """Return a device kind with its article."""
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"


def find_mode(device_type: AnyDeviceType, name: str) -> Mode:
    """Return a type's mode of that name or alias; raise CommandError with the nearest one."""
    if not device_type.modes:
        raise CommandError(f"{a(device_type.kind)} has no operation modes")
    wanted = name.strip().upper().replace("-", "_").replace(" ", "_")
    for mode in device_type.modes:
        if wanted == mode.name or wanted in mode.aliases:
            return mode
    known = [mode.name for mode in device_type.modes]
    hint = did_you_mean(wanted, known) or "; known: " + ", ".join(known)
    raise CommandError(f"{a(device_type.kind)} has no mode {name!r}{hint}")
