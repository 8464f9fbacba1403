"""The control laws of the battery modes.

Here P is the battery's power at its AC terminals, positive while it charges; n is the net load of the site,
load minus generation, without the battery; Pc and Pd are the most it may charge and discharge, both positive
and already scaled by the mode's factor. State of charge and device limits clamp afterwards, in the device.

The modes and their laws are those of Akkudoktor-EOS, https://github.com/Akkudoktor-EOS/EOS.
"""


def _clip(x: float, low: float, high: float) -> float:
    return low if x < low else high if x > high else x


def self_consumption(net_w: float, charge_w: float, discharge_w: float) -> float:
    """Keep the grid at zero: P = clip(−n, −Pd, Pc), all in W."""
    return _clip(-net_w, -discharge_w, charge_w)


def non_export(net_w: float, charge_w: float, export_limit_w: float = 0.0) -> float:
    """Take in what would be exported beyond a limit: P = clip(−n − E, 0, Pc), all in W; never discharges."""
    return _clip(-net_w - export_limit_w, 0.0, charge_w)


def peak_shaving(net_w: float, discharge_w: float, target_w: float = 0.0) -> float:
    """Cover import above a target: P = −clip(n − T, 0, Pd), all in W; never charges."""
    return -_clip(net_w - target_w, 0.0, discharge_w)


def grid_support_export(net_w: float, discharge_w: float, export_max_w: float) -> float:
    """Discharge until the site exports E: P = −min(Pd, max(0, n + E)), all in W."""
    return -min(discharge_w, max(0.0, net_w + export_max_w))


def grid_support_import(net_w: float, charge_w: float, import_max_w: float) -> float:
    """Charge until the site imports I: P = min(Pc, max(0, I − n)), all in W."""
    return min(charge_w, max(0.0, import_max_w - net_w))


def ramp_target(net_w: float, smoothed_w: float, reach_w: float) -> float:
    """Move the smoothed net load toward n by at most R·dt: S ← S + clip(n − S, ±R·dt), all in W."""
    return smoothed_w + _clip(net_w - smoothed_w, -reach_w, reach_w)


def ramp_rate_control(net_w: float, smoothed_w: float, charge_w: float, discharge_w: float) -> float:
    """Make the grid see the smoothed net load: P = clip(S − n, −Pd, Pc), all in W."""
    return _clip(smoothed_w - net_w, -discharge_w, charge_w)


def reserve_backup(
    net_w: float,
    soc: float,
    reserve_soc: float,
    *,
    charge_w: float,
    discharge_w: float,
    energy_w: float,
) -> float:
    """Keep a reserve for an outage, use the rest: Pc below the reserve, above it `self_consumption`.

    ``energy_w`` is the power that would empty the battery from full within one time step: P is cut where the
    step would cross the reserve.
    """
    if soc < reserve_soc:
        return min(charge_w, (reserve_soc - soc) * energy_w)
    return self_consumption(net_w, charge_w, min(discharge_w, (soc - reserve_soc) * energy_w))


def forced_charge(net_w: float, charge_w: float, surplus_w: float = 0.0) -> float:
    """Charge at Pc, never discharge; a plan may let PV surplus S in: P = max(Pc, min(−n, S)), in W."""
    return max(charge_w, min(-net_w, surplus_w))
