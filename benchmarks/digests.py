"""Digests of runs of five sites, equal on every Python; ``python -m benchmarks.digests`` writes them down.

Each part of a site (a device, the grid, the weather) has a digest of all that it shows in a run, to the last
bit. A digest of what the C library's exp, pow, sin and so on return distinguishes another Python from
another libm.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import NormalDist
from typing import Any

from twin_tui import Twin
from twin_tui.run.recording import Sampler, line, sample

GOLDEN = Path(__file__).parent.parent / "tests" / "run" / "digests.json"

RUNS: Mapping[str, tuple[float, tuple[str, ...]]] = {
    "one_battery": (
        1200.0,
        (
            "1s write battery-1 start_stop 1 active_power_setpoint_w 12kW",
            "60s sag 0.6 0.5s",
            "120s freq sine 0.3 period 7s for 60s",
            "240s write battery-1 active_power_setpoint_w -15kW",
            "300s fault battery-1 sensor_drift 60s",
            "600s mode battery-1 PEAK_SHAVING 0.7",
        ),
    ),
    "demo": (
        900.0,
        (
            "20s sag 0.7 2s phases ab",
            "100s phase 20 1s",
            "150s cloud 0.3 2m over 10s",
            "300s fault pv emergency_stop 30s",
            "340s write pv fault_reset 1",
            "500s unbalance 2% 1m over 10s",
            "600s load +5kW 1m",
        ),
    ),
    "home": (
        2400.0,
        (
            "2m plug car",
            "5m write dishwasher run 1",
            "10m sag 0.8 1s",
            "15m ambient -8 15m over 5m",
            "20m mode battery FORCED_CHARGE 0.5",
            "30m freq ramp -0.5 over 30s for 2m",
        ),
    ),
    "commercial": (
        600.0,
        (
            "10s write chp start_stop 1 load_setpoint_pu 0.8",
            "2m freq step -0.3 1m",
            "4m load +30kW 2m",
            "6m sag 0.85 10s phases b",
            "8m fault chp oil_pressure_low 10s",
        ),
    ),
    "microgrid": (1200.0, ("1m load +4kW 3m", "8m fault pv emergency_stop 30s", "15m cloud 0.2 2m over 30s")),
}
"""Simulated time and what is injected, by site: enough for every device to do what it can."""


def course(site: str) -> list[dict[str, Any]]:
    """Run a site; return what each of its parts showed in each second, and at last the log."""
    duration_s, injected = RUNS[site]
    twin = Twin.from_file(site)
    for text in injected:
        twin.inject(text)
    sampler = Sampler(twin.engine)
    seen: list[dict[str, Any]] = []

    def look() -> None:
        shown = sample(sampler)
        seen.append({**shown["devices"], "grid": shown["grid"], "weather": shown["weather"]})

    twin.engine.watch(1.0, look)
    twin.advance(duration_s)
    log = [(entry.tick, entry.kind.value, entry.device, entry.text) for entry in twin.engine.log]
    return [*seen, {"log": log}]


def digests(seen: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the digest of every part of a course."""
    parts: dict[str, Any] = {}
    for shown in seen:
        for name, found in shown.items():
            parts.setdefault(name, hashlib.sha256()).update(line({"": found}).encode())
    return {name: part.hexdigest()[:16] for name, part in parts.items()}


def libm() -> str:
    """Return a digest of the functions that a run depends on and that a machine may round its own way."""
    taken = [0.37 * step - 5.1 for step in range(200)]
    of_any = (math.exp, math.expm1, math.sin, math.cos, math.atan)
    found = [function(x) for function in of_any for x in taken]
    found += [math.atan2(x, 0.7) for x in taken] + [abs(x) ** 1.7 for x in taken] + [x**3 for x in taken]
    found += [NormalDist().inv_cdf((step + 0.5) / 2000) for step in range(2000)]
    found += (
        [math.hypot(x, 0.7) for x in taken]
        + [math.log(abs(x)) for x in taken]
        + [f(x / 100.0) for f in (math.acos, math.asin) for x in taken]
    )
    return hashlib.sha256(line({"": found}).encode()).hexdigest()[:16]


def main() -> None:
    """Write the golden file."""
    sites = {site: digests(course(site)) for site in RUNS}
    GOLDEN.write_text(json.dumps({"libm": libm(), "sites": sites}, indent=1) + "\n", encoding="utf-8")
    print(f"{GOLDEN}: {sum(map(len, sites.values()))} digests of {len(RUNS)} sites")


if __name__ == "__main__":
    main()
