"""Writes the JSON Schemas of twin_tui/data/schemas from the models: `python -m docs.make_schemas`."""

from pathlib import Path

from twin_tui.cli.schemas import KINDS, schema

FOLDER = Path(__file__).parent.parent / "twin_tui" / "data" / "schemas"

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for kind in KINDS:
        (FOLDER / f"{kind}.json").write_text(schema(kind), encoding="utf-8")
