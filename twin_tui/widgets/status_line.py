"""The one line at the top: site, run state, time, grid, clients, recording."""

from twin_tui.commands import values as words
from twin_tui.engine import formats
from twin_tui.engine.snapshot import Snapshot
from twin_tui.engine.view import Frame
from twin_tui.widgets.glyphs import Glyphs
from twin_tui.widgets.model import STATUS_LOOK, concerned, grid_state
from twin_tui.widgets.spans import Line, Span


def status_line(
    frame: Frame,
    width: int,
    glyphs: Glyphs,
    *,
    read_only: bool = False,
    held: bool = False,
    back_s: float | None = None,
    past: Frame | None = None,
) -> Line:
    """Return what matters most, as much of it as the width holds.

    While looking back it is that of the past; what is of now says "live".
    """
    seen = past if past is not None and back_s is not None else frame
    live: list[Span] = [("live ", "notice")] if seen is not frame else []
    now = [*live, *_run(frame, glyphs)]
    back = [(f"{formats.duration(back_s)} BACK", "notice")] if back_s is not None else []
    recording = _recording(frame, width)
    snapshot = seen.snapshot
    parts: list[tuple[int, list[Span]]] = [
        (4, [(f" {formats.clean(snapshot.site)}", "focus")]),
        (0, back or now),
        (1, [(f"t {formats.clock(snapshot.time_s)}", "plain")]),
        (10, [(f"at {words.day_time(snapshot.day_s)[:5]}", "label")]),
        (3, _voltage(snapshot)),
        (6 if grid_state(snapshot) == "FREQ" else 11, _frequency(snapshot)),
        (2, _injected(seen, glyphs, named=True)),
        (8, _clients(seen)),
        (7, [(f"LATE {seen.overruns}x", "strong")] if seen.overruns else []),
        (0, [("VIEW HELD", "notice")] if held else []),
        (5, now if back else []),
        (
            1 if frame.recording is not None and frame.recording.failed else 5,
            [*live, *recording] if recording else [],
        ),
        (5, [("READ-ONLY", "strong")] if read_only else []),
    ]
    if _columns([spans for _, spans in parts if spans]) > width + 2:
        parts[6] = (2, _injected(seen, glyphs, named=False))
    kept = _fitting([(rank, spans) for rank, spans in parts if spans], width)
    line: Line = []
    for spans in kept:
        line += [("  ", "plain"), *spans] if line else spans
    return line


def _fitting(parts: list[tuple[int, list[Span]]], width: int) -> list[list[Span]]:
    """Leave out the least important parts until the line fits."""
    kept = list(parts)
    while len(kept) > 1 and _columns([spans for _, spans in kept]) > width + 2:
        kept.remove(max(kept, key=lambda part: part[0]))
    return [spans for _, spans in kept]


def _columns(parts: list[list[Span]]) -> int:
    return sum(2 + sum(len(text) for text, _ in spans) for spans in parts)


def _run(frame: Frame, glyphs: Glyphs) -> list[Span]:
    if frame.jumping_to_s is not None:
        return [(f"JUMP to {words.day_time(frame.jumping_to_s)[:5]}", "notice")]
    if frame.paused:
        speed = "" if frame.speed == 1.0 else f" {words.speed(frame.speed)}"
        return [(f"PAUSED{speed}", "notice")]
    return [(f"{glyphs.dot} ", "battery"), (f"RUN {words.speed(frame.speed)}", "plain")]


def _voltage(snapshot: Snapshot) -> list[Span]:
    phases = snapshot.grid.voltages_pu
    state = grid_state(snapshot)
    lowest, highest = min(phases), max(phases)
    farthest = lowest if 1 - lowest >= highest - 1 else highest
    named = state not in ("OK", "FREQ")
    text = f"U {concerned(snapshot.grid)}{farthest:.2f} pu"
    return [(f"{text} {state}" if named else text, STATUS_LOOK[state] if named else "plain")]


def _frequency(snapshot: Snapshot) -> list[Span]:
    grid = snapshot.grid
    off = grid_state(snapshot) == "FREQ"
    return [(f"f {grid.frequency_hz:.2f} Hz" + (" outside" if off else ""), "strong" if off else "plain")]


def _injected(frame: Frame, glyphs: Glyphs, *, named: bool) -> list[Span]:
    """Return what is injected: what it is, where there is room, or how many there are."""
    active = frame.snapshot.disturbances
    count = len(active) + len(frame.injected)
    if not count:
        return []
    if len(active) == 1 and count == 1 and named:
        left = formats.remaining(active[0].remaining_s)
        return [(f"{glyphs.alarm} {active[0].text}: {left} left", "strong")]
    ends_s = min((item.remaining_s for item in active if item.remaining_s is not None), default=None)
    return [
        (
            f"{glyphs.alarm}{count} active" + (f" {formats.age(ends_s)}" if ends_s is not None else ""),
            "strong",
        )
    ]


def _clients(frame: Frame) -> list[Span]:
    clients = sum(len(link.clients) for link in frame.links)
    rate = sum(link.requests_per_s for link in frame.links)
    word = "client" if clients == 1 else "clients"
    return [
        (
            f"{clients} {word} {formats.rate(rate)}" if clients else "no client",
            "plain" if clients else "label",
        )
    ]


def _recording(frame: Frame, width: int) -> list[Span]:
    marks = f" {frame.marks} mark{'s' * (frame.marks > 1)}" if frame.marks else ""
    if frame.recording is not None and frame.recording.failed:
        return [("REC FAILED" + (f": {frame.recording.failed}" if width >= 100 else ""), "alarm")]
    if frame.recording is not None:
        return [(f"REC{marks}", "alarm")]
    return [(marks.strip(), "plain")] if marks else []
