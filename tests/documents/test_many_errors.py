"""A file with very many errors is refused as soon as one with a few."""

import difflib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from twin_tui.cli.check import command
from twin_tui.documents.loader import Document
from twin_tui.documents.model import Complaints, Model
from twin_tui.errors import ConfigError, did_you_mean


class Named(Model):
    name: str = ""


def test_reading_ends_with_the_hundred_and_first_error_of_a_file() -> None:
    complaints = Complaints(Document({}, "many.json"))
    for number in range(100):
        complaints.add(f"assets[{number}]", "unknown")
    with pytest.raises(ConfigError) as caught:
        complaints.add("assets[100]", "unknown")
    *first, last = str(caught.value).splitlines()
    assert len(first) == 100
    assert first[-1] == "many.json: assets[99]: unknown"
    assert last == "only the first 100 errors are listed"
    with pytest.raises(ConfigError) as again:
        complaints.checked(Named, {"nam": 1})
    assert str(again.value) == str(caught.value)


def test_a_hundred_errors_are_all_listed_and_each_once() -> None:
    complaints = Complaints(Document({}, "many.json"))
    for number in [*range(100), *range(100)]:
        complaints.add(f"assets[{number}]", "unknown")
    with pytest.raises(ConfigError) as caught:
        complaints.settle()
    assert str(caught.value).splitlines() == [
        f"many.json: assets[{number}]: unknown" for number in range(100)
    ]


def test_a_wrong_name_is_compared_with_no_more_than_500_names(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    closest = difflib.get_close_matches

    def counted(word: str, known: Sequence[str], n: int, cutoff: float) -> list[str]:
        compared.append(len(known))
        return closest(word, known, n, cutoff)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    names = [f"{chr(97 + number % 26)}{number}" for number in range(50_000)]
    assert did_you_mean("batery_1", [*names, "battery_1"]) == "; did you mean battery_1?"
    assert did_you_mean("x" * 30, names) == ""
    assert did_you_mean("batery", [*names[:499], "battery"]) == "; did you mean battery?"
    assert compared == [500, 500, 500]


def test_check_does_not_count_what_it_does_not_list(tmp_path: Path) -> None:
    path = tmp_path / "site.json"
    assets = [{"name": f"b{number}", "type": "batery"} for number in range(300)]
    path.write_text(json.dumps({"name": "many", "assets": assets}))
    result = CliRunner().invoke(command, [str(path)])
    *listed, last = result.output.splitlines()
    assert len(listed) == 100
    assert last == "only the first 100 errors are listed"
    assert str(result.exception) == "more than 100 errors in the file"
