"""Registers as a table of text: what `twin-tui registers` prints."""

from collections.abc import Iterable

from twin_tui.documents.tables import table
from twin_tui.engine.snapshot import RegisterRow
from twin_tui.protocols.maps.binding import Binding

HEAD = ("address", "name", "type", "access", "raw", "value", "signal")


def listing(binding: Binding, device: str, where: str = "") -> str:
    """Return the decoded registers of one device, table by table, with where they are served."""
    rows = binding.rows()
    source = binding.map.description or binding.map.name
    place = f"  {where}" if where else ""
    parts = [f"{device}: {source}{place}"]
    for name in dict.fromkeys(row.table for row in rows):
        members = [_cells(row, device) for row in rows if row.table == name]
        parts.append(f"\n{name}\n{table(HEAD, members, right=(0,))}")
    return "\n".join(parts)


def _cells(row: RegisterRow, device: str) -> tuple[str, ...]:
    value = f"{row.text}  ({row.option})" if row.option else row.text
    signal = row.signal if row.device == device or not row.signal else f"{row.device}.{row.signal}"
    forced = "  FORCED" if row.pinned else ""
    return (
        str(row.address),
        row.name,
        row.type,
        row.access,
        raw_text(row.raw),
        value + forced,
        signal or "-",
    )


def raw_text(words: Iterable[int]) -> str:
    """Return words in hexadecimal, long ones shortened."""
    shown = [f"{word:04X}" for word in words]
    return " ".join(shown) if len(shown) <= 4 else f"{' '.join(shown[:3])} … ({len(shown)} words)"
