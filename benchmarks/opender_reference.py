"""Records what EPRI's OpenDER does at the rows of IEEE 1547-2018, for tests/engine/test_against_opender.py.

    uv venv /tmp/opender && uv pip install --python /tmp/opender/bin/python opender==2.2.0
    /tmp/opender/bin/python benchmarks/opender_reference.py > tests/engine/opender.json

A plant or a battery of 100 kW meets a grid in segments [seconds, voltage in pu, frequency in Hz]. Recorded
is its power in kW after every so many steps, and the step of its first trip. Ceasing takes no time here; the
standard allows 0.16 s. The starts are without droop: OpenDER's plant leaves the ramp of enter service out
while its droop is active. Limits are met just inside: a voltage passes through volts and back in OpenDER.
"""

import json
import sys
from typing import Any

import opender  # type: ignore[import-not-found]

DT_S = 0.1
RATED_W = 100_000.0
DEFAULTS: dict[str, dict[str, Any]] = {
    "i": {
        "NP_ABNORMAL_OP_CAT": "CAT_I",
        "NP_NORMAL_OP_CAT": "CAT_A",
        **{"UV1_TRIP_V": 0.7, "UV1_TRIP_T": 2.0, "UV2_TRIP_V": 0.45, "UV2_TRIP_T": 0.16},
        **{"OV1_TRIP_V": 1.1, "OV1_TRIP_T": 2.0, "OV2_TRIP_V": 1.2, "OV2_TRIP_T": 0.16},
    },
    "ii": {
        "NP_ABNORMAL_OP_CAT": "CAT_II",
        "NP_NORMAL_OP_CAT": "CAT_B",
        **{"UV1_TRIP_V": 0.7, "UV1_TRIP_T": 10.0, "UV2_TRIP_V": 0.45, "UV2_TRIP_T": 0.16},
        **{"OV1_TRIP_V": 1.1, "OV1_TRIP_T": 2.0, "OV2_TRIP_V": 1.2, "OV2_TRIP_T": 0.16},
    },
    "iii": {
        "NP_ABNORMAL_OP_CAT": "CAT_III",
        "NP_NORMAL_OP_CAT": "CAT_B",
        **{"UV1_TRIP_V": 0.88, "UV1_TRIP_T": 21.0, "UV2_TRIP_V": 0.5, "UV2_TRIP_T": 2.0},
        **{"OV1_TRIP_V": 1.1, "OV1_TRIP_T": 13.0, "OV2_TRIP_V": 1.2, "OV2_TRIP_T": 0.16},
    },
}
FREQUENCY = {
    **{"UF1_TRIP_F": 58.5, "UF1_TRIP_T": 300.0, "UF2_TRIP_F": 56.5, "UF2_TRIP_T": 0.16},
    **{"OF1_TRIP_F": 61.2, "OF1_TRIP_T": 300.0, "OF2_TRIP_F": 62.0, "OF2_TRIP_T": 0.16},
}
Segments = list[tuple[float, float, float]]


def unit(kind: str, category: str, on: bool) -> Any:
    """Return a plant or battery with the default settings of a category."""
    der = opender.DER_PV() if kind == "pv" else opender.DER_BESS()
    settings = {**DEFAULTS[category], **FREQUENCY, "NP_P_MAX": RATED_W, "NP_VA_MAX": RATED_W}
    settings |= {"NP_Q_MAX_INJ": 44_000.0, "NP_Q_MAX_ABS": 44_000.0, "NP_P_MAX_CHARGE": RATED_W}
    settings |= {"NP_APPARENT_POWER_CHARGE_MAX": RATED_W, "STATUS_INIT": on, "NP_AC_V_NOM": 480.0}
    settings |= {
        "ES_RAMP_RATE": 300.0,
        "ES_DELAY": 300.0,
        "PF_MODE_ENABLE": on,
        "NP_CTE_RESP_T": 0.0,
        "NP_EFFICIENCY": 1.0,
    }
    if kind == "bess":
        settings |= {"NP_BESS_CAPACITY": 1e9, "SOC_INIT": 0.5}
    for name, wanted in settings.items():
        setattr(der.der_file, name, wanted)
    made = type(der)(der.der_file)
    made.der_file.STATUS_INIT = on
    return made


def run(kind: str, category: str, wanted_w: float, segments: Segments, steps: list[int], on: bool) -> Any:
    """Return the power in kW at the steps, and the step of the first trip."""
    opender.DER.t_s = DT_S
    der = unit(kind, category, on)
    powers, tripped, step = [], None, 0
    for seconds, v_pu, f_hz in segments:
        for _ in range(round(seconds / DT_S)):
            if kind == "pv":
                der.update_der_input(p_dc_w=wanted_w, v_pu=v_pu, f=f_hz)
            else:
                der.update_der_input(p_dem_w=wanted_w, v_pu=v_pu, f=f_hz)
            der.run()
            if der.der_status == "Trip" and tripped is None:
                tripped = step
            powers.append(der.p_out_w / 1000.0)
            step += 1
    return [round(float(powers[at]), 4) for at in steps], tripped


def case(
    name: str, kind: str, category: str, wanted_kw: float, segments: Segments, every: int, on: bool
) -> Any:
    """Return a case with what OpenDER does in it."""
    steps = list(range(0, sum(round(seconds / DT_S) for seconds, _, _ in segments), every))
    powers, tripped = run(kind, category, wanted_kw * 1000.0, segments, steps, on)
    print(name, category, tripped, file=sys.stderr)
    return {
        **{"name": name, "kind": kind, "category": category, "kw": wanted_kw, "starts_on": on},
        **{"segments": segments, "every": every, "powers_kw": powers, "tripped": tripped},
    }


def cases() -> list[Any]:
    """Return every case."""
    found = []
    for category, settings in DEFAULTS.items():
        limits = {**settings, **FREQUENCY}
        for stage in ("UV1", "UV2", "OV1", "OV2", "UF1", "UF2", "OF1", "OF2"):
            quantity = "F" if stage[1] == "F" else "V"
            limit, time_s = limits[f"{stage}_TRIP_{quantity}"], limits[f"{stage}_TRIP_T"]
            for what, share in (("trip", 1.0005), ("no trip", 0.9995)):
                off = limit * (share if stage[0] == "O" else 2.0 - share)
                grid = (1.0, off) if quantity == "F" else (off, 60.0)
                segments = [(2.0, 1.0, 60.0), (time_s + 2.0, *grid)]
                found.append(case(f"{what} {stage}", "pv", category, 50.0, segments, 100_000, True))
        for v_pu in (
            0.1,
            0.29,
            0.3,
            0.31,
            0.44,
            0.46,
            0.49,
            0.5,
            0.51,
            0.69,
            0.87,
            1.09,
            1.11,
            1.19,
            1.1999,
            1.21,
        ):
            segments = [(2.0, 1.0, 60.0), (0.1, v_pu, 60.0), (1.0, 1.0, 60.0)]
            found.append(case(f"cease {v_pu}", "pv", category, 5.0, segments, 1, True))
    for category in DEFAULTS:
        for what, v_pu, f_hz in (
            *(("v low", 0.916, 60.0), ("v high", 1.051, 60.0), ("f low", 1.0, 59.49), ("f high", 1.0, 60.11)),
            *(
                ("at v low", 0.917, 60.0),
                ("at v high", 1.0499, 60.0),
                ("at f low", 1.0, 59.5),
                ("at f high", 1.0, 60.1),
            ),
        ):
            segments = [(2.0, 0.2, 60.0), (320.0, v_pu, f_hz), (620.0, 1.0, 60.0)]
            found.append(case(f"enter service {what}", "pv", category, 91.8, segments, 50, False))
        for f_hz in (57.2, 58.6, 59.5, 59.9, 60.02, 60.1, 60.5, 61.1, 61.7, 61.9):
            for kind, kws in (("pv", (50.0, 100.0)), ("bess", (-80.0, -20.0, 30.0, 100.0))):
                for kw in kws if category == "iii" else kws[:1]:
                    segments = [(2.0, 1.0, 60.0), (20.0, 1.0, f_hz), (20.0, 1.0, 60.0)]
                    found.append(case(f"droop {f_hz}", kind, category, kw, segments, 5, True))
    segments = [(1.0, 1.0, 60.0), (3.0, 0.3, 60.0), (100.0, 1.0, 60.0), (0.2, 0.9, 60.0), (650.0, 1.0, 60.0)]
    found.append(case("droop and enter service after a trip", "pv", "iii", 100.0, segments, 10, True))
    return found


if __name__ == "__main__":
    json.dump({"opender": "2.2.0", "dt_s": DT_S, "cases": cases()}, sys.stdout, separators=(",", ":"))
    print()
