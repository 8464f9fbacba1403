"""Register types: numbers, texts, digits and bits, and their word and byte order."""

import math
import struct
from array import array
from enum import Enum

from twin_tui.engine.signals import value

Raw = int | float | str


class Encoding(Enum):
    """How the bits of a type are interpreted."""

    INTEGER = "integer"
    FLOAT = "float"
    TEXT = "text"
    DIGITS = "digits"
    BIT = "bit"


@value
class WireType:
    """A type by its name in a map; ``words`` is 0 if the map gives the count."""

    name: str
    encoding: Encoding
    words: int
    code: str = ""
    low: float = 0.0
    high: float = 0.0


def _integer(name: str, code: str) -> WireType:
    bits = 8 * struct.calcsize(">" + code)
    low, high = (0, (1 << bits) - 1) if code.isupper() else (-(1 << bits - 1), (1 << bits - 1) - 1)
    return WireType(name, Encoding.INTEGER, bits // 16, code, low, high)


_INTEGERS = {
    "uint16": "H",
    "int16": "h",
    "uint32": "I",
    "int32": "i",
    "uint64": "Q",
    "int64": "q",
    "enum16": "H",
    "enum32": "I",
    "bitfield16": "H",
    "bitfield32": "I",
    "bitfield64": "Q",
    "acc16": "H",
    "acc32": "I",
    "acc64": "Q",
    "sunssf": "h",
}
_FLOAT32_MAX = struct.unpack(">f", b"\x7f\x7f\xff\xff")[0]

WIRE_TYPES: dict[str, WireType] = {
    **{name: _integer(name, code) for name, code in _INTEGERS.items()},
    "float32": WireType("float32", Encoding.FLOAT, 2, "f", -_FLOAT32_MAX, _FLOAT32_MAX),
    "float64": WireType("float64", Encoding.FLOAT, 4, "d", -math.inf, math.inf),
    "string": WireType("string", Encoding.TEXT, 0),
    "bcd": WireType("bcd", Encoding.DIGITS, 0),
    "pad": WireType("pad", Encoding.INTEGER, 0, "H", 0, 65535),
    "bool": WireType("bool", Encoding.BIT, 1, "?", 0, 1),
}


@value
class Layout:
    """The layout of one value: type, number of words, word order and byte order."""

    type: WireType
    count: int
    words_little: bool = False
    bytes_little: bool = False

    @property
    def size(self) -> int:
        """The number of bytes in memory; one for a bit."""
        return 1 if self.type.encoding is Encoding.BIT else 2 * self.count

    @property
    def low(self) -> float:
        """The lowest raw number."""
        return self.type.low

    @property
    def high(self) -> float:
        """The highest raw number."""
        return 10 ** (4 * self.count) - 1 if self.type.encoding is Encoding.DIGITS else self.type.high

    def pack(self, raw: Raw) -> bytes:
        """Return the bytes of a raw value; raise struct.error for a number out of range."""
        encoding = self.type.encoding
        if encoding is Encoding.TEXT:
            text = str(raw).encode("latin-1", "replace")[: 2 * self.count]
            return self._order(text.ljust(2 * self.count, b"\0"), False)
        if encoding is Encoding.DIGITS:
            return self._order(bytes.fromhex(f"{int(raw):0{4 * self.count}d}"), self.words_little)
        if encoding is Encoding.BIT:
            return b"\x01" if raw else b"\x00"
        if self.type.words == 0:
            return b"\0\0" * self.count
        try:
            return self._order(struct.pack(">" + self.type.code, raw), self.words_little)
        except OverflowError as error:
            raise struct.error(str(error)) from None

    def unpack(self, data: bytes) -> Raw:
        """Return the raw value of the bytes; raise ValueError for invalid decimal digits."""
        encoding = self.type.encoding
        if encoding is Encoding.TEXT:
            return self._order(data, False).split(b"\0", 1)[0].decode("latin-1").rstrip(" ")
        if encoding is Encoding.DIGITS:
            return int(self._order(data, self.words_little).hex(), 10)
        if encoding is Encoding.BIT:
            return int(data[0])
        if self.type.words == 0:
            return 0
        raw: int | float = struct.unpack(">" + self.type.code, self._order(data, self.words_little))[0]
        return raw

    def pattern(self, bits: int) -> bytes:
        """Return the bytes of a bit pattern given as an unsigned number."""
        if self.type.encoding is Encoding.BIT:
            return bytes((bits & 1,))
        return self._order(bits.to_bytes(2 * self.count, "big"), self.words_little)

    def _order(self, data: bytes, words_little: bool) -> bytes:
        if words_little:
            data = b"".join(data[at : at + 2] for at in range(len(data) - 2, -2, -2))
        return swapped(data) if self.bytes_little else data


def swapped(data: bytes) -> bytes:
    """Return the bytes with the two bytes of each word swapped."""
    words = array("H", data)
    words.byteswap()
    return words.tobytes()
