"""Ids in messages: UUIDs made from readable names, always the same for the same names."""

import uuid

_NAMESPACE = uuid.UUID("6f0d3d0c-6f1e-5b0e-9c58-1d2f8a6c7e10")
NIL = "00000000-0000-0000-0000-000000000000"


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


class Names:
    """The ids of one resource. A name that is a UUID is used unchanged; many peers accept only UUIDs."""

    def __init__(self, site: str, device: str) -> None:
        self._space = uuid.uuid5(_NAMESPACE, f"{site}/{device}")
        self._count = 0
        self._known: dict[str, tuple[str, ...]] = {}

    @property
    def resource(self) -> str:
        """The id of the resource."""
        return str(self._space)

    def message(self) -> str:
        """Return the id of the next message."""
        self._count += 1
        return str(uuid.uuid5(self._space, f"message {self._count}"))

    def wire(self, *path: str) -> str:
        """Return the id of a named part, as "actuator", "mode", and remember it."""
        wire = path[-1] if _is_uuid(path[-1]) else str(uuid.uuid5(self._space, "/".join(path)))
        self._known[wire] = path
        return wire

    def name(self, wire: str) -> str:
        """Return the name behind an id; an unknown id is returned unchanged."""
        path = self._known.get(wire)
        return wire if path is None else path[-1]
