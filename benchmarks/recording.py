"""What recording costs: a headless run of `home` with a recording against one without, in turn.

    python -m benchmarks.recording [--hours 2] [--rounds 5] [--site home]

Prints for each form the CPU time of the run with it as a share of that of the run without (the median of the
rounds, and the lowest and highest), and the size of a simulated day at one sample a second.
"""

import argparse
import asyncio
import gc
import json
import tempfile
import time
from pathlib import Path
from statistics import median

from twin_tui import Twin

FORMS = ("jsonl", "jsonl.gz", "csv", "parquet")
HOUR_S, DAY_S = 3600.0, 86_400.0


def run_s(site: str, seconds: float, recording: Path | None) -> float:
    """Return the CPU time of a run."""
    twin = Twin.from_file(site, speed=float("inf"))
    gc.collect()
    started = time.process_time()
    if recording is not None:
        twin.record(recording)
    asyncio.run(twin.run(seconds))
    twin.stop_recording()
    return time.process_time() - started


def size(path: Path) -> int:
    """Return the bytes of a file, or of the files in a folder."""
    return sum(part.stat().st_size for part in path.iterdir()) if path.is_dir() else path.stat().st_size


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--site", default="home")
    given = parser.parse_args()
    seconds = given.hours * HOUR_S
    gc.set_threshold(20_000)  # as the command line does
    found: dict[str, list[float]] = {form: [] for form in FORMS}
    sizes: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMS:  # what is imported and filled at first is no cost of a recording
            run_s(given.site, 60.0, Path(folder, f"warm.{form}"))
        for number in range(given.rounds):
            for form in FORMS:
                path = Path(folder, f"{number}.{form}")
                before = run_s(given.site, seconds, None)
                with_it = run_s(given.site, seconds, path)
                after = run_s(given.site, seconds, None)
                found[form].append(2.0 * with_it / (before + after) - 1.0)
                sizes[form] = size(path) * DAY_S / seconds / 1e6
    for form, costs in found.items():
        print(
            json.dumps(
                {
                    "form": form,
                    "cost": round(median(costs), 3),
                    "from": round(min(costs), 3),
                    "to": round(max(costs), 3),
                    "MB_a_day": round(sizes[form], 1),
                }
            )
        )


if __name__ == "__main__":
    main()
