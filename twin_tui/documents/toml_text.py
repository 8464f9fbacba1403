"""TOML as plain data, with the line of each key."""

import re
import tomllib
from typing import Any

from twin_tui.documents.places import LineStarts, Place
from twin_tui.errors import ConfigError

_TABLE = re.compile(r"\s*\[\s*([\w.-]+)\s*\]")
_KEY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+))\s*=""")
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def parse_toml(text: str, name: str) -> Any:
    """Return the data of a TOML text; raise ConfigError with line and column of the error."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT.search(str(error))
        line, column = (at[1], at[2]) if at is not None and at[1] else LineStarts(text).at(len(text))
        raise ConfigError(f"{name}:{line}:{column}: invalid TOML: {_AT.sub('', str(error))}") from None
    except RecursionError:
        raise ConfigError(f"{name}: invalid TOML: is nested too deeply") from None
    except ValueError:  # of a number of thousands of digits
        raise ConfigError(f"{name}: invalid TOML: a number is too long") from None


def toml_places(text: str, name: str) -> Place:
    """Return the lines of the keys of a TOML text, including those in tables."""
    top: dict[Any, Place] = {}
    inner = top
    for line, content in enumerate(text.splitlines(), 1):
        table, key = _TABLE.match(content), _KEY.match(content)
        if table is not None:
            inner = {}
            top[table[1]] = Place(line, 1, inner)
        elif key is not None:
            inner[key[1] or key[2] or key[3]] = Place(line, 1)
    return Place(1, 1, top)
