"""The energy registers of a meter: of the sum of the phases, then of each phase."""

from math import isfinite

from twin_tui.errors import ConfigError

Registers = tuple[float, float, float, float]
"""Energy of the sum of the phases, then of each phase, Wh."""
NO_REACTIVE = (0.0,) * 16


def first_readings(reading: float, name: str, phases: tuple[float, ...]) -> Registers:
    """Return the first readings of the sum and of each phase, a third of the sum each when none is given."""
    if not phases:
        third = reading / 3.0
        return reading, third, third, third
    if len(phases) != 3 or not all(isfinite(each) and each >= 0.0 for each in phases):
        raise ConfigError(
            f"expected in {name} of a meter three readings from 0 up, one a phase; found {list(phases)}"
        )
    a, b, c = phases
    return reading or a + b + c, a, b, c


def add_reactive(counted: tuple[float, ...], w: Registers, var: Registers, hours: float) -> tuple[float, ...]:
    r"""Return the reactive registers of the four quadrants after a step, varh.

    Notes
    -----
    Sum and phases count in one quadrant each, by the signs of active and reactive power, + when imported: 1
    for :math:`P \ge 0, Q \ge 0`, 2 for :math:`P < 0, Q \ge 0`, 3 for :math:`P < 0, Q < 0`, 4 for
    :math:`P \ge 0, Q < 0`.

    .. math:: E_q \leftarrow E_q + |Q| \Delta t

    The register of the sum nets the phases in each step, as that of active energy does. Without harmonics; a
    change of sign within a step is not seen, so that a long step counts too much in one quadrant and too
    little in another, never too much in all.

    References
    ----------
    IEC 62053-24:2020, static meters for fundamental component reactive energy; the numbers of the quadrants
    are those of SunSpec model 203.
    """
    after = list(counted)
    for channel in (0, 1, 2, 3):
        q = var[channel]
        if q > 0.0:
            after[channel if w[channel] >= 0.0 else 4 + channel] += q * hours
        elif q < 0.0:
            after[12 + channel if w[channel] >= 0.0 else 8 + channel] -= q * hours
    return tuple(after)
