"""Damage by chance: bytes, lines, values, keys, nesting, length, encoding."""

import hashlib
import random
import re
from collections.abc import Callable

VALUES = (
    "", "null", "~", "true", "no", "0", "-1", "1", "-0.0", "1e300", "1e400", "5e-324", "nan", ".nan", ".inf",
    "-.inf", "2147483648", "18446744073709551616", "65535", "65536", "1,5", "٣", "0x10", "12:30", "24:30",
    "2026-02-29", "1h", "-5s", "{}", "[]", "[1, [2, [3]]]", "{a: {b: c}}", "'text'", '"', "*a", "&a 1", "<<",
    "!!python/none", "x" * 5000, "\u202eright", "\x1b[31mred", "\ud7ff", "é" * 300, "../../etc/passwd",
    "/dev/full",
    "/dev/zero", ".", "\\", "|", '"\\ud800"', '"\\u0000"', "\udcff",
)  # fmt: skip


def _signed(recording: bytes) -> bytes:
    *before, _end = recording.splitlines(keepends=True) or [b""]
    digest = hashlib.sha256(b"".join(before)).hexdigest()
    return b"".join(before) + b'{"end":60,"t":6.0,"sha256":"%s"}\n' % digest.encode()


class Damage:
    """Makes broken inputs of good ones."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._ways: tuple[Callable[[bytes], bytes], ...] = (
            self._bytes, self._cut, self._line, self._lines_swapped, self._value, self._value, self._value,
            self._key, self._word, self._nested, self._repeated, self._encoded,
        )  # fmt: skip

    def of(self, good: bytes) -> bytes:
        """Return the input with one to three kinds of damage; half of the recordings are signed again."""
        recorded = good.startswith(b'{"twin_tui"')
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            good = self.rng.choice(self._ways)(good)
        return _signed(good) if recorded and self.rng.random() < 0.5 else good

    def _at(self, data: bytes) -> int:
        return self.rng.randrange(len(data) + 1)

    def _bytes(self, data: bytes) -> bytes:
        found = bytearray(data)
        for _ in range(self.rng.randint(1, 4)):
            if found:
                found[self.rng.randrange(len(found))] = self.rng.randrange(256)
        return bytes(found)

    def _cut(self, data: bytes) -> bytes:
        return data[: self._at(data)]

    def _line(self, data: bytes) -> bytes:
        lines = data.splitlines(keepends=True)
        if lines:
            at = self.rng.randrange(len(lines))
            lines[at : at + 1] = [] if self.rng.random() < 0.5 else [lines[at]] * 2
        return b"".join(lines)

    def _lines_swapped(self, data: bytes) -> bytes:
        lines = data.splitlines(keepends=True)
        if len(lines) > 1:
            one, other = self.rng.sample(range(len(lines)), 2)
            lines[one], lines[other] = lines[other], lines[one]
        return b"".join(lines)

    def _value(self, data: bytes) -> bytes:
        places = list(re.finditer(rb"(?<=[:,=\[ ])\s*[^\s:,=\[\]{}]+", data))
        if not places:
            return data
        place = self.rng.choice(places)
        new = self.rng.choice(VALUES).encode("utf-8", "surrogatepass")
        return (
            data[: place.start()]
            + b" " * (data[place.start() : place.start() + 1] == b" ")
            + new
            + data[place.end() :]
        )

    def _key(self, data: bytes) -> bytes:
        places = list(re.finditer(rb"[A-Za-z_]+(?=\"?:)", data))
        if not places:
            return data
        place = self.rng.choice(places)
        word = bytearray(place[0])
        word[self.rng.randrange(len(word))] = self.rng.choice(b"abcxyz_")
        return data[: place.start()] + bytes(word) + data[place.end() :]

    def _word(self, data: bytes) -> bytes:
        at = self._at(data)
        return data[:at] + self.rng.choice(VALUES).encode("utf-8", "surrogatepass") + data[at:]

    def _nested(self, data: bytes) -> bytes:
        at, depth = self._at(data), self.rng.choice((3, 100, 3_000))
        opened, closed = self.rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"- ", b""), (b"{a: ", b"}")))
        return data[:at] + opened * depth + b"1" + closed * depth + data[at:]

    def _repeated(self, data: bytes) -> bytes:
        return data * self.rng.choice((2, 20))

    def _encoded(self, data: bytes) -> bytes:
        text = data.decode("utf-8", "replace")
        return self.rng.choice(
            (
                b"\xef\xbb\xbf" + data,
                text.encode("utf-16"),
                data.replace(b"\n", b"\r\n"),
                data.replace(b" ", b"\t"),
                b"\0" + data,
            )
        )
