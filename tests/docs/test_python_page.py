"""What docs/python.md and the README show in Python runs as it stands."""

import re
from pathlib import Path

import pytest

from twin_tui.engine import devices
from twin_tui.engine.events import EVENT_TYPES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
(SITE,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_each_snippet_runs(snippet: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    exec(compile(snippet, "docs/python.md", "exec"), {"__name__": "__main__"})


def test_the_page_shows_every_part() -> None:
    assert len(SNIPPETS) == 7


def test_the_page_needs_the_public_names_only() -> None:
    for snippet in SNIPPETS:
        assert "from twin_tui." not in snippet


def test_the_page_names_every_device_type() -> None:
    listed = re.search(r"`appliance`.*?(?= return a device)", PAGE, re.DOTALL)
    assert listed is not None
    assert set(re.findall(r"`(\w+)`", listed[0])) == {
        getattr(devices, name).kind for name in devices.__all__ if name.isupper()
    }


def test_the_page_names_every_event() -> None:
    listed = re.search(r"The events are (.*?)\.", PAGE, re.DOTALL)
    assert listed is not None
    assert set(re.findall(r"`(\w+)`", listed[1])) == set(EVENT_TYPES) - {"Wake"}
