"""A process without file handles: one line, and clients are served again once some are free."""

import contextlib
import resource
import signal
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from tests.cli.processes import SITE, Started, files

HANDLES, CLIENTS = 64, 100
READ = struct.pack(">HHHBBHH", 1, 0, 6, 1, 4, 32002, 1)
REST = "links: {rest: {port: 0}}\n"


@contextlib.contextmanager
def many_clients(port: int) -> Iterator[list[socket.socket]]:
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(CLIENTS)]
    try:
        yield clients
    finally:
        for client in clients:
            client.close()


def line_with(run: Started, text: str) -> list[str]:
    """Return the lines that are printed up to the one with a text."""
    lines = [""]
    while text not in lines[-1]:
        lines.append(run.errors.readline())
        assert lines[-1], lines
    return lines


def test_clients_wait_for_file_handles_and_are_served_once_some_are_free(tmp_path: Path) -> None:
    run = Started(files(tmp_path), "run", "site.yaml", "--headless", "--speed", "100")
    try:
        resource.prlimit(run.process.pid, resource.RLIMIT_NOFILE, (HANDLES, HANDLES))
        with many_clients(run.port) as clients:
            line_with(run, "clients have to wait: Too many open files")
            last = clients[-1]
            last.sendall(READ)  # this one waits in the backlog
            for client in clients[: CLIENTS // 2]:
                client.close()
            said = line_with(run, "clients are accepted again")
            assert len(said) == 2, "one line, however often it was tried"
            assert last.recv(64)[:2] == b"\x00\x01"
    finally:
        code, _, errors = run.end(signal.SIGTERM)
    assert (code, "Traceback" in errors) == (143, False)


def test_the_rest_server_reports_missing_file_handles_in_one_line_too(tmp_path: Path) -> None:
    (files(tmp_path) / "site.yaml").write_text(SITE + REST)
    run = Started(tmp_path, "run", "site.yaml", "--headless", "--speed", "100")
    try:
        port = int(run.errors.readline().rpartition(":")[2].strip("/\n"))
        resource.prlimit(run.process.pid, resource.RLIMIT_NOFILE, (HANDLES, HANDLES))
        with many_clients(port):
            line_with(run, "clients have to wait: Too many open files")
    finally:
        code, _, errors = run.end(signal.SIGTERM)
    assert (code, "Traceback" in errors) == (143, False)
