"""Thousands of writes in a few seconds, and what else happens meanwhile, in the output of a headless run."""

import json
import re
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

SITE = {
    "name": "x",
    "step": 0.1,
    "speed": 20,
    "assets": [
        {"type": "bess", "name": "bess", "port": 0, "commands": {"start_stop": 1}, "grid_code": "en50549-1"}
    ],
}
TRIP = "10s interrupt 1s"
SETPOINT, RUN = 10126, 10055
WRITES, AT_ONCE = 6_000, 500


def frame(number: int, address: int, *values: int) -> bytes:
    body = struct.pack(f">HHB{len(values)}H", address, len(values), 2 * len(values), *values)
    return struct.pack(">HHHBB", number & 0xFFFF, 0, 2 + len(body), 1, 16) + body


def test_no_write_is_dropped_in_silence_and_no_trip_among_them(tmp_path: Path) -> None:
    path = tmp_path / "site.json"
    path.write_text(json.dumps(SITE), encoding="utf-8")
    command = [sys.executable, "-m", "twin_tui", "run", str(path), "--headless", "--inject", TRIP]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stderr.readline())
        assert found is not None
        lines: list[str] = []
        reading = threading.Thread(target=lines.extend, args=(process.stderr,))
        reading.start()
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=20) as client:
            origin = "{}:{}".format(*client.getsockname())
            answers = client.makefile("rb")
            for first in range(0, WRITES, AT_ONCE):
                frames = [frame(n, SETPOINT, 0, n % 30_000) for n in range(first, first + AT_ONCE)]
                if first == WRITES // 2:
                    frames[AT_ONCE // 2] = frame(0, RUN, 7)  # refused: not an option
                client.sendall(b"".join(frames))
                for each in frames:
                    size = 9 if each[8:10] == struct.pack(">H", RUN) else 12
                    assert len(answers.read(size)) == size
        process.terminate()
        reading.join(60)
    lines = [line.rstrip() for line in lines]
    writes = [line for line in lines if " WRITE " in line and line.endswith(origin)]
    refused = [line for line in writes if "refused: " in line]
    assert len(refused) == 1
    trips = [
        line.split(" bess ")[1].split(":")[0].strip() for line in lines if re.search(" TRIP | CEASE ", line)
    ]
    assert trips == ["RUN → CEASED", "CEASED → TRIPPED"]
    assert sum(" INJECT " in line for line in lines) == 1
    counted = sum(int(found[1].replace(",", "")) for line in writes if (found := MORE.search(line)))
    listed = sum(MORE.search(line) is None for line in writes) - len(refused)
    assert counted + listed == WRITES - 1
    assert listed < WRITES / 10
    assert sum(" ALARM " in line for line in lines) == 1  # the setpoint is limited, for thousands of values
    text = f"more writes to {SETPOINT}, the last: active_power_setpoint_w"
    assert any(text in line for line in writes)


MORE = re.compile(r" ([\d,]+) more writes to ")
