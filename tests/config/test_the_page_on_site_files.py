"""The examples and keys in docs/site-files.md are valid."""

import re
from pathlib import Path

import pytest

from twin_tui.config import load_site
from twin_tui.config.assets import asset_model
from twin_tui.config.top import SiteFile
from twin_tui.documents.loader import to_document
from twin_tui.engine.device import registry
from twin_tui.protocols.registry import connectors

PAGE = (Path(__file__).parents[2] / "docs" / "site-files.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
ROWS = dict(reversed(re.findall(r"^\| (\w+) \| (.+) \|$", PAGE, re.MULTILINE)))


def keys_of(cell: str) -> set[str]:
    """Return the keys of a table cell, without those in brackets and braces."""
    return set(re.findall(r"`(\w+)`", re.sub(r"\{.*?\}|\(.*?\)", "", cell)))


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_is_a_site(example: str) -> None:
    assert load_site(to_document(example, "example").data).plan.devices


@pytest.mark.parametrize("kind", registry.kinds())
def test_the_keys_of_each_type_exist(kind: str) -> None:
    keys = keys_of(ROWS[kind])
    assert keys
    assert keys <= set(asset_model(registry[kind]).model_fields)


def test_the_keys_of_each_protocol_exist() -> None:
    for kind, connector in connectors.entries().items():
        assert connector.entry is not None
        assert keys_of(ROWS[kind]) - {"links"} <= set(connector.entry.model_fields)


def test_every_key_of_the_top_level_is_on_the_page() -> None:
    shown = set(re.findall(r"`([$\w]+)`", PAGE))
    assert {field.alias or key for key, field in SiteFile.model_fields.items()} - {"comment"} <= shown
