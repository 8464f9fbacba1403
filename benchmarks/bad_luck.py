"""What a run says, returns and leaves on the disk when the machine fails it.

``python -m benchmarks.bad_luck`` prints it: each kind of bad luck meets a recorded run without and with
the console. A row has the exit code, the messages, the files and what ``replay`` says of the recording.
Linux only; the cases that mount a small disk need ``unshare``, the clock needs libfaketime, errors of a disk
a C compiler: where they are missing, the row says so.
"""

import argparse
import contextlib
import errno
import fcntl
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

LIMIT_S = 60.0
FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
COMPILER = shutil.which("cc")
ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[=>78])")
SAYS = re.compile(r"(twin-tui:|REC FAILED|GAP |ALARM|Traceback|\w*Error\b|clients (have|are))[^\r\n]{0,110}")
"""What is shown of all that is printed."""
PORT_IN_USE = "TCP port in use"


@dataclass
class Luck:
    """One kind of bad luck."""

    arguments: list[str] = field(default_factory=lambda: ["--speed", "max", "--duration", "5m"])
    disk: str = ""
    """Options of the small disk that the recording goes to."""
    limit: Callable[[Path], None] = lambda _folder: None
    """Called in the process before the program starts."""
    meanwhile: Callable[[subprocess.Popen[bytes]], None] = lambda _process: None
    """Called when the run has been going for a second."""
    stdout: str = "pipe"
    servers: bool = False
    clock: str = ""
    """How many seconds the clock is set on when the run has been going for a second."""
    bad_disk: tuple[str, int, int] | None = None
    """The call that fails, its error, and after how many bytes."""


def _limited(kind: int, limit: int) -> Callable[[Path], None]:
    return lambda _folder: resource.setrlimit(kind, (limit, limit))


def _all_but_the_last_byte(folder: Path) -> None:
    size = int((folder / "size").read_text())
    resource.setrlimit(resource.RLIMIT_FSIZE, (size - 1, resource.RLIM_INFINITY))


def _stopped(process: "subprocess.Popen[bytes]") -> None:
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(3.0)
    os.kill(process.pid, signal.SIGCONT)


def _crowded(process: "subprocess.Popen[bytes]") -> None:
    links = []
    for _ in range(120):
        link = socket.socket()
        link.settimeout(2)
        with contextlib.suppress(OSError):
            link.connect(("127.0.0.1", PORT))
        links.append(link)
    time.sleep(2.0)
    for link in links:
        link.close()


PORT = 15_020
REAL = ["--speed", "1", "--duration", "6s"]
CASES = {
    "nothing": Luck(),
    "disk full": Luck(disk="size=64k"),
    "no room for the last byte": Luck(limit=_all_but_the_last_byte),
    "read-only folder": Luck(disk="ro"),
    "closed standard output": Luck(stdout="closed"),
    "nobody reads standard output": Luck(stdout="gone"),
    "no file handles left": Luck(
        REAL, limit=_limited(resource.RLIMIT_NOFILE, 30), meanwhile=_crowded, servers=True
    ),
    "80 MB of address space": Luck(limit=_limited(resource.RLIMIT_AS, 80 * 2**20)),
    PORT_IN_USE: Luck(REAL, servers=True),
    "stopped for 3 s": Luck(REAL, meanwhile=_stopped),
    "clock set forward by an hour": Luck(REAL, clock="+3600"),
    "clock set back by an hour": Luck(REAL, clock="-3600"),
    "input/output error of the disk": Luck(bad_disk=("write", errno.EIO, 50_000)),
    "network disk gone": Luck(bad_disk=("write", errno.ESTALE, 50_000)),
    "network disk refuses the last bytes when the file is closed": Luck(bad_disk=("close", errno.EDQUOT, 1)),
    "killed with SIGKILL": Luck(["--speed", "1", "--duration", "60s"], meanwhile=lambda p: p.kill()),
    "terminal closed": Luck(
        ["--speed", "1", "--duration", "60s"], meanwhile=lambda p: p.send_signal(signal.SIGHUP)
    ),
}


def _site(folder: Path) -> Path:
    protocol = [{"kind": "modbus_tcp", "port": PORT}]
    assets = [
        {"type": "battery", "name": "bess", "capacity_kwh": 10, "started": True, "protocols": protocol},
        {"type": "load", "name": "load", "base_kw": 2},
        {"type": "meter", "name": "meter"},
    ]
    path = folder / "site.json"
    path.write_text(json.dumps({"name": "bad luck", "seed": 1, "assets": assets}))
    return path


def _twin(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "twin_tui", *arguments]


@contextlib.contextmanager
def _port_in_use(busy: bool) -> Iterator[None]:
    with socket.socket() as other:
        if busy:
            other.bind(("127.0.0.1", PORT))
            other.listen()
        yield


def _output(process: "subprocess.Popen[bytes]", screen: int | None) -> str:
    """Return what a process and its screen print until it ends."""
    streams = [stream for stream in (process.stdout, process.stderr) if stream]
    handles = [*(stream.fileno() for stream in streams), *([screen] if screen is not None else [])]
    text, until = b"", time.monotonic() + LIMIT_S
    while handles:
        for handle in select.select(handles, [], [], 0.2)[0]:
            try:
                read = os.read(handle, 65_536)
            except OSError:  # the terminal is gone with its last process
                read = b""
            text += read
            if not read:
                handles.remove(handle)
        if screen in handles and process.poll() is not None and not select.select([screen], [], [], 0)[0]:
            handles.remove(screen)
        if time.monotonic() > until:
            process.kill()
            text += b"\nHANGS"
            break
    for stream in streams:
        stream.close()
    return ESCAPES.sub(" ", text.decode(errors="replace"))


def _prepare(name: str, folder: Path, disk: Path) -> tuple[Path, dict[str, str]]:
    """Make the disk, the site and what the case needs; return the site's file and the environment."""
    luck, site = CASES[name], _site(folder)
    if luck.disk:
        size = luck.disk if "size" in luck.disk else "size=1m"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)], check=True)
        if luck.disk == "ro":
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    environment = os.environ | {"TERM": "xterm-256color"}
    if luck.clock:
        (folder / "stamp").write_text("+0")
        environment |= {"LD_PRELOAD": str(FAKETIME[0]), "FAKETIME_TIMESTAMP_FILE": str(folder / "stamp")}
        environment |= {"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    if luck.bad_disk:
        library, source = folder / "bad_disk.so", Path(__file__).with_name("bad_disk.c")
        subprocess.run([str(COMPILER), "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        call, number, after = luck.bad_disk
        environment |= {"LD_PRELOAD": str(library), "BAD_PATH": str(disk), "BAD_CALL": call}
        environment |= {"BAD_ERRNO": str(number), "BAD_AFTER": str(after)}
    if luck.limit is _all_but_the_last_byte:
        whole = folder / "whole.jsonl"
        command = _twin(
            "run", str(site), *luck.arguments, "--no-servers", "--headless", "--record", str(whole)
        )
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (folder / "size").write_text(str(whole.stat().st_size))
    return site, environment


def _start(
    luck: Luck, command: list[str], environment: dict[str, str], folder: Path, console: bool
) -> "tuple[subprocess.Popen[bytes], int | None]":
    """Start a process; return it and its screen, if it has one."""
    screen, slave = pty.openpty() if console else (None, None)
    if slave is not None:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    reader, gone = os.pipe()
    os.close(reader)

    def before() -> None:
        if console:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        if luck.stdout == "closed":
            os.close(1)
        luck.limit(folder)

    process = subprocess.Popen(
        command,
        stdin=slave if console else subprocess.DEVNULL,
        stdout=gone if luck.stdout == "gone" else slave if console else subprocess.PIPE,
        stderr=slave if console else subprocess.PIPE,
        env=environment,
        preexec_fn=before,  # noqa: PLW1509 (no thread runs yet)
    )
    for handle in (slave, gone):
        if handle is not None:
            os.close(handle)
    return process, screen


def run(name: str, console: bool, folder: Path) -> dict[str, str]:
    """Run one case in a folder and return its row."""
    luck, disk = CASES[name], folder / "disk"
    disk.mkdir()
    site, environment = _prepare(name, folder, disk)
    record, stamp = disk / "run.jsonl", folder / "stamp"
    command = _twin("run", str(site), *luck.arguments, "--record", str(record))
    command += ([] if console else ["--headless"]) + ([] if luck.servers else ["--no-servers"])
    with _port_in_use(name == PORT_IN_USE):
        process, screen = _start(luck, command, environment, folder, console)

        def meanwhile() -> None:
            until = time.monotonic() + 20.0
            while not record.exists() and process.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
            time.sleep(1.5)
            if process.poll() is None:
                if stamp.exists():
                    stamp.write_text(luck.clock)
                luck.meanwhile(process)

        thread = threading.Thread(target=meanwhile)
        thread.start()
        text = _output(process, screen)
        code = process.wait()
        thread.join()
    if screen is not None:
        os.close(screen)
    lines = [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    said = [line for line in lines if SAYS.search(line)] or lines[-1:]
    if console:  # frames overlay each other: only the text that is looked for is found
        said = sorted({found.group().strip() for found in SAYS.finditer(text)})
    replayed = "no recording"
    if record.exists():
        again = subprocess.run(_twin("replay", str(record)), capture_output=True, text=True, check=False)
        replayed = f"{again.returncode}: {(again.stdout + again.stderr).strip().splitlines()[-1]}"
    return {
        "code": str(code),
        "says": " | ".join(said[:4]).replace(str(disk), "."),
        "disk": " ".join(f"{file.name}:{file.stat().st_size}" for file in sorted(disk.iterdir()))
        or "nothing",
        "replay": replayed.replace(str(disk), "."),
    }


def _missing(name: str) -> str:
    if CASES[name].disk and not shutil.which("unshare"):
        return "unshare is missing"
    if CASES[name].bad_disk and COMPILER is None:
        return "a C compiler is missing"
    return "libfaketime is missing" if CASES[name].clock and not FAKETIME else ""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*", default=list(CASES), help=", ".join(CASES))
    parser.add_argument("--inside", choices=["headless", "console"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(run(given.cases[0], given.inside == "console", Path(folder))))
            subprocess.run(["umount", "--quiet", str(Path(folder) / "disk")], check=False, stderr=-3)
        return
    for name in given.cases:
        for kind in ("headless", "console"):
            row = {"says": _missing(name)}
            if not row["says"]:
                apart = ["unshare", "--map-root-user", "--mount"] if CASES[name].disk else []
                command = [*apart, sys.executable, "-m", "benchmarks.bad_luck", "--inside", kind, name]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                row = json.loads(done.stdout) if done.returncode == 0 else {"says": done.stderr[-300:]}
            print(
                f"\n{name}, {kind}", *(f"  {key:7} {text}" for key, text in row.items()), sep="\n", flush=True
            )


if __name__ == "__main__":
    main()
