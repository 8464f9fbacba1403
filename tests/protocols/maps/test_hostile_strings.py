"""What a client writes into a register of text: it reaches log, list and recording without what draws."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from twin_tui import Twin
from twin_tui.engine.formats import clean_lines
from twin_tui.engine.view import ViewRequest
from twin_tui.protocols.maps.listing import listing
from twin_tui.protocols.modbus.memory import Table, WriteRequest
from twin_tui.run import recording
from twin_tui.session.local import LocalSession

WORDS = 10
MAP = {
    "device_type": "bess",
    "registers": [
        {
            "name": "label",
            "table": "holding",
            "address": 10,
            "type": "string",
            "count": WORDS,
            "access": "rw",
            "stored": True,
        },
        {"name": "soc", "table": "input", "address": 1, "type": "uint16", "signal": "soc", "unit": "%"},
    ],
}
BAD = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
EVIL = (
    b"\x1b[2J\x1b]0;t\x07",
    "a\u202eb\u2066c".encode(),
    b"nul\0nul",
    b"two\nlines\r\n",
    b"\xff\xfe\xed\xa0\x80",
    b"=cmd|' /C'!A0",
)


@pytest.mark.parametrize("evil", EVIL, ids=["escape", "bidi", "nul", "lines", "not UTF-8", "formula"])
async def test_a_text_that_a_client_writes_is_the_same_on_the_wire_and_clean_everywhere_else(
    evil: bytes, tmp_path: Path
) -> None:
    (tmp_path / "map.json").write_text(json.dumps(MAP))
    protocol = {"kind": "modbus_tcp", "port": 0, "register_map": "map.json"}
    asset: dict[str, Any] = {"type": "battery", "name": "bess", "protocols": [protocol]}
    (tmp_path / "site.json").write_text(json.dumps({"name": "x", "real_time": False, "assets": [asset]}))
    twin, path = Twin.from_file(tmp_path / "site.json"), tmp_path / "run.jsonl"
    session = LocalSession(twin)
    twin.record(path)
    (registers,) = twin.links.registers("bess")
    data = evil.ljust(2 * WORDS, b"\0")
    assert registers.write(WriteRequest(Table.HOLDING_REGISTERS, 10, WORDS, data, 16, "10.0.0.7:5000")) == 0
    twin.advance(2)
    registers.refresh()
    found = registers.readable(Table.HOLDING_REGISTERS, 10, WORDS)
    assert found is not None
    memory, start, end = found
    assert memory[start:end] == data
    assert BAD.findall(clean_lines(listing(registers, "bess"))) == []
    assert BAD.findall("".join(entry.text + entry.origin for entry in twin.engine.log)) == []
    shown = await session.frame(ViewRequest(device="bess", registers=(0, 1)))
    assert len(shown.registers) == 2
    twin.stop_recording()
    path.read_text(encoding="utf-8")
    head, rows = recording.read(path)
    assert list(recording.replay(recording.fresh_engine(head, "run"), rows)) == []
