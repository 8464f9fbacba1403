"""Grid codes: shipped ones by name, others from a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twin_tui.config.grid_code_file import GridCodeFile, Switched
from twin_tui.documents.loader import Document, open_document
from twin_tui.documents.model import Complaints
from twin_tui.engine.frequency_meter import FrequencyMeter
from twin_tui.engine.grid_code import GridCode
from twin_tui.errors import ConfigError, did_you_mean

CURVES = ("volt_var", "volt_watt", "watt_pf")
"""What a site file can switch on and off beside the name of a code."""
_FOLDER = Path(__file__).parent.parent / "data" / "grid_codes"


def grid_code_names() -> tuple[str, ...]:
    """Return the names of the shipped grid codes."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def default_grid_code(nominal_hz: float | None, *, peer_format: bool = False) -> str | None:
    """Return the name of the code of a device without one, None for an uncommon frequency.

    A site file in DER Twin's form keeps the windows that it has there.
    """
    if nominal_hz == 50.0:
        return "dertwin" if peer_format else "en50549-1"
    return "ieee1547-2018-cat-iii" if nominal_hz == 60.0 else None


def load_grid_code(
    name: str,
    base: Path | None = None,
    *,
    read: Callable[[Path], Document] = open_document,
    nominal_hz: float | None = None,
    **enabled: bool,
) -> GridCode:
    """Return a shipped grid code, or that of a YAML file with a path relative to `base`.

    A code for another frequency than `nominal_hz` is refused. `enabled` switches `volt_var`, `volt_watt` and
    `watt_pf` on or off; without it, the setting of the file holds. `read` opens the user's file.
    """
    if name.endswith((".yaml", ".yml")):
        document = read((base or Path()) / name)
    elif name in grid_code_names():
        document = open_document(_FOLDER / f"{name}.yaml", f"{name}.yaml")
    else:
        raise ConfigError(
            f"unknown grid code {name!r}{did_you_mean(name, grid_code_names())}"
            " (the path of your own file must end in .yaml)"
        )
    stem = name.removesuffix(".yaml").removesuffix(".yml")
    code = grid_code_of(document, Path(stem).name, **enabled)
    if nominal_hz is not None and nominal_hz != code.nominal_hz:
        raise ConfigError(
            f"grid code {name!r} is for {code.nominal_hz:g} Hz, but the grid has {nominal_hz:g} Hz"
        )
    return code


def grid_code_of(document: Document, name: str, **enabled: bool) -> GridCode:
    """Return the grid code of a document; raise one ConfigError with all its errors."""
    file = Complaints(document).required(GridCodeFile, document.data)
    optional: dict[str, Any] = {}
    if file.momentary_cessation is not None:
        found = file.momentary_cessation
        low = found.at_or_below_pu if found.below_pu is None else found.below_pu
        optional = {"cease_low_pu": low, "cease_high_pu": found.above_pu}
        optional["cease_at_low"] = found.below_pu is None
        optional["cease_back_s"] = found.back_s
    if file.frequency_measurement is not None:
        measured = file.frequency_measurement
        optional["frequency_needs_pu"] = measured.needs_pu
        if measured.window_s or measured.delay_s or measured.resolution_hz:
            optional["meter"] = FrequencyMeter(measured.window_s, measured.delay_s, measured.resolution_hz)
    for kind in CURVES:
        optional |= _switched(kind, getattr(file, kind), enabled.get(kind), name)
    if optional["volt_var"] and optional["watt_pf"]:
        raise ConfigError(f"{name} has both volt_var and watt_pf switched on; switch one of them off")
    return GridCode(
        name=name,
        title=file.title,
        nominal_hz=file.nominal_hz,
        stages=tuple(stage.built() for stage in file.stages),
        enter_service=file.enter_service.built(),
        recalled=file.recalled(),
        **_switched("droop", file.frequency_droop, None),
        **{key: limit for key, limit in optional.items() if limit is not None},
    )


def _switched(kind: str, entry: Switched | None, enabled: bool | None, name: str = "") -> dict[str, Any]:
    """Return a support function where the engine looks for one that is on, or for one that is off."""
    if entry is None and enabled:
        raise ConfigError(f"{name} has no {kind} curve to switch on")
    is_on = entry is not None and (entry.enabled if enabled is None else enabled)
    on, function = (
        "frequency_droop" if kind == "droop" else kind,
        entry.built() if entry is not None else None,
    )
    return {on: function if is_on else None, f"spare_{kind}": None if is_on else function}
