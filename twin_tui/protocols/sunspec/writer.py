"""Writes a chain of SunSpec models as a register map file, and tells how much of the models it serves."""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from twin_tui.documents.tables import table
from twin_tui.protocols.maps.standards import RULED
from twin_tui.protocols.sunspec.layout import BASE, Chain, Coverage

_WIDTH = 110
_TITLES = {"pv": "PV inverter", "battery": "Battery system", "meter": "Energy meter"}
_TYPES = {"pv": "pv_inverter", "battery": "bess", "meter": "energy_meter"}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_ .\-]*\Z")
_WORDS_OF_YAML = {"on", "off", "yes", "no", "true", "false", "null", "y", "n"}
_ORDER = (
    *(
        "name",
        "signal",
        "param",
        "table",
        "access",
        "address",
        "type",
        "count",
        "scale",
        "scale_register",
        "unit",
    ),
    *("plus", "mean", "stored", "value", "min", "max", "codes", "states", "bits", "options"),
)

_NOTE = """\
Layout, types and the values for “not implemented” are those of the models. Scale factors are fixed: to
change one, edit the register of type sunssf; all registers that refer to it follow. Points for which the
standard has rules (limits with their timers, storage rates, curves) follow them by their names."""


def map_text(chain: Chain, *, schema: str = "", source: str = "", date: str = "") -> str:
    """Return the register map of a chain as YAML; ``date`` is in its head where it is given."""
    title = _TITLES.get(chain.kind, chain.kind)
    numbers = ", ".join(str(model.number) for model, _ in chain.models)
    lines = [f"# yaml-language-server: $schema={schema}"] if schema else []
    command = f"`twin-tui map sunspec {numbers.replace(' ', '')} --device {chain.kind}`"
    source = f"SunSpec Alliance, information model definitions ({source or 'github.com/sunspec/models'})"
    head = (
        f"{title}, as SunSpec models {numbers} from address {BASE}. Source: {source}, read by {command}"
        f"{f' on {date}' if date else ''}.",
        _NOTE,
    )
    for text in head:
        lines += textwrap.wrap(
            text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False
        )
    if chain.kind == "meter":
        lines.append("# Power is positive on import.")
    lines += [
        "protocol: modbus_tcp",
        f"device_type: {_TYPES.get(chain.kind, chain.kind)}",
        f"description: {title} with SunSpec models",
        "source: SunSpec information models",
        "not_available: sunspec",
    ]
    if chain.kind in RULED:
        lines.append("rules: sunspec")
    lines += ["", "registers:", _entry({"name": "sunspec", "address": BASE, "type": "string", "count": 2,
                                       "value": "SunS"})]  # fmt: skip
    for model, entries in chain.models:
        lines += ["", f"  # model {model.number}: {model.label.lower()}"]
        lines += [_entry({"address": "next", **entry}) for entry in entries]
    end = (
        {"name": "end_ID", "type": "uint16", "value": 0xFFFF},
        {"name": "end_L", "type": "uint16", "value": 0},
    )
    lines += ["", *(_entry({"address": "next", **entry}) for entry in end)]
    return "\n".join(lines) + "\n"


def coverage_text(coverage: Iterable[Coverage]) -> str:
    """Return the coverage of the models as a table, and the mandatory points that are missing."""
    found = list(coverage)
    rows = [
        (
            str(each.model),
            each.label,
            f"{each.served} of {each.points}",
            f"{each.mandatory_served} of {each.mandatory}",
            f"{each.accepted} of {each.writable}",
        )
        for each in found
    ]
    lines = [table(("model", "", "points", "mandatory", "writable"), rows)]
    served, all_of_them = sum(e.mandatory_served for e in found), sum(e.mandatory for e in found)
    lines += ["", f"served {served} of {all_of_them} mandatory points"]
    lines += [f"model {e.model}: not served: {', '.join(e.missing)}" for e in found if e.missing]
    return "\n".join(lines)


def _entry(keys: dict[str, Any]) -> str:
    keys = {"table": "holding", **keys}
    pieces = [f"{key}: {_flow(keys[key])}" for key in _ORDER if key in keys]
    assert len(pieces) == len(keys), keys.keys() - set(_ORDER)
    return "\n".join(_wrapped(pieces))


def _wrapped(pieces: list[str]) -> Iterator[str]:
    line = "  - {" + pieces[0]
    for piece in (part for whole in pieces[1:] for part in _parts(whole)):
        if len(line) + len(piece) + 3 > _WIDTH:
            yield line + ","
            line = "     " + piece
        else:
            line += ", " + piece
    yield line + "}"


def _parts(piece: str) -> list[str]:
    """Split what is too long for a line."""
    return [piece] if len(piece) + 7 <= _WIDTH else piece.split(", ")


def _flow(found: Any) -> str:
    if isinstance(found, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(item)}" for key, item in found.items()) + "}"
    if isinstance(found, list):
        return "[" + ", ".join(map(_flow, found)) + "]"
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, int):
        return str(found)
    if isinstance(found, float):
        return str(int(found)) if found.is_integer() else repr(found)
    plain = _PLAIN.match(found) and found.lower() not in _WORDS_OF_YAML and found == found.strip()
    return found if plain else json.dumps(found, ensure_ascii=False)
