"""How a device measures the frequency: over some cycles, with a delay, in steps of a resolution."""

from math import fsum, ulp

from twin_tui.engine.signals import value
from twin_tui.engine.steps import nearest_steps

Heard = tuple[float, ...]
"""The frequencies of the last steps, oldest first; empty before the first one."""


@value
class FrequencyMeter:
    """The properties of a frequency measurement; a meter with none of them shows the frequency itself."""

    window_s: float = 0.0
    """The mean of so long is shown."""
    delay_s: float = 0.0
    """It is shown so much later."""
    resolution_hz: float = 0.0


def measure(meter: FrequencyMeter, heard: Heard, frequency_hz: float, dt_s: float) -> tuple[Heard, float]:
    r"""Return what the next step has to remember, and the measured frequency.

    Notes
    -----
    .. math:: \hat f(t) = \frac{1}{T} \int_{t - D - T}^{t - D} f\,d\tau

    with the window T and the delay D in whole steps, T at least one; then rounded to the resolution. A window
    shorter than the step shows every spike in full: the step is the mean that there is. The meter begins as
    if the first frequency had been there for ever.

    References
    ----------
    IEEE Std 1547-2018, table 3: frequency over 60 cycles (steady state, 10 mHz) or 5 cycles (transient,
    100 mHz). Technical Requirements for FCR in the Nordic synchronous area, v1.1: resolution 5 mHz, accuracy
    10 mHz, 1 s when the delay is not known.
    """
    window, delay = nearest_steps(meter.window_s, dt_s, 1), nearest_steps(meter.delay_s, dt_s)
    length = window + delay
    if len(heard) != length:
        heard = ((heard or (frequency_hz,))[:1] * length + heard)[-length:]
    if heard.count(frequency_hz) != length:
        heard = (*heard[1:], frequency_hz)
        frequency_hz = fsum(heard[:window]) / window
    if meter.resolution_hz > ulp(frequency_hz):
        frequency_hz = round(frequency_hz / meter.resolution_hz) * meter.resolution_hz
    return heard, frequency_hz
