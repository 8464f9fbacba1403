"""Whatever bytes a terminal sends, the keys behind them arrive."""

import random

import pytest
from textual import constants
from textual.events import Key, MouseDown, Paste, Resize
from textual.message import Message

from twin_tui.console.driver import TerminalInput

BAD = {
    "a byte that is not UTF-8": b"\xff",
    "a Latin-1 letter": "ä".encode("latin-1"),
    "a no-break space of Latin-1": b"\xa0",
    "half a character": "€".encode()[:2],
    "a surrogate": b"\xed\xa0\x80",
    "NUL": b"\x00\x00",
    "a mouse report of X10": b"\x1b[M \xc8\xc8",
    "a key beyond Unicode": b"\x1b[1114112u",
    "a key of 26 digits": b"\x1b[" + b"9" * 26 + b"u",
    "a text beyond Unicode": b"\x1b[97;5;1114112u",
    "a surrogate as a key": b"\x1b[55296u",
    "a size of 0": b"\x1b[48;0;0;0;0t\x1b[<0;3;3M",
    "a cursor position": b"\x1b[99;99R",
    "a sequence that never ends": b"\x1b[" + b"1;" * 100,
    "a string that never ends": b"\x1b]52;c;" + b"A" * 100,
    "C1 controls": bytes(range(0x80, 0xA0)),
}


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a lone escape count at once."""
    monkeypatch.setattr(constants, "ESCAPE_DELAY", 0.0)


def fed(*pieces: bytes) -> list[Message]:
    """Return the events of these pieces, between which nothing came for a while."""
    terminal = TerminalInput()
    found = []
    for piece in pieces:
        found += [*terminal.feed(piece), *terminal.tick()]
    return found


def characters(found: list[Message]) -> str:
    """Return what was typed."""
    return "".join(event.character or "" for event in found if isinstance(event, Key))


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_keys_behind_bad_bytes_arrive(data: bytes) -> None:
    found = fed(data, b"", b":mark x\r")
    assert characters(found).endswith(":mark x\r")


def test_a_byte_that_is_no_text_is_replaced() -> None:
    assert characters(fed(b"a\xffb")) == "a\N{REPLACEMENT CHARACTER}b"


def test_a_paste_of_another_encoding_is_one_paste() -> None:
    (paste,) = fed(b"\x1b[200~1\xa0kW\x1b[201~")
    assert isinstance(paste, Paste)
    assert paste.text == "1\N{REPLACEMENT CHARACTER}kW"


@pytest.mark.parametrize("at", range(7))
def test_a_mouse_report_of_x10_is_no_key_wherever_it_is_cut(at: int) -> None:
    terminal = TerminalInput()
    report = b"\x1b[M q\xc3"
    found = [*terminal.feed(report[:at]), *terminal.feed(report[at:]), *terminal.feed(b"a")]
    assert characters(found) == "a"


def test_ctrl_c_ends_a_paste_whose_end_never_came() -> None:
    paste, key = fed(b"\x1b[200~some", b" text", b"\x03")
    assert isinstance(paste, Paste)
    assert paste.text == "some text"
    assert isinstance(key, Key)
    assert key.key == "ctrl+c"


def test_keys_sizes_and_the_mouse_are_as_before() -> None:
    found = fed(b"\x1b[A\x1b[<0;5;7M\x1b[48;24;80;0;0tq\x1b")
    assert [type(event) for event in found] == [Key, MouseDown, Resize, Key, Key]
    assert [event.key for event in found if isinstance(event, Key)] == ["up", "q", "escape"]


@pytest.mark.parametrize("seed", range(4))
def test_keys_behind_ten_thousand_random_bytes_arrive(seed: int) -> None:
    rng = random.Random(seed)
    likely = b"\x1b[<>?;:0123456789MmRrtu~$yIO" * 4 + bytes(range(256))
    terminal = TerminalInput()
    left = 10_000
    while left > 0:
        piece = bytes(rng.choices(likely, k=rng.randint(1, 64)))
        left -= len(piece)
        list(terminal.feed(piece))
        if rng.random() < 0.2:
            list(terminal.tick())
    found = [*terminal.feed(b"\x1b[201~"), *terminal.tick(), *terminal.feed(b"x")]
    assert characters(found).endswith("x")


@pytest.mark.parametrize("seed", range(4))
def test_text_and_keys_are_the_same_however_they_are_cut(seed: int) -> None:
    rng = random.Random(seed)
    parts = ["ä", "€", "𝟜", "\x1b[A", "\x1b[200~ä b\x1b[201~", "q", "\r", "\t", "\x1b[<0;5;7M", "\x1b[97;5u"]
    data = "".join(rng.choices(parts, k=60)).encode()
    whole, cut = TerminalInput(), TerminalInput()
    expected = [repr(event) for event in whole.feed(data)]
    found = []
    while data:
        size = rng.randint(1, 4)
        found += [repr(event) for event in cut.feed(data[:size])]
        data = data[size:]
    assert found == expected
