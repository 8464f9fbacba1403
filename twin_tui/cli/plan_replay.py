"""Carrying out a recorded EOS plan on a site, from the command line."""

import asyncio
import math
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from twin_tui.cli import headless as without_screen
from twin_tui.cli.results import Run
from twin_tui.cli.runs import check_run_length
from twin_tui.config import load_site
from twin_tui.documents.loader import read_document
from twin_tui.engine.formats import clean, kilowatts
from twin_tui.errors import TwinError
from twin_tui.protocols.eos.bundle import read_bundle
from twin_tui.protocols.eos.plan import Plan, read_plan, schedule
from twin_tui.run.recording import RecordingPlan
from twin_tui.twin import Twin

HOUR_S = 3600.0


def make(
    site: str, plan_file: Path, speed: float | None = None, *, allow_outside: bool = False
) -> tuple[Twin, Plan]:
    """Return a twin that starts with the plan and has every instruction on its agenda."""
    source: str | dict[str, Any] = read_bundle(Path(site)) if _is_bundle(Path(site)) else site
    plan = read_plan(plan_file)
    start = datetime.fromtimestamp(plan.valid_from_unix_s, UTC).isoformat()
    twin = Twin(load_site(source, allow_outside=allow_outside, start=start), speed=speed)
    zone = timezone(timedelta(seconds=twin.site.plan.utc_offset_s))
    schedule(twin.engine, read_plan(plan_file, zone))
    return twin, plan


def _is_bundle(path: Path) -> bool:
    if path.suffix != ".json" or not path.is_file():
        return False
    try:
        data = read_document(path)
    except TwinError:
        return False
    return isinstance(data, dict) and "load_wh" in data


def length_s(plan: Plan) -> float:
    """Return how long a plan lasts: to its end, or to an hour after its last instruction."""
    last = max((step.unix_s for step in plan.steps), default=plan.valid_from_unix_s) + HOUR_S
    return (plan.valid_until_unix_s or last) - plan.valid_from_unix_s


def run(
    site: str,
    plan_file: Path,
    *,
    headless: bool,
    duration_s: float | None,
    record: Path | None,
    force: bool = False,
    allow_outside: bool = False,
) -> int:
    """Run the plan with or without a screen; return the exit code."""
    if not headless:
        from twin_tui.console.settings import load  # noqa: PLC0415 - a headless run needs no screen

        settings = load()
    twin, plan = make(site, plan_file, math.inf if headless else None, allow_outside=allow_outside)
    check_run_length(duration_s, twin.dt_s)
    if duration_s is None and headless:
        duration_s = length_s(plan)
    if record is not None:
        twin.record_from_start(RecordingPlan(record, force=force, duration_s=duration_s))
    if not headless:
        from twin_tui.console.start import run_console  # noqa: PLC0415 - a headless run needs no screen

        return run_console(twin, servers=True, duration_s=duration_s, settings=settings)
    print(f"plan {clean(plan.name)}: {len(plan.steps)} instructions for {clean(', '.join(plan.resources))}")
    twin.engine.watch(HOUR_S, lambda: print(hour_line(twin, plan)))
    print(hour_line(twin, plan))
    return asyncio.run(without_screen.run([Run(twin, duration_s)], servers=False, quiet=True))


def hour_line(twin: Twin, plan: Plan) -> str:
    """Return a line of text: the local time, and mode, power and state of charge of the planned devices."""
    snapshot = twin.snapshot()
    zone = timezone(timedelta(seconds=twin.site.plan.utc_offset_s))
    when = datetime.fromtimestamp(twin.site.plan.start_unix_s + snapshot.time_s, zone)
    parts = []
    for device in snapshot.devices:
        if device.name in plan.resources:
            soc = getattr(device.telemetry, "soc", None)
            level = f" {100 * soc:5.1f} %" if soc is not None else ""
            power = f"{kilowatts(device.active_power_w, 7)} kW"
            parts.append(f"{device.name} {device.mode or '-':<20}{power}{level}")
    return f"{when:%Y-%m-%d %H:%M}  " + "   ".join(parts)
