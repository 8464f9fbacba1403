"""Second opinions on S2 messages: the official schemas and s2-python."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from s2python.s2_parser import S2Parser
from s2python.s2_validation_error import S2ValidationError

SCHEMAS = Path(__file__).parent / "schemas"
# s2-python 0.11.1 expects "id" in operation modes of DDBC, where the standard has "Id",
# and takes the progress of a power sequence for a UUID, where it is a duration
WRONG_IN_S2_PYTHON = ("DDBC.SystemDescription", "DDBC.PresentDemandStatus", "PPBC.PowerProfileStatus")


@cache
def _validators(version: str) -> dict[str, Draft202012Validator]:
    folder = SCHEMAS / f"v{version}"
    files = [*folder.glob("messages/*.json"), *folder.glob("schemas/*.json")]
    contents = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    registry: Registry[Any] = Registry().with_resources(
        (content["$id"], Resource.from_contents(content, DRAFT202012)) for content in contents
    )
    return {
        file.name.removesuffix(".schema.json"): Draft202012Validator(content, registry=registry)
        for file, content in zip(files, contents, strict=True)
    }


def official_fault(message: dict[str, Any], version: str = "0.0.2-beta") -> str:
    """Return what the official schema finds wrong with a message, "" when nothing."""
    validator = _validators(version).get(message["message_type"])
    if validator is None:
        return f"no message type {message['message_type']}"
    return "; ".join(error.message for error in validator.iter_errors(message))


def objection(message: dict[str, Any], version: str = "0.0.2-beta") -> str:
    """Return what the schema or s2-python finds wrong with a message."""
    fault = official_fault(message, version)
    if not fault and message["message_type"] not in WRONG_IN_S2_PYTHON and version == "0.0.2-beta":
        try:
            S2Parser.parse_as_any_message(message)
        except S2ValidationError as error:
            fault = f"s2-python: {error}"
    return f"{message}: {fault}" if fault else ""
