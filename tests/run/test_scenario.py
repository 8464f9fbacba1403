"""Scenarios and injections: played, judged, refused with a plain message."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from twin_tui import CommandError, ConfigError, Twin
from twin_tui.cli.main import cli
from twin_tui.documents.shipped import shipped_names
from twin_tui.run.scenario import Scenario, find, shipped_titles
from twin_tui.run.verdicts import Judge


def run(*words: str) -> Result:
    return CliRunner().invoke(
        cli, ["run", *words, "--headless", "--speed", "max", "--no-servers"], catch_exceptions=False
    )


def a_scenario(tmp_path: Path, *steps: str) -> Path:
    path = tmp_path / "scenario.yaml"
    path.write_text("name: test\nsite: demo\nsteps:\n" + "".join(f"  - {step}\n" for step in steps))
    return path


@pytest.mark.parametrize("name", shipped_names("scenarios"))
def test_a_shipped_scenario_passes(name: str, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    done = run("--scenario", name, "--junit", str(report))
    assert done.exit_code == 0, done.output
    suite = ElementTree.parse(report).getroot()
    assert int(suite.attrib["tests"]) > 0
    assert suite.attrib["failures"] == "0"


def test_an_expectation_that_is_not_met_fails_the_run_and_says_what_was_seen(tmp_path: Path) -> None:
    path = a_scenario(
        tmp_path,
        "{at: 1s, do: sag grid 0.5 5s}",
        "{at: 2s, expect: grid.voltage_a_pu > 0.9}",
        "{at: 2s, within: 10s, expect: grid.voltage_a_pu > 0.9}",
        "{at: 0s, for: 8s, always: grid.voltage_a_pu > 0.9}",
        "{at: 5s, expect: battery.status == TRIPPED}",
        "{at: 3s, expect: '|battery.active_power_w| < 1kW'}",
    )
    report = tmp_path / "report.xml"
    done = run("--scenario", str(path), "--junit", str(report))
    assert done.exit_code == 1
    assert "FAILED      2.0 s  grid.voltage_a_pu > 0.9   saw 0.5" in done.output
    assert "test: 3 passed, 2 failed" in done.output
    assert len(ElementTree.parse(report).findall(".//failure")) == 2


def test_an_expectation_that_the_run_never_reaches_fails(tmp_path: Path) -> None:
    path = a_scenario(
        tmp_path, "{at: 1s, expect: battery.soc >= 0%}", "{at: 20s, expect: battery.soc >= 0%, note: late}"
    )
    report = tmp_path / "report.xml"
    done = run("--scenario", str(path), "--duration", "5s", "--junit", str(report))
    assert done.exit_code == 1
    assert "FAILED      5.0 s  battery.soc >= 0%   never reached: the run ended   (late)" in done.output
    (failure,) = ElementTree.parse(report).findall(".//failure")
    assert failure.attrib["message"] == "battery.soc >= 0%: never reached: the run ended at 5 s"


def test_an_expectation_whose_time_is_not_over_when_the_run_ends_fails(tmp_path: Path) -> None:
    path = a_scenario(
        tmp_path,
        "{at: 1s, for: 20s, always: battery.soc >= 0%}",
        "{at: 1s, within: 20s, expect: battery.soc > 99%}",
    )
    done = run("--scenario", str(path), "--duration", "5s")
    assert done.exit_code == 1
    assert done.output.count("undecided when the run ended") == 2
    assert "test: 0 passed, 2 failed" in done.output


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("{at: 1s, expect: batery.soc > 10%}", "did you mean battery"),
        ("{at: 1s, expect: battery.socc > 10%}", "did you mean soc"),
        ("{at: 1s, expect: battery.soc > 10 kW}", "not a unit"),
        ("{at: 1s, expect: battery.soc about 10}", "no expectation"),
        ("{at: 1s, expect: battery.status == RUNING}", "unknown status"),
        ("{at: 1s, do: sagg grid 0.7 2s}", "did you mean sag"),
        ("{at: 1s, do: pause}", "steers the run"),
    ],
)
def test_what_does_not_fit_the_site_is_refused_before_the_run(
    tmp_path: Path, step: str, message: str
) -> None:
    scenario = Scenario.load(a_scenario(tmp_path, step))
    with pytest.raises(ConfigError, match=message):
        Twin.from_file("demo").play(scenario)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "expected an object"),
        ("steps: []", ":1: steps: expected a list that is not empty"),
        ("stepps: []", ":1: unknown key stepps; did you mean steps"),
        ("steps:\n- {at: 1s}", r":2: steps\[0\]: expected one of do, expect, always"),
        ("steps: [{att: 1s, do: clear}]", r":1: unknown key att in steps\[0\]; did you mean at"),
        ("steps: [{at: 1s, always: a.b > 1}]", "always needs for"),
        ("steps: [{at: 1s, within: 2s, do: clear}]", "within does not go with do"),
        ("steps: [{at: soon, do: clear}]", "soon"),
        ("{duration: 1s, steps: [{at: 5s, do: clear}]}", "ends before the last step"),
    ],
)
def test_a_file_that_is_no_scenario_names_file_and_step(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        Scenario.load(path)
    assert "scenario.yaml" in str(caught.value)


def test_all_errors_of_a_scenario_are_reported_together_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text("seed: 1.5\nsteps:\n- {at: soon, do: clear}\n- {at: 1s, expect: a.b > 1, for: 3s}\n")
    with pytest.raises(ConfigError) as caught:
        Scenario.load(path)
    assert [line.removeprefix(f"{path}:").split(" from")[0] for line in str(caught.value).splitlines()] == [
        "1: seed: expected a whole number",
        "3: steps[0].at: invalid duration: 'soon'; expected seconds or a form like 90, 0.5s, 20m, 1h30m",
        "4: steps[1]: for does not go with expect",
    ]


def test_all_steps_that_do_not_fit_the_site_are_named_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text("steps:\n- {at: 1s, do: sagg}\n- {at: 1s, do: clear}\n- {at: 2s, expect: x.soc > 1}\n")
    with pytest.raises(ConfigError) as caught:
        Twin.from_file("demo").play(Scenario.load(path))
    assert [line.removeprefix(f"{path}:").split(";")[0] for line in str(caught.value).splitlines()] == [
        "2: steps[0]: 'sagg': unknown command 'sagg'",
        "4: steps[2]: 'x.soc > 1': unknown device 'x'",
    ]


def test_a_scenario_names_its_site_from_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("assets: [{type: battery, name: own}]")
    path = tmp_path / "scenario.yaml"
    path.write_text("{site: own.yaml, steps: [{at: 1s, expect: own.soc == 50%}]}")
    done = run("--scenario", str(path))
    assert done.exit_code == 0, done.output


def test_the_final_table_shows_what_a_meter_measures() -> None:
    done = run("demo", "--duration", "10s")
    meter = next(line for line in done.output.splitlines() if line.startswith("meter"))
    grid = next(line for line in done.output.splitlines() if line.startswith("grid"))
    assert float(meter.split()[4]) == pytest.approx(float(grid.split()[1]), abs=0.02)


def test_a_scenario_ends_what_it_began(tmp_path: Path) -> None:
    path = a_scenario(
        tmp_path,
        "{at: 1s, do: sag 0.7}",
        "{at: 1s, do: force battery soc 97%}",
        "{at: 2s, expect: battery.soc == 97%}",
        "{at: 3s, do: clear voltage-1}",
        "{at: 3s, do: release battery soc}",
        "{at: 4s, expect: grid.voltage_a_pu > 0.9}",
        "{at: 4s, expect: battery.soc < 97%}",
        "{at: 5s, do: swell 1.08}",
        "{at: 5s, do: force battery soc 97%}",
        "{at: 6s, do: clear}",
        "{at: 7s, expect: grid.voltage_a_pu < 1.05}",
        "{at: 7s, expect: battery.soc < 97%}",
    )
    done = run("--scenario", str(path))
    assert done.exit_code == 0, done.output


def test_a_command_line_injects_at_a_simulated_time(tmp_path: Path) -> None:
    path = a_scenario(
        tmp_path,
        "{at: 4s, expect: grid.voltage_a_pu > 0.9}",
        "{at: 6s, expect: grid.voltage_a_pu == 0.7 ± 0.02}",
    )
    done = run("--scenario", str(path), "--inject", "5s sag grid 0.7 2s")
    assert done.exit_code == 0, done.output


def test_a_signal_is_drawn_after_a_headless_run() -> None:
    done = run("demo", "--duration", "2h", "--plot", "battery.soc", "--plot", "pv.active_power_w")
    assert done.exit_code == 0, done.output
    assert "battery.soc in % over seconds" in done.output
    assert "pv.active_power_w in kW over seconds" in done.output
    assert len([line for line in done.output.splitlines() if "┤" in line or "│" in line]) > 10


def test_signals_of_grid_and_weather_are_drawn_and_expected_like_those_of_a_device(tmp_path: Path) -> None:
    path = a_scenario(
        tmp_path,
        "{at: 3s, expect: grid.live == 1}",
        "{at: 3s, expect: grid.islanded == 0}",
        "{at: 3s, expect: weather.ambient_c < 60}",
    )
    done = run("--scenario", str(path), "--plot", "grid.frequency_hz", "--plot", "weather.ghi_w_m2")
    assert done.exit_code == 0, done.output
    assert "grid.frequency_hz in Hz over seconds" in done.output
    assert "weather.ghi_w_m2 in W/m2 over seconds" in done.output


def test_a_signal_that_is_not_there_cannot_be_drawn() -> None:
    done = CliRunner().invoke(
        cli, ["run", "demo", "--headless", "--duration", "1s", "--no-servers", "--plot", "battery.socc"]
    )
    assert isinstance(done.exception, CommandError)
    assert "did you mean soc" in str(done.exception)


def test_a_frequency_is_played_from_a_file(tmp_path: Path) -> None:
    played = tmp_path / "dip.csv"
    played.write_text("time_s,deviation_hz\n0,0\n5,-0.4\n20,-0.4\n30,0\n")
    path = a_scenario(
        tmp_path,
        f"{{at: 10s, do: play frequency {played}}}",
        "{at: 20s, expect: grid.frequency_hz == 49.6 ± 0.15}",
        "{at: 45s, expect: grid.frequency_hz == 50 ± 0.15}",
    )
    done = run("--scenario", str(path))
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("time_s,hz\n0,0\n5,x\n", "csv:3: expected a number"),
        ("time_s,hz\n5,0\n1,0\n", "csv:3: times must increase"),
    ],
)
def test_a_file_that_cannot_be_played_is_refused_with_its_line(
    tmp_path: Path, content: str, message: str
) -> None:
    played = tmp_path / "dip.csv"
    played.write_text(content)
    twin = Twin.from_file("demo")
    with pytest.raises(CommandError, match=message):
        twin.inject(f"1s play frequency {played}")
    with pytest.raises(CommandError, match="did you mean frequency"):
        twin.inject(f"1s play frequenzy {played}")


def test_an_injection_takes_effect_in_the_first_tick_that_ends_after_its_time() -> None:
    shown = {}
    for at_s in (0.3, 5.0):  # 0.3 / 0.1 is a little less than 3 in binary
        twin = Twin.from_file("demo")
        assert twin.inject(f"{at_s}s sag grid 0.7 2s") == at_s
        while min(twin.snapshot().grid.voltages_pu) > 0.75:
            twin.step_once()
        shown[at_s] = twin.tick
    assert shown == {0.3: 4, 5.0: 51}


@pytest.mark.parametrize("options", [[], ["--quiet"]])
def test_a_simulation_that_fails_ends_a_headless_run_with_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    def stumble(judge: Judge) -> None:
        raise ZeroDivisionError("no such battery")

    monkeypatch.setattr(Judge, "_look", stumble)
    path = a_scenario(tmp_path, "{at: 1s, expect: battery.soc >= 0%}")
    report, recorded = tmp_path / "report.xml", tmp_path / "run.jsonl"
    done = run("--scenario", str(path), "--junit", str(report), "--record", str(recorded), *options)
    assert done.exit_code == 3
    said = "twin-tui: the simulation failed at 0.1 s: ZeroDivisionError: no such battery\n"
    assert done.output.endswith(said)
    suite = ElementTree.parse(report).getroot()
    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("0", "1")
    (error,) = suite.findall("testcase/error")
    assert "ZeroDivisionError: no such battery" in error.attrib["message"]
    assert recorded.read_text().splitlines()[-1].startswith('{"end":1,"t":0.1,"sha256":')


def test_the_report_of_a_judge_names_what_passed_and_what_failed(tmp_path: Path) -> None:
    steps = (
        "{at: 1s, expect: grid.frequency_hz > 49, note: first}",
        "{at: 2s, expect: grid.frequency_hz > 60}",
    )
    twin = Twin.from_dict({"assets": [{"type": "battery", "name": "b"}]})
    judge = twin.play(a_scenario(tmp_path, *steps))
    twin.advance(3.0)
    judge.close()
    passed, failed, total = judge.report().splitlines()
    assert passed == "passed      1.0 s  grid.frequency_hz > 49   (first)"
    assert failed.startswith("FAILED      2.0 s  grid.frequency_hz > 60   ")
    assert total == "test: 1 passed, 1 failed"


def test_shipped_scenarios_are_listed_with_those_of_the_site_first() -> None:
    for site in ("demo", "microgrid"):
        titles = shipped_titles(site)
        assert set(titles) == set(shipped_names("scenarios"))
        others = ["(for site " in title for title in titles.values()]
        assert others == sorted(others)
        assert others.count(False) >= 1
    assert shipped_titles("microgrid")["island_life"] == "The life of an island"
    assert shipped_titles("demo")["island_life"] == "The life of an island (for site microgrid)"


def test_a_scenario_is_a_file_or_a_shipped_one(tmp_path: Path) -> None:
    assert find("island_life").name == "The life of an island"
    assert find(str(a_scenario(tmp_path, "{at: 1s, do: sag 0.7 1s}"))).name == "test"
    with pytest.raises(ConfigError, match="island_lif"):
        find("island_lif")
