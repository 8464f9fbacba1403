"""Captured frames as the blocks of a pcapng file that Wireshark opens.

TCP frames get synthesised Ethernet, IPv4 and TCP headers with the server at port 502, so that the Modbus/TCP
dissector decodes them whatever the real port was (it is in the interface name). A client without an IPv4
address gets one from 198.18.0.0/15. RTU frames, on a line or over TCP, are written raw as LINKTYPE_USER0:
the CRC stays visible, and Wireshark decodes them once its DLT_USER table names "mbrtu" for User 0.
Layout: draft-ietf-opsawg-pcapng.
"""

import ipaddress
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from twin_tui.protocols.modbus.endpoints import Framing
from twin_tui.protocols.modbus.traffic import RawFrame

LINKTYPE_ETHERNET = 1
LINKTYPE_USER0 = 147
MODBUS_PORT = 502
SNAP_LENGTH = 65_535
MOST_FLOWS = 4096
"""How many connections are remembered; the sequence numbers of an older one begin again."""
_SERVER_IP = ipaddress.IPv4Address("127.0.0.1")
_CLIENT_IPS = int(ipaddress.IPv4Address("198.18.0.1"))
_SHB, _IDB, _EPB = 0x0A0D0D0A, 1, 6
_IF_NAME, _IF_DESCRIPTION, _IF_TSRESOL, _EPB_FLAGS, _SHB_USERAPPL = 2, 3, 9, 2, 4
_INBOUND, _OUTBOUND = 1, 2
_SERVER_MAC, _CLIENT_MAC = b"\x02\x00\x00\x00\x00\x01", b"\x02\x00\x00\x00\x00\x02"
_PUSH_ACK = 0x18


class Pcapng:
    """The blocks of a pcapng file, one interface per link."""

    def __init__(self, links: Sequence[tuple[str, Framing]], epoch_s: float = 0.0) -> None:
        """Take name and framing of each link; ``epoch_s`` is the Unix time of the frames' clock at zero."""
        self._links = links
        self._epoch_s = epoch_s
        self._flows: dict[tuple[int, str], _Flow] = {}
        self._flows_made = 0

    def head(self) -> bytes:
        """Return the blocks that come before the packets."""
        return b"".join([_section(), *(_interface(name, framing) for name, framing in self._links)])

    def frame(self, number: int, frame: RawFrame) -> bytes:
        """Return the block of a frame that passed the link of a number."""
        packet = frame.data
        if self._links[number][1] == "mbap":
            packet = self._flow(number, frame.client).packet(frame.data, frame.incoming)
        return _packet(number, self._epoch_s + frame.time_s, packet, frame.incoming)

    def _flow(self, number: int, client: str) -> "_Flow":
        flow = self._flows.get((number, client))
        if flow is None:
            if len(self._flows) >= MOST_FLOWS:
                self._flows.pop(next(iter(self._flows)))
            flow = self._flows[number, client] = _Flow.of(client, self._flows_made)
            self._flows_made += 1
        return flow


def _block(kind: int, body: bytes) -> bytes:
    length = len(body) + 12
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


_END_OF_OPTIONS = bytes(4)


def _section() -> bytes:
    head = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    return _block(_SHB, head + _option(_SHB_USERAPPL, b"twin-tui") + _END_OF_OPTIONS)


def _interface(name: str, framing: Framing) -> bytes:
    link_type = LINKTYPE_ETHERNET if framing == "mbap" else LINKTYPE_USER0
    head = struct.pack("<HHI", link_type, 0, SNAP_LENGTH)
    options = _option(_IF_NAME, name.encode()) + _option(_IF_DESCRIPTION, f"Modbus at {name}".encode())
    return _block(_IDB, head + options + _option(_IF_TSRESOL, b"\x06") + _END_OF_OPTIONS)


def _packet(interface: int, time_s: float, packet: bytes, incoming: bool) -> bytes:
    micros = max(0, round(time_s * 1e6))
    head = struct.pack("<IIIII", interface, micros >> 32, micros & 0xFFFFFFFF, len(packet), len(packet))
    flags = _option(_EPB_FLAGS, struct.pack("<I", _INBOUND if incoming else _OUTBOUND))
    return _block(_EPB, head + packet + bytes(-len(packet) % 4) + flags + _END_OF_OPTIONS)


@dataclass(slots=True)
class _Flow:
    """One synthesised TCP connection, with the bytes sent by either side."""

    client_ip: ipaddress.IPv4Address
    client_port: int
    received: int = 1
    sent: int = 1

    @classmethod
    def of(cls, client: str, index: int) -> "_Flow":
        """Give a client its address; ``index`` distinguishes those without one."""
        host, _, port = client.rpartition(":")
        client_port = int(port) if port.isdecimal() and 0 < int(port) <= 0xFFFF else 49_152 + index % 16_384
        try:
            return cls(ipaddress.IPv4Address(host), client_port)
        except ValueError:
            return cls(ipaddress.IPv4Address(_CLIENT_IPS + index), client_port)

    def packet(self, data: bytes, incoming: bool) -> bytes:
        """Return an Ethernet frame around one Modbus frame and count its bytes."""
        client, server = (self.client_ip, self.client_port), (_SERVER_IP, MODBUS_PORT)
        if incoming:
            packet = _ethernet(client, server, self.received, self.sent, data)
            self.received = (self.received + len(data)) & 0xFFFFFFFF
        else:
            packet = _ethernet(server, client, self.sent, self.received, data)
            self.sent = (self.sent + len(data)) & 0xFFFFFFFF
        return packet


_Endpoint = tuple[ipaddress.IPv4Address, int]


def _ethernet(source: _Endpoint, target: _Endpoint, sequence: int, acknowledged: int, data: bytes) -> bytes:
    addresses = source[0].packed + target[0].packed
    ports = struct.pack(">HH", source[1], target[1])
    tcp = ports + struct.pack(">IIBBHHH", sequence, acknowledged, 0x50, _PUSH_ACK, 65_535, 0, 0)
    pseudo = addresses + struct.pack(">BBH", 0, 6, len(tcp) + len(data))
    tcp = tcp[:16] + _checksum(pseudo + tcp + data) + tcp[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(data), 0, 0x4000, 64, 6, 0) + addresses
    ip = ip[:10] + _checksum(ip) + ip[12:]
    macs = _SERVER_MAC + _CLIENT_MAC if target[1] == MODBUS_PORT else _CLIENT_MAC + _SERVER_MAC
    return macs + b"\x08\x00" + ip + tcp + data


def _checksum(data: bytes) -> bytes:
    """Return the Internet checksum (RFC 1071)."""
    padded = data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF).to_bytes(2, "big")
