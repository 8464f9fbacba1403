"""Thousands of broken inputs: none may bring a traceback, take longer than 5 s or print an endless line.

    python -m benchmarks.fuzz_inputs [--cases 10000] [--seed 1] [--kinds site,recording]

Good files of this project are damaged by chance (bytes, lines, values, keys, nesting, length) and given to
the command line or the Python interface in a process of their own, with its memory limited to 2 GB.
"""

import argparse
import contextlib
import hashlib
import io
import json
import multiprocessing
import os
import random
import re
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

LONGEST_S = 5.0
LONGEST_LINE = 2_000
MEMORY = 2 << 30
CODES = (0, 1, 2, 3)
PLACE = re.compile(r'File "[^"]*?(twin_tui/[^"]+)", line (\d+)')
CODES_FOLDER = "twin_tui/data/grid_codes"
ROOT = Path(__file__).parent.parent

VALUES = (
    "", "null", "~", "true", "no", "0", "-1", "1", "-0.0", "1e300", "1e400", "5e-324", "nan", ".nan", ".inf",
    "-.inf", "2147483648", "18446744073709551616", "65535", "65536", "1,5", "٣", "0x10", "12:30", "24:30",
    "2026-02-29", "1h", "-5s", "{}", "[]", "[1, [2, [3]]]", "{a: {b: c}}", "'text'", '"', "*a", "&a 1", "<<",
    "!!python/none", "x" * 5000, "\u202eright", "\x1b[31mred", "\ud7ff", "é" * 300, "../../etc/passwd",
    "/dev/full",
    "/dev/zero", ".", "\\", "|",
)  # fmt: skip
LINES = """\
sag 0.7 2s
sag grid 0.95 period 1s 1m
swell 1.1 2s over 1s
interrupt 5s phases ab
freq step -0.2 10s
freq ramp -0.5 over 5s for 30s
phase 30 2s
unbalance 2% 1m
fault battery overtemperature 10s
clear all
write battery active_power_setpoint_w -5kW
force battery soc 50%
release battery
mode battery SELF_CONSUMPTION 0.5
link battery delay seconds=1 for 10s
mark hello
irradiance 0.5 10s
load 5kW 10s
play frequency scenarios/frequency_dip.csv
plug ev
unplug ev""".splitlines()


def seeds(kind: str) -> list[bytes]:
    """Return the good inputs of a kind."""
    folders = {"site": "sites", "map": "register_maps", "scenario": "scenarios", "grid_code": CODES_FOLDER}
    if kind in folders:
        files = sorted((ROOT / folders[kind]).iterdir())
        return [path.read_bytes() for path in files if path.suffix in (".yaml", ".json")]
    if kind == "csv":
        return [
            (ROOT / "scenarios/frequency_dip.csv").read_bytes(),
            b"time,ghi\n2026-06-20T12:00,5\n2026-06-20T12:15,6\n",
        ]
    if kind == "line":
        return [line.encode() for line in LINES]
    if kind == "recording":
        return [_recording(name) for name in ("one_battery", "demo")]
    raise ValueError(kind)


def _recording(site: str) -> bytes:
    from twin_tui import Twin  # noqa: PLC0415 - the parent process needs none of it

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.jsonl")
        twin = Twin.from_file(site)
        twin.record(path)
        twin.inject("1s sag 0.7 2s")
        twin.advance(6)
        twin.stop_recording()
        return path.read_bytes()


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


@contextlib.contextmanager
def _quiet() -> Iterator[io.StringIO]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        yield printed


def _command(*words: str) -> None:
    """Run a command line as a user does; raise what a user would see as a traceback."""
    from twin_tui.cli.main import main  # noqa: PLC0415

    before, sys.argv = sys.argv, ["twin-tui", *words]
    try:
        with _quiet() as printed:
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if code not in CODES:
            raise AssertionError(f"exit code {end.code}") from None
    finally:
        sys.argv = before
    longest = max(map(len, printed.getvalue().splitlines()), default=0)
    if longest > LONGEST_LINE:
        raise AssertionError(f"a line of {longest:,} characters: {printed.getvalue()[:300]}")


def _checked(path: Path) -> None:
    _command("check", str(path))


def _site(path: Path) -> None:
    from twin_tui import Twin, TwinError  # noqa: PLC0415

    _command("check", str(path))
    with contextlib.suppress(TwinError):
        twin = Twin.from_file(path)
        for _ in range(3):
            twin.step_once()
        twin.snapshot()


def _csv(path: Path) -> None:
    from twin_tui import Twin, TwinError  # noqa: PLC0415

    with contextlib.suppress(TwinError):
        twin = Twin.from_file("one_battery")
        twin.inject(f"0s play frequency '{path}'")
        twin.advance(1)


def _recorded(path: Path) -> None:
    _command("replay", str(path))


def _said(path: Path) -> None:
    from twin_tui import Twin, TwinError  # noqa: PLC0415

    with contextlib.suppress(TwinError):
        twin = Twin.from_file("demo")
        twin.inject("0s " + path.read_bytes().decode("utf-8", "surrogateescape"))
        for _ in range(3):
            twin.step_once()


KINDS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "site": (".yaml", _site),
    "map": (".yaml", _checked),
    "scenario": (".yaml", _checked),
    "grid_code": (".yaml", _checked),
    "csv": (".csv", _csv),
    "recording": (".jsonl", _recorded),
    "line": (".txt", _said),
}


def _work(cases: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        while True:
            kind, data = cases.recv()
            suffix, given = KINDS[kind]
            if kind == "site" and data.lstrip()[:1] == b"{":
                suffix = ".json"
            path = Path(folder, "input" + suffix)
            path.write_bytes(data)
            try:
                given(path)
                cases.send("")
            except BaseException:
                cases.send(traceback.format_exc())


class Worker:
    """A process that takes cases one by one; it is replaced when one hangs."""

    def __init__(self) -> None:
        self._warm = False
        self._start()

    def _start(self) -> None:
        self._here, there = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(target=_work, args=(there,), daemon=True)
        self._process.start()

    def outcome(self, kind: str, data: bytes) -> str:
        """Return what went wrong with a case, "" when nothing did."""
        self._here.send((kind, data))
        try:
            if self._here.poll(LONGEST_S if self._warm else LONGEST_S * 6):
                self._warm = True
                return str(self._here.recv())
        except EOFError:
            self.stop()
            self._start()
            return "the process ended"
        self.stop()
        self._start()
        return f"no answer within {LONGEST_S:g} s"

    def stop(self) -> None:
        """End the process."""
        self._warm = False
        self._process.kill()
        self._process.join()


def fuzz(cases: int, seed: int, kinds: list[str], keep: Path | None = None) -> Counter[str]:
    """Run broken inputs of each kind in turn; return what went wrong, by its last line, with how often."""
    rng = random.Random(seed)
    damage, worker, found = Damage(rng), Worker(), Counter[str]()
    good = {kind: seeds(kind) for kind in kinds}
    try:
        for number in range(cases):
            kind = kinds[number % len(kinds)]
            data = damage.of(rng.choice(good[kind]))
            wrong = worker.outcome(kind, data)
            if wrong:
                where = PLACE.findall(wrong)
                last = wrong.strip().splitlines()[-1]
                key = f"{kind}: {last[:160]} at {':'.join(where[-1]) if where else '?'}"
                found[key] += 1
                if keep is not None and found[key] == 1:
                    (keep / f"{kind}-{number}{KINDS[kind][0]}").write_bytes(data)
    finally:
        worker.stop()
    return found


def main() -> int:
    """Run the fuzz from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--keep", type=Path, help="folder for the first input of each kind of failure")
    given = parser.parse_args()
    started = time.monotonic()
    found = fuzz(given.cases, given.seed, given.kinds.split(","), given.keep)
    for text, times in found.most_common():
        print(f"{times:6d} × {text}")
    print(
        json.dumps(
            {
                "cases": given.cases,
                "wrong": sum(found.values()),
                "seconds": round(time.monotonic() - started, 1),
            }
        )
    )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
