"""What every grid-tied device shares: protection, grid support, and what they say of themselves."""

from twin_tui.engine import grid_support, protection
from twin_tui.engine.device import Status
from twin_tui.engine.frequency_meter import Heard, measure
from twin_tui.engine.grid_code import EnterService, GridCode, Quantity, TripStage
from twin_tui.engine.grid_support import NEUTRAL, SupportState
from twin_tui.engine.protection import Operation, ProtectionState
from twin_tui.engine.signals import value
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.why import ABOUT_TO_TRIP, Constraint


@value
class Tie:
    """The state of protection and grid support of one device."""

    free: bool
    """Nothing is asked of the device: it runs, at any power, without support."""
    share: float
    """Most power that the way back into service allows, per unit of the rating."""
    status: Status
    """RUNNING, or why it must not."""
    protection: ProtectionState | None
    support: SupportState
    heard: Heard = ()
    """What the measurement of the frequency remembers."""


UNTIED = Tie(True, 1.0, Status.RUNNING, None, NEUTRAL)
DEAD = Tie(False, 0.0, Status.TRIPPED, None, NEUTRAL)
"""Of a device without a grid code while there is no voltage: it stops, and comes back with the voltage."""

# a global is found five times faster than a member of its Enum, and every step asks for some
_RUNNING, _CEASED = Status.RUNNING, Status.CEASED
_TRIPPED, _WAITING = Status.TRIPPED, Status.WAITING
_STATUS = {
    Operation.RUNNING: Status.RUNNING,
    Operation.RAMPING: Status.RUNNING,
    Operation.CEASED: Status.CEASED,
    Operation.TRIPPED: Status.TRIPPED,
    Operation.WAITING: Status.WAITING,
}


def initial(code: GridCode | None, *, in_service: bool = False) -> Tie:
    """Return the tie of a device that is off at a grid that has long been fit, or of one in service."""
    if code is None:
        return UNTIED
    return Tie(True, 1.0, Status.RUNNING, protection.initial(code, in_service=in_service), NEUTRAL)


def step(code: GridCode | None, tie: Tie, surroundings: Surroundings, in_service: bool = True) -> Tie:
    """Advance protection and support by one tick; the very same object while the grid asks for nothing.

    A dead grid stops every device at once, whatever the clearing times of its code. ``in_service`` says
    whether the device is switched on and without fault, hence rides through what it could not start in.
    """
    if code is None:
        return UNTIED if surroundings.grid_live else DEAD
    before = tie.protection
    if (
        tie.free
        and before is not None
        and before.calm
        and before.wait_s == 0.0
        and before.in_service is in_service
        and code.quiet_v_low_pu < surroundings.v_min_pu
        and surroundings.v_max_pu < code.quiet_v_high_pu
        and code.quiet_f_low_hz < surroundings.frequency_hz < code.quiet_f_high_hz
        and surroundings.grid_live
        and not code.needs_rocof
        and (not code.needs_mean or surroundings.v_max_pu == before.memory.steady_pu)
        and (code.meter is None or 0 < len(tie.heard) == tie.heard.count(surroundings.frequency_hz))
    ):
        return tie
    if before is None:
        before = protection.initial(code)
    after = protection.step(code, before, surroundings, in_service=in_service)
    mean_pu = (surroundings.va_pu + surroundings.vb_pu + surroundings.vc_pu) / 3.0
    # a dead grid has no frequency: a droop that took its 0 Hz would push hard when the voltage is back
    measurable = surroundings.v_max_pu >= code.frequency_needs_pu
    hz = surroundings.frequency_hz if measurable else code.nominal_hz
    heard: Heard = ()
    if code.meter is not None:
        heard, hz = measure(code.meter, tie.heard, hz, surroundings.dt_s)
    support = grid_support.step(code, tie.support, surroundings.dt_s, mean_pu, hz)
    if after is tie.protection and support is tie.support and heard is tie.heard and surroundings.grid_live:
        return tie
    status = _RUNNING if after.calm else _STATUS[after.operation]
    if status is _TRIPPED and not after.stage:
        status = _WAITING
    if status is _RUNNING and not surroundings.grid_live:
        status = _CEASED
    share = after.share if status is _RUNNING else 0.0
    free = status is _RUNNING and share >= 1.0 and support is NEUTRAL
    return Tie(free, share, status, after, support, heard)


def supported(
    code: GridCode | None,
    tie: Tie,
    dt_s: float,
    p_pu: float,
    p_min_pu: float,
    p_max_pu: float,
    *,
    storage: bool = False,
) -> tuple[float, Tie]:
    """Return the active power after grid support, per unit of the rating, and the tie with its droop."""
    if code is None:
        return p_pu, tie
    power, support = grid_support.answer(code, tie.support, dt_s, p_pu, p_min_pu, p_max_pu, storage=storage)
    if support is not tie.support:
        tie = Tie(tie.free, tie.share, tie.status, tie.protection, support, tie.heard)
    return power, tie


def at_power_factor(
    code: GridCode | None, tie: Tie, dt_s: float, p_pu: float, s_max_pu: float
) -> tuple[float, float, Tie]:
    """Return active and reactive power by the code's cos φ(P), per unit of the rating, and the tie."""
    if code is None or code.watt_pf is None:
        return p_pu, 0.0, tie
    p_pu, q_pu, support = grid_support.at_power_factor(code, tie.support, dt_s, p_pu, s_max_pu)
    return p_pu, q_pu, Tie(tie.free, tie.share, tie.status, tie.protection, support, tie.heard)


def trip_cause(code: GridCode | None, tie: Tie, voltage: int, frequency: int) -> int:
    """Return which of two fault bits made the device trip, 0 when it has not."""
    stage = _stage(code, tie) if tie.status in (Status.TRIPPED, Status.WAITING) else None
    if stage is None:
        return 0
    return voltage if stage.quantity in (Quantity.VOLTAGE, Quantity.MEAN_VOLTAGE) else frequency


def _stage(code: GridCode | None, tie: Tie) -> TripStage | None:
    if code is None or tie.protection is None:
        return None
    return next((stage for stage in code.stages if stage.name == tie.protection.stage), None)


_WORDS = {
    Quantity.VOLTAGE: ("voltage", "pu"),
    Quantity.MEAN_VOLTAGE: ("10-minute voltage", "pu"),
    Quantity.FREQUENCY: ("frequency", "Hz"),
    Quantity.ROCOF: ("rate of change of frequency", "Hz/s"),
}


def binds(code: GridCode | None, tie: Tie) -> tuple[Constraint, ...]:
    """Return what protection and grid support bind a device to, and how long still."""
    protection = tie.protection
    if tie.status is Status.RUNNING:
        return (*_pending(tie), *_support(tie))
    if tie.status is Status.CEASED and protection is not None:
        back_s = protection.back_s
        text = f"current comes back in {back_s:g} s" if back_s > 0.0 else "no current at this voltage"
        return (Constraint("ceased", text, left_s=back_s or None), *_pending(tie))
    stage = _stage(code, tie)
    waiting = protection if tie.status is Status.WAITING else None
    if stage is None:
        if waiting is None or code is None:
            return (Constraint("no grid voltage"),)
        return (_enters_service(code.enter_service, waiting),)
    what, unit = _WORDS[stage.quantity]
    text = f"{stage.name}: {what} {'above' if stage.over else 'below'} {stage.limit:g} {unit}"
    brief = f"tripped {stage.name} {stage.limit:g} {unit}"
    left_s, entry = None, text
    if waiting is not None:
        left_s = waiting.remaining_s
        entry = f"{text}; back {left_s:.0f} s later at the earliest"
        text, brief = f"was {text}; back in {left_s:.0f} s", f"{brief}, back in {left_s:.0f} s"
    return (Constraint("tripped", text, brief, left_s, entry=entry),)


def _enters_service(window: EnterService, state: ProtectionState) -> Constraint:
    name = "waits to enter service"
    if state.wait_s < 0.0:
        text = (
            f"waits for {window.v_low_pu:g} … {window.v_high_pu:g} pu"
            f" and {window.f_low_hz:g} … {window.f_high_hz:g} Hz"
        )
        return Constraint(name, text)
    left_s = state.remaining_s
    text = f"waits for the delay of enter service: {left_s:.0f} s"
    return Constraint(name, text, f"starts in {left_s:.0f} s", left_s)


def _pending(tie: Tie) -> tuple[Constraint, ...]:
    """Return the stage that is timing, if one is."""
    state = tie.protection
    if state is None or not state.stage or state.operation not in (Operation.RUNNING, Operation.CEASED):
        return ()
    text = f"{state.stage} trips in {state.remaining_s:.3g} s"
    return (Constraint(ABOUT_TO_TRIP, text, left_s=state.remaining_s),)


def _support(tie: Tie) -> tuple[Constraint, ...]:
    parts = []
    if tie.share < 1.0:
        left_s = tie.protection.remaining_s if tie.protection is not None else None
        parts.append(
            Constraint("reconnection ramp", f"reconnection ramp {tie.share * 100:.0f} %", "", left_s)
        )
    support = tie.support
    if support.droop_pu:
        parts.append(Constraint("frequency droop", f"frequency droop {support.droop_pu:+.1%}"))
    if support.p_limit_pu < 1.0:
        parts.append(Constraint("volt-watt", f"volt-watt limit {support.p_limit_pu:.1%}"))
    if support.q_pu:
        parts.append(Constraint("volt-var", f"volt-var {support.q_pu:+.1%}"))
    if support.pf_q_pu:
        parts.append(Constraint("cos φ(P)", f"cos φ(P) {support.pf_q_pu:+.1%}"))
    return tuple(parts)
