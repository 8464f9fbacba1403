"""The contactors of a charging station: over which phases it charges, and the pause to change them."""

from twin_tui.engine.devices.ev_model import EvParams, EvState
from twin_tui.engine.devices.ev_signals import EvCommands
from twin_tui.engine.surroundings import Surroundings

_ROUNDING_S = 1e-6


def phases_now(
    params: EvParams, state: EvState, commands: EvCommands, surroundings: Surroundings
) -> tuple[int, float]:
    r"""Return the phases that are connected in this tick, and how long charging still pauses to change them.

    To be asked when others are commanded: the change waits until ``phase_switch_interval_s`` has passed since
    the last one; charging goes on meanwhile. Then nothing is offered until no current has flowed for
    ``phase_switch_pause_s``, and the contactors switch.

    Notes
    -----
    Over one phase the least power is :math:`6 A \cdot U`, 1.38 kW at 230 V, over three phases 4.14
    kW. The pilot stays in state B during the pause; real stations may also interrupt it, to wake vehicles
    that sleep. Ours always resumes at once: a real vehicle takes some seconds more, or stays asleep.

    References
    ----------
    IEC 61851-1:2017, table A.7 (6 A). Pause: Mennekes AMTRON 4You, 2 minutes as delivered. Interval: KEBA
    KeContact refuses a change within 5 minutes of the last. Both as users report them: github.com/
    evcc-io/evcc, issue 29359; github.com/iobroker-community-adapters/ioBroker.kecontact, pull request 242.
    """
    ticks, dt_s = surroundings.tick, surroundings.dt_s
    if (ticks - state.switched_tick) * dt_s < params.phase_switch_interval_s - _ROUNDING_S:
        return state.phases, 0.0
    left_s = params.phase_switch_pause_s - (ticks - 1 - state.flowed_tick) * dt_s
    return (state.phases, left_s) if left_s > _ROUNDING_S else (min(params.most_phases, commands.phases), 0.0)
