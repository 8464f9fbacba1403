"""The measurements of a prequalification as the Nordic operators take them: a CSV for each test."""

import csv
from datetime import UTC, datetime
from pathlib import Path

from twin_tui.engine.site import SitePlan
from twin_tui.errors import ConfigError
from twin_tui.run.prequalification.exam import Reserve, Test
from twin_tui.run.prequalification.signals import LOG_HZ

COLUMNS = (
    *("DateTime", "InsAcPow", "GridFreq", "ApplFreqSig", "CalcBaseline"),
    *("ContMode_Fcrn", "ContMode_FcrdUp", "ContMode_FcrdDo"),
    *("ResSize_Fcrn", "ResSize_FcrdUp", "ResSize_FcrdDo"),
    *("NEM_MW_FcrdUp", "NEM_FcrdUp", "AEM_FcrdUp", "SOC"),
)
"""Powers in MW. The three columns of energy management are empty: its parts are in no signal."""
SERVICES = {"fcr_n": "Fcrn", "fcr_d_up": "FcrdUp", "fcr_d_down": "FcrdDo"}


def write_csv(
    folder: Path, plan: SitePlan, reserve: Reserve, number: int, test: Test, area: str = "XX"
) -> Path:
    """Write the samples of a test, at the rate that its service asks for; never over an existing file."""
    every = max(1, round(1.0 / (LOG_HZ[reserve.service] * plan.dt_s)))
    begin, end = (
        datetime.fromtimestamp(plan.start_unix_s + time_s, UTC)
        for time_s in (test.begin_s, test.samples[-1][0])
    )
    parts = (
        *(reserve.device, SERVICES[reserve.service], f"{test.kind.value}{number}", area, "UTC"),
        *(f"{begin:%H%M}-{end:%H%M}", f"{every * plan.dt_s:g}s", f"{begin:%Y%m%d}"),
    )
    path = folder / f"{'_'.join(parts)}.csv"
    modes = [int(service == reserve.service) for service in SERVICES]
    sizes = [reserve.capacity_w / 1e6 if service == reserve.service else 0 for service in SERVICES]
    baseline = float(reserve.parameters.get("base_w", 0.0)) / 1e6
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\r\n")
            rows.writerow(COLUMNS)
            for time_s, power_w, hz, applied_hz, soc in test.samples[::every]:
                at = datetime.fromtimestamp(plan.start_unix_s + time_s, UTC)
                stamp = f"{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03d}"
                seen = (f"{power_w / 1e6:.6f}", f"{hz:.4f}", f"{applied_hz:.4f}", f"{baseline:.6f}")
                rows.writerow((stamp, *seen, *modes, *sizes, "", "", "", f"{soc:.5f}"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    return path
