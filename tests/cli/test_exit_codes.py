"""Exit codes of real processes: what a pipeline and a shell see."""

import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from tests.cli.processes import PROGRAM, SCENARIO, Started, files, twin_tui
from twin_tui.cli.ending import end
from twin_tui.cli.main import cli
from twin_tui.errors import ExitCode, RunError, TwinError
from twin_tui.protocols.modbus.server import ModbusTcpServer

DOCS = Path(__file__).parents[2] / "docs"
HEADLESS = ("run", "site.yaml", "--headless")
JUDGED = ("run", "--scenario", "scenario.yaml", "--headless", "--junit", "report.xml")
FAILING = """
import sys
from twin_tui.run.verdicts import Judge
from twin_tui.cli.main import main
def stumble(judge):
    raise ZeroDivisionError("no such battery")
Judge._look = stumble
main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return files(tmp_path)


def test_the_page_lists_every_exit_code_with_its_meaning() -> None:
    page = (DOCS / "exit-codes.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    assert rows[0] == ["code", "name", "meaning"]
    assert [(int(code), name, meaning) for code, name, meaning in rows[1:]] == [
        (int(code), code.name, code.meaning) for code in ExitCode
    ]


def test_the_help_names_every_exit_code() -> None:
    assert cli.epilog is not None
    named = cli.epilog.replace("4 to 6", "4 5 6")
    assert all(f"{int(code)}" in named for code in ExitCode)


def test_codes_of_signals_are_128_and_their_number() -> None:
    for name in ("HUP", "INT", "PIPE", "TERM"):
        assert ExitCode[name] == 128 + signal.Signals[f"SIG{name}"]


def test_what_was_given_is_told_from_a_run_that_failed() -> None:
    assert (TwinError.exit_code, RunError.exit_code) == (2, 3)


def test_a_run_to_its_end_is_0(folder: Path) -> None:
    done = twin_tui(folder, *HEADLESS, "--duration", "1s", "--speed", "max", "--no-servers")
    assert (done.returncode, done.stderr) == (0, "")
    assert "after 1.0 s" in done.stdout


def test_an_expectation_that_fails_is_1(folder: Path) -> None:
    (folder / "scenario.yaml").write_text(SCENARIO.replace("late", "late, at: 1s").replace("at: 30m, ", ""))
    done = twin_tui(folder, *JUDGED, "--speed", "max", "--no-servers")
    assert done.returncode == 1
    assert "bench: 3 passed, 1 failed" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("run", "nosuch", "--headless"),
        ("nosuch",),
        (*JUDGED[:-1], "nosuch/report.xml"),
    ],
)
def test_what_was_given_wrong_is_2_and_one_message(folder: Path, words: Sequence[str]) -> None:
    done = twin_tui(folder, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") <= 4


def test_a_simulation_that_fails_is_3_and_an_error_in_junit(folder: Path) -> None:
    words = ("--speed", "max", "--no-servers")
    done = twin_tui(folder, *JUDGED, *words, args=[sys.executable, "-c", FAILING, *JUDGED, *words])
    assert done.returncode == 3
    assert done.stderr.endswith("the simulation failed at 0.1 s: ZeroDivisionError: no such battery\n")
    suite = ElementTree.parse(folder / "report.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "0", "4")


def test_a_server_that_ends_before_the_run_is_3(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stumble(server: ModbusTcpServer, listening: socket.socket) -> None:
        raise RuntimeError("no such socket")

    monkeypatch.setattr(ModbusTcpServer, "_accept", stumble)
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(cli, [*HEADLESS, "--duration", "1s", "--speed", "max"])
    assert done.exit_code == 3
    assert "after 1.0 s" in done.output, "the run went on to its end"
    assert "accepts no clients any more: RuntimeError('no such socket')\n" in done.output


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_with_its_code_and_all_results(folder: Path, number: signal.Signals) -> None:
    process = Started(folder, *JUDGED, "--record", "run.jsonl")
    code, out, err = process.end(number)
    assert code == 128 + number
    assert "Traceback" not in err
    assert "bess" in out.split("bench: ")[0], "the summary is printed"
    suite = ElementTree.parse(folder / "report.xml").getroot()
    failures = [case.get("name") for case in suite.findall("testcase") if case.find("failure") is not None]
    assert failures[-3:] == ["late", "all the while", "within"], "an expectation never reached has failed"
    assert '"end"' in (folder / "run.jsonl").read_text().splitlines()[-1]


def test_sigquit_ends_a_run_at_once_without_results(folder: Path) -> None:
    process = Started(folder, *JUDGED, program=("sh", "-c", 'ulimit -c 0; exec "$@"', "sh", *PROGRAM))
    code, out, _ = process.end(signal.SIGQUIT)
    assert (code, out) == (-signal.SIGQUIT, "")  # which a shell shows as 131
    assert not (folder / "report.xml").exists()


def test_a_second_signal_costs_no_result(folder: Path) -> None:
    code, out, err = Started(folder, *JUDGED).end(signal.SIGINT, signal.SIGINT)
    assert (code, "Traceback" in err) == (130, False)
    assert "bench: " in out
    assert ElementTree.parse(folder / "report.xml").getroot().get("tests") == "4"


def test_nohup_keeps_a_run_from_ending_with_its_terminal(folder: Path) -> None:
    process = Started(folder, *HEADLESS, program=("nohup", *PROGRAM))
    assert process.end(signal.SIGHUP, signal.SIGTERM)[0] == 143


def without_reader() -> int:
    """Return the writing end of a pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize("words", [("registers", "demo"), ("--help",)])
def test_output_without_a_reader_is_141_and_no_traceback(folder: Path, words: tuple[str, ...]) -> None:
    writer = without_reader()
    done = twin_tui(folder, *words, capture_output=False, stdout=writer, stderr=-1)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_output_without_a_reader_costs_neither_verdict_nor_junit(folder: Path) -> None:
    writer = without_reader()
    words = (*JUDGED, "--speed", "max", "--no-servers", "--quiet")
    done = twin_tui(folder, *words, capture_output=False, stdout=writer, stderr=-1)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, ""), "the verdict counts more than the output"
    assert ElementTree.parse(folder / "report.xml").getroot().get("tests") == "4"


def test_a_full_disk_behind_the_output_is_3_and_one_message(folder: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = twin_tui(folder, "registers", "demo", capture_output=False, stdout=full, stderr=-1)
    assert done.returncode == 3
    assert done.stderr == "twin-tui: standard output: could not write: No space left on device\n"


def test_messages_without_a_reader_do_not_end_a_run(folder: Path) -> None:
    writer = without_reader()
    words = ("--inject", "0.5s mark hello", "--duration", "1s", "--speed", "max")
    done = twin_tui(folder, *HEADLESS, *words, capture_output=False, stdout=-1, stderr=writer)
    os.close(writer)
    assert (done.returncode, "after 1.0 s" in done.stdout) == (0, True)


@pytest.mark.parametrize("closed", ["2>&-", "0<&- 1>&- 2>&-"])
def test_closed_standard_streams_are_like_the_null_device(folder: Path, closed: str) -> None:
    words = [*PROGRAM, *HEADLESS, "--duration", "1s", "--speed", "max", "--record", "run.jsonl"]
    line = f"{' '.join(words)} {closed}"
    done = twin_tui(folder, args=["sh", "-c", line])
    assert done.returncode == 0
    lines = (folder / "run.jsonl").read_text().splitlines()
    assert lines[0].startswith('{"twin_tui"'), "no message went into the recording"
    assert '"end"' in lines[-1]


def test_too_little_memory_is_3_and_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        raise MemoryError

    assert end(work) == ExitCode.FAILED
    assert capsys.readouterr().err == "twin-tui: not enough memory\n"
