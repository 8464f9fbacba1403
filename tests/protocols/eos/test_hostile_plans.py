"""What an EOS server can write into log and recording: nothing that draws, fills or breaks them."""

import re
from pathlib import Path
from typing import Any

import pytest
from test_eos_live import BUNDLE, Server, instruction, turns

from twin_tui import Twin
from twin_tui.engine.log import LONGEST_TEXT
from twin_tui.protocols.eos.bundle import site_of_bundle
from twin_tui.protocols.eos.live import EosFollower
from twin_tui.run import recording

BAD = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
EVIL = ("\x1b[2J\x1b]0;title\x07", "a\u202eb\ud800", "nul\0", "two\nlines\r\n", "x" * 10_000)


def plans(evil: str) -> list[Any]:
    good = instruction("battery1", 8, "IDLE")
    return [
        {"id": evil, "instructions": [good]},
        {"id": "p", "instructions": [good, instruction(evil, 9, "IDLE")]},
        {"id": "p", "instructions": [instruction("battery1", 9, evil)]},
        {"id": "p", "instructions": [instruction("battery1", 9, "IDLE", evil, comment=evil)]},
        {"id": "p", "instructions": [{**good, "type": evil, "execution_time": evil, evil: evil}]},
        {evil: evil},
        evil.encode("utf-8", "replace"),
    ]


@pytest.mark.parametrize("evil", EVIL, ids=["escape", "bidi", "nul", "lines", "long"])
async def test_a_server_with_hostile_texts_leaves_a_clean_log_and_a_recording_that_replays(
    evil: str, tmp_path: Path
) -> None:
    twin, path = Twin.from_dict({**site_of_bundle(BUNDLE), "real_time": False}), tmp_path / "run.jsonl"
    twin.record(path)
    async with Server() as server:
        follower = EosFollower(twin.engine, server.url, 60.0, wall_clock=False)
        await follower.start()
        for number, plan in enumerate([None, *plans(evil)], start=1):
            server.plan, server.status = plan, 500 if number % 2 else 200
            twin.advance(60)
            await turns(follower, number)
        server.status = 200
        for number, plan in enumerate(plans(evil), start=follower.turns + 1):
            server.plan = plan
            twin.advance(60)
            await turns(follower, number)
        await follower.stop()
    twin.stop_recording()
    assert twin.engine.log
    for entry in twin.engine.log:
        assert BAD.findall(entry.text + entry.origin) == []
        assert len(entry.text) <= LONGEST_TEXT
    head, rows = recording.read(path)
    assert list(recording.replay(recording.fresh_engine(head, "run"), rows)) == []
