"""``twin-tui schema``: the JSON Schemas of all kinds of files, for editors."""

import json
from collections.abc import Callable

import click

from twin_tui.config.grid_code_file import GridCodeFile
from twin_tui.config.schema import site_schema
from twin_tui.documents.schema import DIALECT, Schema, embed, schema_of
from twin_tui.protocols.maps.file import MapFile, ReferenceFile, RegisterEntry
from twin_tui.run.scenario import ScenarioFile


def schema(kind: str) -> str:
    """Return the schema of a kind of file as text: of a site, map, scenario or grid-code."""
    found = _MAKERS[kind]()
    found["description"] = f"{found.get('description', '').rstrip('.')} of Twin TUI"
    return json.dumps({"$schema": DIALECT, **found}, indent=1, ensure_ascii=False) + "\n"


def _map() -> Schema:
    found = schema_of(MapFile)
    found["properties"]["registers"]["items"] = embed(found, schema_of(RegisterEntry), "entry")
    settings = found["$defs"]["CaseFile"]["properties"]["set"]
    reference = embed(found, schema_of(ReferenceFile), "reference")
    settings["additionalProperties"] = {"anyOf": [{"type": "number"}, reference]}
    return found


_MAKERS: dict[str, Callable[[], Schema]] = {
    "site": site_schema,
    "map": _map,
    "scenario": lambda: schema_of(ScenarioFile),
    "grid-code": lambda: schema_of(GridCodeFile),
}
KINDS = tuple(_MAKERS)


@click.command("schema")
@click.argument("kind", type=click.Choice(KINDS))
def command(kind: str) -> None:
    """Print the JSON Schema of sites, register maps, scenarios or grid codes, for editors."""
    click.echo(schema(kind), nl=False)
