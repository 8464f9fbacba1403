"""JUnit files: valid by the schema of CI servers, whatever names and values hold."""

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.cli.main import cli
from twin_tui.cli.results import Results
from twin_tui.documents.files import write_whole
from twin_tui.errors import ConfigError, RunError
from twin_tui.run.junit import Case, Suite, junit

SCHEMA = xmlschema.XMLSchema(Path(__file__).parent / "schemas" / "junit-10.xsd")
"""Of the Jenkins xUnit plugin, MIT licence."""
CASES = st.builds(
    Case,
    st.text(max_size=20),
    st.floats(0, 1e9),
    st.sampled_from(["", "failure", "error"]),
    st.text(max_size=5),
    st.text(max_size=50),
)
SUITES = st.builds(
    Suite, st.text(max_size=20), st.floats(0, 1e9), st.lists(CASES, max_size=4), st.lists(st.text(max_size=9))
)


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["run", *words, "--headless", "--speed", "max", "--no-servers"])


def a_scenario(folder: Path, name: str, soc: str = ">= 0%") -> str:
    (folder / "bench.yaml").write_text("assets: [{type: battery, name: battery}]")
    path = folder / f"{name}.yaml"
    path.write_text(f"{{name: same, site: bench.yaml, steps: [{{at: 1s, expect: battery.soc {soc}}}]}}")
    return str(path)


@given(st.lists(SUITES, min_size=1, max_size=3))
def test_every_file_is_valid_and_every_name_unique(suites: list[Suite]) -> None:
    text = junit(suites)
    SCHEMA.validate(text)
    root = ElementTree.fromstring(text.encode())
    found = [root] if root.tag == "testsuite" else root.findall("testsuite")
    assert len({suite.get("name") for suite in found}) == len(suites)
    for suite, given_ in zip(found, suites, strict=True):
        names = [case.get("name") for case in suite.findall("testcase")]
        assert len(set(names)) == len(names) == int(suite.get("tests", "")) == len(given_.cases)
        for count, kind in (("failures", "failure"), ("errors", "error")):
            assert int(suite.get(count, "")) == sum(case.problem == kind for case in given_.cases)


def test_characters_that_xml_forbids_are_replaced() -> None:
    suite = ElementTree.fromstring(junit([Suite("a\x1b\x00b", 1, [Case("\ud800\uffff", 1)], ["x\x07y"])]))
    case = suite.find("testcase")
    assert case is not None
    assert (suite.get("name"), case.get("name"), suite.findtext("system-out")) == ("a  b", "  ", "x y")


def test_a_case_has_its_simulated_time_and_the_suite_how_to_repeat_it(tmp_path: Path) -> None:
    scenario, report = a_scenario(tmp_path, "one"), tmp_path / "report.xml"
    within = "{at: 1s, within: 10s, expect: grid.voltage_a_pu < 0.8}"
    Path(scenario).write_text(f"{{site: bench.yaml, steps: [{{at: 3s, do: sag 0.7 2s}}, {within}]}}")
    done = run("--scenario", scenario, "--seed", "7", "--inject", "2s mark 'a b'", "--junit", str(report))
    assert done.exit_code == 0, done.output
    suite = ElementTree.parse(report).getroot()
    times = [case.get("time") for case in suite.findall("testcase")]
    dt_s = 0.1
    assert [float(time or "") for time in times] == pytest.approx([2 + dt_s])
    assert suite.findtext("system-out") == (
        "seed 7\ntwin-tui run --headless --inject '2s mark '\"'\"'a b'\"'\"'' --no-servers "
        f"--scenario {scenario} --seed 7 --speed max"
    )


def test_each_element_of_a_file_is_on_a_line_of_its_own_with_times_to_the_millisecond() -> None:
    cases = [Case("a", 0.1234), Case("b", 2, "failure", "expect", "saw 1"), Case("c", 3, "error", "run", "x")]
    head, *lines = junit([Suite("s", 12.3456, cases)]).splitlines()
    assert head.startswith("<?xml version=")
    assert lines == [
        '<testsuite name="s" tests="3" failures="1" errors="1" skipped="0" time="12.346">',
        '  <testcase classname="s" name="a" time="0.123" />',
        '  <testcase classname="s" name="b" time="2.000">',
        '    <failure type="expect" message="saw 1" />',
        "  </testcase>",
        '  <testcase classname="s" name="c" time="3.000">',
        '    <error type="run" message="x" />',
        "  </testcase>",
        "</testsuite>",
    ]


def test_the_command_to_repeat_a_run_holds_no_token(tmp_path: Path) -> None:
    scenario, report = a_scenario(tmp_path, "one"), tmp_path / "report.xml"
    words = ["run", "--scenario", scenario, "--headless", "--speed", "max", "--junit", str(report)]
    done = CliRunner().invoke(cli, [*words, "--rest", "0", "--rest-token", "hush-hush"])
    assert done.exit_code == 0, done.output
    text = report.read_text()
    assert "--rest 0" in text
    assert "hush" not in text


def test_several_scenarios_run_one_after_the_other_with_a_suite_each(tmp_path: Path) -> None:
    good, bad = a_scenario(tmp_path, "good"), a_scenario(tmp_path, "bad", "> 99%")
    report = tmp_path / "report.xml"
    done = run("--scenario", good, "--scenario", bad, "--scenario", good, "--junit", str(report))
    assert done.exit_code == 1
    assert done.output.count("after 2.0 s") == 3, "each run begins at 0 s on a fresh engine"
    SCHEMA.validate(str(report))
    root = ElementTree.parse(report).getroot()
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "3", "1")
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["same", "same (2)", "same (3)"]
    assert [suite.get("failures") for suite in suites] == ["0", "1", "0"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--record", "run.jsonl", "--headless"), "--record writes one run"),
        (("--capture", "run.txt", "--headless"), "--capture writes one run"),
        ((), "several scenarios need --headless"),
    ],
)
def test_what_holds_one_run_is_refused_beside_several_scenarios(
    tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    one = a_scenario(tmp_path, "one")
    done = CliRunner().invoke(cli, ["run", "--scenario", one, "--scenario", one, *words])
    assert done.exit_code == 2
    assert message in done.output


def test_a_scenario_that_does_not_fit_is_refused_before_the_first_one_runs(tmp_path: Path) -> None:
    good, report = a_scenario(tmp_path, "good"), tmp_path / "report.xml"
    done = run(
        "--scenario", good, "--scenario", a_scenario(tmp_path, "bad", "> 5 kW"), "--junit", str(report)
    )
    assert isinstance(done.exception, ConfigError)
    assert (done.output, report.exists()) == ("", False)


def test_a_file_is_replaced_as_a_whole_or_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = tmp_path / "report.xml"
    write_whole(report, "good")

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(RunError, match=r"report.xml: could not write: No space left on device"):
            write_whole(report, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["report.xml"]
    assert report.read_text() == "good"


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path: Path) -> None:
    (tmp_path / "link.xml").symlink_to(tmp_path / "real.xml")
    write_whole(tmp_path / "link.xml", "text")
    assert (tmp_path / "link.xml").is_symlink()
    assert (tmp_path / "real.xml").read_text() == "text"
    write_whole(Path("/dev/null"), "text")
    assert Path("/dev/null").is_char_device()


def test_a_file_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path, "is a folder; expected the name of a file"),
        (tmp_path / "nosuch" / "report.xml", "the folder .*nosuch does not exist"),
    ):
        with pytest.raises(ConfigError, match=message):
            Results(path)
