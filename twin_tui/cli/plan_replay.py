"""``twin-tui replay-plan``: a recorded EOS plan, carried out on a site."""

import asyncio
import math
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click

from twin_tui.cli.headless import run as headless_run
from twin_tui.cli.options import DURATION, OUTSIDE
from twin_tui.cli.results import TimedRun
from twin_tui.cli.runs import check_apart, check_run_length
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


@click.command("replay-plan")
@click.argument("site")
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--headless", is_flag=True, help="Run without a screen, as fast as possible.")
@click.option(
    "--duration", type=DURATION, metavar="TIME", help="Simulated time to run, by default that of the plan."
)
@click.option("--record", type=click.Path(path_type=Path), metavar="FILE", help="Record the run to FILE.")
@click.option("--force", is_flag=True, help="Let --record overwrite an existing file.")
@OUTSIDE
def command(
    site: str,
    plan: Path,
    headless: bool,
    duration: float | None,
    record: Path | None,
    force: bool,
    allow_outside: bool,
) -> None:
    """Carry out an EOS PLAN on SITE, from the start time of the plan.

    SITE is a site file, the name of a shipped site, or the JSON file with the input of EOS.
    """
    if not headless:
        from twin_tui.console.settings import load  # noqa: PLC0415 - a headless run needs no screen

        settings = load()
    twin, eos_plan = make(site, plan, math.inf if headless else None, allow_outside=allow_outside)
    check_apart([("SITE", Path(site)), ("PLAN", plan)], [("--record", record)])
    check_run_length(duration, twin.dt_s)
    if duration is None and headless:
        duration = length_s(eos_plan)
    if record is not None:
        twin.record_from_start(RecordingPlan(record, force=force, duration_s=duration))
    if not headless:
        from twin_tui.console.start import run_console  # noqa: PLC0415 - a headless run needs no screen

        sys.exit(run_console(twin, servers=True, duration_s=duration, settings=settings))
    resources = clean(", ".join(eos_plan.resources))
    print(f"plan {clean(eos_plan.name)}: {len(eos_plan.steps)} instructions for {resources}")
    twin.engine.watch(HOUR_S, lambda: print(hour_line(twin, eos_plan)))
    print(hour_line(twin, eos_plan))
    sys.exit(asyncio.run(headless_run([TimedRun(twin, duration)], servers=False, quiet=True)))


def hour_line(twin: Twin, plan: Plan) -> str:
    """Return a line of text: the local time, and mode, power and state of charge of the planned devices."""
    snapshot = twin.snapshot()
    zone = timezone(timedelta(seconds=twin.engine.surroundings.utc_offset_s))
    when = datetime.fromtimestamp(twin.site.plan.start_unix_s + snapshot.time_s, zone)
    parts = []
    for device in snapshot.devices:
        if device.name in plan.resources:
            soc = getattr(device.telemetry, "soc", None)
            level = f" {100 * soc:5.1f} %" if soc is not None else ""
            power = f"{kilowatts(device.active_power_w, 7)} kW"
            parts.append(f"{device.name} {device.mode or '-':<20}{power}{level}")
    return f"{when:%Y-%m-%d %H:%M}  " + "   ".join(parts)
