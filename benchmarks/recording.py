"""What recording costs: `home` without a screen with a recording beside one without, a minute in turn.

    python -m benchmarks.recording [--hours 2] [--rounds 5] [--site home]

The twins run side by side in one process, so that what else the machine does meets them alike. Prints for
each form the CPU time of a simulated minute with it as a share of the same minute without (median, and
between which shares the middle half is), and the size of a day at one sample a second.
"""

import argparse
import asyncio
import gc
import json
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import quantiles

from twin_tui import Twin

FORMS = ("jsonl", "jsonl.gz", "csv", "parquet")
HOUR_S, DAY_S, PART_S = 3600.0, 86_400.0, 60.0


async def part_s(twin: Twin, seconds: float) -> float:
    """Return the CPU time of a part of a run."""
    started = time.process_time()
    await twin.run(seconds)
    return time.process_time() - started


async def round_of(site: str, seconds: float, folder: Path) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Run a site with each form and without; return the shares of each minute, and the sizes."""
    twins = {form: Twin.from_file(site, speed=float("inf")) for form in ("", *FORMS)}
    paths = {form: folder / f"run.{form}" for form in FORMS}
    for form, path in paths.items():
        twins[form].record(path, force=True)
    shares: dict[str, list[float]] = defaultdict(list)
    for number in range(int(seconds / PART_S)):
        # each twin is at another place in the row each time: the one after Parquet finds other caches
        order = [*twins.items()]
        turn = number % len(order)
        spent = {form: await part_s(twin, PART_S) for form, twin in order[turn:] + order[:turn]}
        if number:  # what is filled at first is no cost of a recording
            for form in FORMS:
                shares[form].append(spent[form] / spent[""] - 1.0)
    for form in FORMS:
        twins[form].stop_recording()
    return shares, {form: size(path) for form, path in paths.items()}


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
    seconds = max(given.hours * HOUR_S, 4.0 * PART_S)
    gc.set_threshold(20_000)  # as the command line does
    found: dict[str, list[float]] = defaultdict(list)
    sizes: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(given.rounds):
            shares, sizes = asyncio.run(round_of(given.site, seconds, Path(folder)))
            for form in FORMS:
                found[form] += shares[form]
    for form, costs in found.items():
        low, middle, high = quantiles(costs, n=4)
        print(
            json.dumps(
                {
                    "form": form,
                    "cost": round(middle, 3),
                    "from": round(low, 3),
                    "to": round(high, 3),
                    "MB_a_day": round(sizes[form] * DAY_S / seconds / 1e6, 1),
                }
            )
        )


if __name__ == "__main__":
    main()
