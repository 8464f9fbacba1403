"""The checksum of Modbus RTU frames."""


def _table() -> tuple[int, ...]:
    entries = []
    for value in range(256):
        crc = value
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        entries.append(crc)
    return tuple(entries)


_TABLE = _table()


def crc16(data: bytes) -> int:
    """Return the CRC-16/MODBUS (polynomial 0x8005 reflected, start 0xFFFF) of the bytes."""
    crc, table = 0xFFFF, _TABLE
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc


def with_crc(data: bytes) -> bytes:
    """Return the bytes followed by their CRC, low byte first."""
    return data + crc16(data).to_bytes(2, "little")
