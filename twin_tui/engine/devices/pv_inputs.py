"""The inputs of a PV inverter, one for each string of modules."""

MOST_STRINGS = 4
_SIGNALS = {
    number: (f"string_{number}_voltage_v", f"string_{number}_current_a", f"string_{number}_power_w")
    for number in range(1, MOST_STRINGS + 1)
}
_NOTHING = {name: 0.0 for names in _SIGNALS.values() for name in names}


def strings(count: int, first_open: bool, dc_w: float, dc_v: float) -> dict[str, float]:
    r"""Return voltage, current and power at each input of an inverter, by signal; 0 where no string is.

    Notes
    -----
    .. math:: P_i = P_{dc} / n, \quad I_i = P_i / U_i

    Equal strings with the same view of the sun, n of them connected: no shade and no mismatch between them,
    so that their sum is never less than that of single trackers, and a real plant yields a little less. With
    the fuse of string 1 blown, its input shows nothing and the plant has the modules of the others alone.
    """
    connected = range(2 if first_open else 1, count + 1)
    each_w = dc_w / len(connected) if connected else 0.0
    each_a = each_w / dc_v if dc_v > 0.0 else 0.0
    found = dict(_NOTHING)
    for number in connected:
        voltage, current, power = _SIGNALS[number]
        found[voltage], found[current], found[power] = dc_v, each_a, each_w
    return found
