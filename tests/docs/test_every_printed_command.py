"""Every command, flag and make target that a page prints exists and is spelt as the programs take it."""

import contextlib
import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from twin_tui.cli.main import COMMANDS, cli

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(page for page in sorted((ROOT / "docs").glob("*.md")) if page.name != "design-decisions.md"),
]
TEXT = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
PRINTED = re.compile(r"`([^`\n]+)`|^    ([^\n]+?)(?:\s{2,}# [^\n]*)?$", re.MULTILINE)
FILLED = {"SITE": "demo", "FILE": "demo", "FILE…": "demo", "URL": "ws://127.0.0.1:1", "…": "demo"}
OF_THE_EXAMPLE = {"--feed", "--feed-password"}
"""Flags of the connector that docs/connectors.md writes."""


def printed(program: str) -> list[str]:
    """Return what the pages print of a program, without the program's name."""
    found = ((one or other).strip() for text in TEXT.values() for one, other in PRINTED.findall(text))
    return sorted({line.removeprefix(program + " ") for line in found if line.startswith(program + " ")})


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in COMMANDS}
    return {name: command for name, command in found.items() if command is not None}


def options() -> set[str]:
    every = [cli, *commands().values()]
    every += [
        part for group in every[1:] if isinstance(group, click.Group) for part in group.commands.values()
    ]
    return {
        text
        for command in every
        for parameter in command.get_params(click.Context(command))
        for text in (*parameter.opts, *parameter.secondary_opts)
    }


@pytest.mark.parametrize("line", printed("twin-tui"))
def test_each_command_line_is_accepted(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name, *words = shlex.split(line.split(";", maxsplit=1)[0])
    known = commands()
    if name.startswith("-"):
        assert name in options()
        return
    assert name in known, f"no command {name}"
    words = [FILLED.get(word, word) for word in words]
    for word in words:
        if Path(word).suffix in (".json", ".jsonl", ".yaml"):
            Path(word).touch()
    if OF_THE_EXAMPLE.isdisjoint(words):
        with contextlib.suppress(click.MissingParameter):  # a page may name a flag alone
            known[name].make_context(name, words)


def test_each_flag_of_the_pages_is_one_of_a_program() -> None:
    known = options() | {"--help", "-h"}
    for page, text in TEXT.items():
        for line in (one or other for one, other in PRINTED.findall(text)):
            if not re.match(r"(?:twin-tui|--)", line.strip()):
                continue
            for flag in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", line):
                assert flag in known | OF_THE_EXAMPLE, f"{page}: {line}"


@pytest.mark.parametrize("line", printed("python -m"))
def test_each_module_of_the_pages_takes_its_flags(line: str) -> None:
    module, *words = shlex.split(line)
    assert importlib.util.find_spec(module) is not None
    flags = [word for word in words if word.startswith("--")]
    if flags:
        asked = [sys.executable, "-m", module, "--help"]
        shown = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert [flag for flag in flags if flag not in shown] == []


@pytest.mark.parametrize("line", printed("make"))
def test_each_make_target_of_the_pages_exists(line: str) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for word in shlex.split(line):
        assert word in targets or re.fullmatch(r"[A-Z]+=.+", word), line
