"""Device identification: function 43 with MEI type 14."""

from collections.abc import Mapping

from twin_tui.errors import ConfigError

MAX_OBJECT_BYTES = 244
MAX_PDU_BYTES = 253
Identity = dict[int, bytes]
"""Object number → text; empty for a unit without the function."""

_LAST_OBJECT = {1: 0x02, 2: 0x7F, 3: 0xFF}
_INDIVIDUAL = 4


def encoded(texts: Mapping[int, str]) -> Identity:
    """Encode identification objects; if there are any, the three basic ones are added."""
    if not texts:
        return {}
    complete = {0: "", 1: "", 2: "", **texts}
    return {number: _object(number, complete[number]) for number in sorted(complete)}


def _object(number: int, text: str) -> bytes:
    if not 0 <= number <= 0xFF:
        raise ConfigError(f"device identification object {number}: expected a number from 0 to 255")
    data = text.encode("ascii", "replace")
    if len(data) > MAX_OBJECT_BYTES:
        raise ConfigError(
            f"device identification object {number} has {len(data)} characters; "
            f"expected at most {MAX_OBJECT_BYTES} (one response)"
        )
    return data


def answer(objects: Identity, code: int, wanted: int) -> bytes | None:
    """Return a stream of objects or one object; None when that object does not exist.

    Codes 1 to 3 request the basic, regular and extended stream from ``wanted`` on, code 4 one object.
    """
    highest = max(objects)
    level = 1 if highest <= 0x02 else 2 if highest <= 0x7F else 3
    head = bytes((0x2B, 0x0E, code, 0x80 | level))
    if code == _INDIVIDUAL:
        if wanted not in objects:
            return None
        return head + bytes((0, 0, 1, wanted, len(objects[wanted]))) + objects[wanted]
    last = _LAST_OBJECT[min(code, level)]
    numbers = [number for number in objects if number <= last]
    start = numbers.index(wanted) if wanted in numbers else 0
    body, sent, following = bytearray(), 0, 0
    for number in numbers[start:]:
        if len(head) + 3 + len(body) + 2 + len(objects[number]) > MAX_PDU_BYTES:
            following = number
            break
        body += bytes((number, len(objects[number]))) + objects[number]
        sent += 1
    return head + bytes((0xFF if following else 0, following, sent)) + body
