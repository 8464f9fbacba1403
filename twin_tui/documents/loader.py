"""JSON and YAML files as plain data, with the place of every mistake."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from twin_tui.documents.json_text import parse_json
from twin_tui.documents.limits import MAX_BYTES, MAX_DEPTH, MAX_VALUES
from twin_tui.errors import ConfigError


def read_document(path: Path) -> Any:
    """Return the content of a JSON or YAML file; raise ConfigError naming the file, line and column."""
    as_json = {".json": True, ".yaml": False, ".yml": False}.get(path.suffix.lower())
    return parse_document(read_text(path), str(path), as_json=as_json)


def read_text(path: Path) -> str:
    """Return the text of a file; raise ConfigError when there is none to read."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a directory; expected a file") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{path}: is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8 text; expected JSON or YAML") from None
    if "\0" in text:
        raise ConfigError(f"{path}: is a binary file; expected JSON or YAML")
    return text


def parse_document(text: str, name: str, *, as_json: bool | None = None) -> Any:
    """Return the data that a text holds: JSON when it says so or looks like it, YAML otherwise."""
    if not text.strip():
        raise ConfigError(f"{name}: is empty")
    if as_json is None:
        as_json = _is_json(text)
    try:
        data = parse_json(text, name) if as_json else _from_yaml(text, name)
    except RecursionError:
        raise ConfigError(f"{name}: is nested more than {MAX_DEPTH} levels deep") from None
    if data is None:
        raise ConfigError(f"{name}: holds no data")
    return plain(data, name)


def plain(data: Any, name: str) -> Any:
    """Return a copy of the data without shared or endless parts."""
    left = MAX_VALUES

    def copied(item: Any, depth: int) -> Any:
        nonlocal left
        left -= 1
        if depth > MAX_DEPTH:
            raise ConfigError(f"{name}: is nested more than {MAX_DEPTH} levels deep")
        if left < 0:
            raise ConfigError(f"{name}: holds more than {MAX_VALUES} values")
        if isinstance(item, dict):
            return {key: copied(inner, depth + 1) for key, inner in item.items()}
        if isinstance(item, list | tuple):
            return [copied(inner, depth + 1) for inner in item]
        return item

    return copied(data, 0)


def _is_json(text: str) -> bool:
    """A text that opens with a brace is JSON unless only YAML can read it."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return bool(re.match(r'\s*[{\[]\s*("|\{|\[|\}|\]|$)', text))
    return True


_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """YAML 1.2 scalars (1e3 is a number; off, 12:30 and dates are text), and no key twice."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (the name and form are PyYAML's)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be text", key_node.start_mark)
            if key_node.tag == _MERGE:
                continue
            key = self.construct_object(key_node)
            if key in seen:
                text = f"key {key_node.value!r} stands twice in one mapping"
                raise yaml.constructor.ConstructorError(None, None, text, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def _resolver(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), list(first))


_resolver("null", "~|null|Null|NULL|", "~nN")
_Loader.yaml_implicit_resolvers.setdefault("", []).append(("tag:yaml.org,2002:null", re.compile("$")))
_resolver("bool", "true|True|TRUE|false|False|FALSE", "tTfF")
_resolver("merge", "<<", "<")
_resolver("int", r"[-+]?[0-9][0-9_]*|0x[0-9a-fA-F]+", "-+0123456789")
_resolver(
    "float",
    r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    "-+.0123456789",
)


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(node.value).replace("_", "")
    return int(text, 16) if text.lower().startswith("0x") else int(text)


def _float(loader: _Loader, node: yaml.ScalarNode) -> float:
    text = str(node.value).replace("_", "").lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _float)


def _from_yaml(text: str, name: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        raise ConfigError(f"{name}{place}: bad YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"the character {error.character!r} may not stand in YAML"
        raise ConfigError(f"{name}:{line}: bad YAML: {what}") from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise ConfigError(f"{name}: bad YAML: {error}") from None
