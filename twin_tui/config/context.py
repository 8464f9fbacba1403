"""What a value of a site file may need to know of the rest of it."""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Context:
    """Where the file lies, and what its top level says."""

    folder: Path = Path()
    zone: tzinfo = UTC
    nominal_hz: float | None = None


NOWHERE = Context()
