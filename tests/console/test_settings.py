"""The user's console.toml: what is right in it is used, each mistake is a message, and the console starts."""

import os
from pathlib import Path

import pytest

from tests.widgets.hand_fed import HandFedSession
from tests.widgets.screen import screen_text, settled
from twin_tui import ConfigError
from twin_tui.console.app import ConsoleApp
from twin_tui.console.settings import MOST_MISTAKES, Settings, load


def test_settings_come_from_the_users_file_and_options_go_first(tmp_path: Path) -> None:
    path = tmp_path / "console.toml"
    assert load(path) == Settings()
    path.write_text('hz = 2\nglyphs = "vt"\n[keys]\ninject = "ctrl+n"\n', encoding="utf-8")
    found = load(path)
    assert (found.hz, found.glyphs, found.keys["inject"]) == (2, "vt", "ctrl+n")
    assert found.mistakes == ()
    assert found.with_options(hz=8.0, glyphs=None).hz == 8.0
    assert found.with_options(hz=None).glyphs == "vt"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hzz = 2", ":1: unknown key hzz; did you mean hz?; hzz is ignored"),
        ("read_only = true\nhz = 0", ":2: hz: expected a number from 0.1 to 30 (frames a second), found 0;"
         " the default 4.0 is used"),
        ('glyphs = "unicod"', "did you mean unicode?; the default \"auto\" is used"),
        ("read_only = 1", "true or false"),
        ("tour = 7", ":1: tour: expected true or false, found 7; the default is used"),
        ("keys = 3", ":1: keys: expected names of actions and their keys, found 3; the default is used"),
        ('hz = 4\ntheme = "nrod"', ":2: theme: expected one of auto, twin-dark"),
        ('theme = "nrod"', "found 'nrod'; did you mean nord?; the default \"auto\" is used"),
        ('mistakes = ["x"]', ":1: unknown key mistakes"),
        ("hz = 4\n[keys]\ninject = 3", ":3: keys.inject: expected a key such as 'x' or 'ctrl+n,f5', found 3;"
         " inject keeps i"),
        ('[keys]\nlog = "h"\ninjct = "x"', ":3: keys.injct: unknown action 'injct'; did you mean inject?;"
         " it is ignored"),
        ('hz = 4\n[keys]\nsag = "x"\nlog = "x"', ":4: keys.log: x is given to sag and to log; log keeps l"),
        ('keys.sag = "x"\nkeys.log = "x"', ":2: keys.log: x is given to sag and to log; log keeps l"),
        ('[keys]\nsag = ","', ":2: keys.sag: sag has no key"),
        ('[keys]\nsag = "ctr+n"', ":2: keys.sag: unknown key 'ctr+n'; did you mean ctrl+n?; sag keeps v"),
        ('[keys]\nsag = "F13x"', ":2: keys.sag: unknown key 'F13x'"),
    ],
)  # fmt: skip
def test_a_mistake_is_a_message_with_its_place_and_what_is_used_instead(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "console.toml"
    path.write_text(text, encoding="utf-8")
    (message,) = load(path).mistakes
    assert message.startswith(f"{path}:")
    assert said in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"hz = ", ":1:6: invalid TOML: Invalid value"),
        (b"hz = 2\nhz = 3", "invalid TOML: Cannot overwrite a value"),
        (b'theme = "nord"\n\xff', ":2: is not UTF-8 text; expected TOML"),
        (b"hz = 4\0", "is a binary file; expected TOML"),
        (b"# 10 MB\n" * 1_300_000, "is larger than 1 MB"),
        (b"a = " + b"[" * 5000, "invalid TOML: is nested too deeply"),
        (b"hz = " + b"1" * 5000, "invalid TOML: a number is too long"),
    ],
    ids=["open", "twice", "latin-1", "binary", "10 MB", "nested", "long number"],
)
def test_a_file_that_is_not_readable_gives_one_message_and_the_defaults(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "console.toml"
    path.write_bytes(content)
    found = load(path)
    (message,) = found.mistakes
    assert said in message
    assert message.startswith(str(path))
    assert message.endswith("; the default settings are used")
    assert found.model_copy(update={"mistakes": ()}) == Settings()


def test_a_place_that_is_no_readable_file_gives_one_message_and_the_defaults(tmp_path: Path) -> None:
    folder, closed, pipe = tmp_path / "console.toml", tmp_path / "closed.toml", tmp_path / "pipe.toml"
    folder.mkdir()
    os.mkfifo(pipe)
    assert "is a directory; expected a file" in load(folder).mistakes[0]
    assert "is a pipe" in load(pipe).mistakes[0]
    assert "cannot be read" in load(tmp_path / ("x" * 300)).mistakes[0]
    if os.geteuid():  # root may read everything
        closed.touch(mode=0)
        assert "cannot be read (Permission denied)" in load(closed).mistakes[0]


def test_no_permission_gives_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "console.toml"
    path.touch()

    def refused(*given: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refused)
    assert load(path).mistakes == (
        f"{path}: cannot be read (Permission denied); the default settings are used",
    )


def test_without_a_file_or_a_home_there_is_no_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def homeless(name: str) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("twin_tui.console.settings.user_config_path", homeless)
    assert load() == Settings()
    (tmp_path / "file").touch()
    assert load(tmp_path / "file" / "console.toml") == Settings()


def test_what_is_right_beside_mistakes_is_used(tmp_path: Path) -> None:
    path = tmp_path / "console.toml"
    path.write_text('hz = "often"\ntheme = "nord"\n[keys]\nsag = "x"\nlog = "x"\nquit = "Q"\n')
    found = load(path)
    assert (found.hz, found.theme, found.keys) == (4.0, "nord", {"sag": "x", "quit": "Q"})
    assert len(found.mistakes) == 2
    assert len(found.with_options(hz=2.0).mistakes) == 2, "options keep the messages"


@pytest.mark.parametrize("table", ["", "[keys]\n"])
def test_of_very_many_mistakes_the_first_are_listed(tmp_path: Path, table: str) -> None:
    path = tmp_path / "console.toml"
    path.write_text(table + "".join(f'x{n} = "y"\n' for n in range(20_000)))
    *first, last = load(path).mistakes
    assert len(first) == MOST_MISTAKES
    assert last.endswith(f"more than {MOST_MISTAKES} mistakes; the rest of the file is not read")


def test_a_bad_option_is_still_refused() -> None:
    with pytest.raises(ConfigError, match=r"theme: expected one of .* found 'nope'"):
        Settings().with_options(theme="nope")


async def test_the_first_mistake_is_shown_on_the_screen_that_starts() -> None:
    settings = Settings(hz=0.1, mistakes=("console.toml:2: [red]hz[/]: expected a number", "b", "c"))
    async with ConsoleApp(HandFedSession(), settings).run_test(notifications=True) as pilot:
        await settled(pilot)
        (shown,) = pilot.app._notifications
        assert shown.message == "console.toml:2: [red]hz[/]: expected a number\n2 more in the log (l)"
        text = screen_text(pilot)
        assert "console.toml:2: [red]hz[/]" in text
        assert "bess-1" in text
