"""The flags of ``twin-tui run`` that connectors declare: which override a site's settings."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from twin_tui.documents.model import in_words, is_secret, join
from twin_tui.errors import ConfigError
from twin_tui.protocols.address import without_login
from twin_tui.protocols.connector import LinkSettings, flag_of, secret_keys
from twin_tui.protocols.guard import errors_of
from twin_tui.protocols.registry import connectors

Flags = dict[str, dict[str, Any]]
"""Kind of connector → key of its settings → value on the command line."""


def wire_options(own: Iterable[click.Parameter]) -> list[click.Parameter]:
    """Return an option for every flag of a connector; ConfigError for a duplicate name."""
    taken = {name: "twin-tui itself" for param in own for name in param.opts}
    connectors.reserve(taken)
    found: list[click.Parameter] = []
    for connector, key, flag in connectors.flags():
        other = taken.setdefault(flag.name, connector.kind)
        if other != connector.kind:
            raise ConfigError(f"connector {connector.kind!r}: flag {flag.name} is already used by {other}")
        switch: dict[str, Any] = {} if flag.metavar else {"is_flag": True, "default": None}
        found.append(
            click.Option(
                [flag.name, _parameter(connector.kind, key)],
                metavar=flag.metavar or None,
                help=flag.help,
                **switch,
            )
        )
    return found


def given_flags(values: Mapping[str, Any]) -> Flags:
    """Return the given flags of connectors, from the values of a command's parameters."""
    found: Flags = {}
    for connector, key, _ in connectors.flags():
        value = values.get(_parameter(connector.kind, key))
        if value is not None:
            found.setdefault(connector.kind, {})[key] = value
    return found


def files_of(links: Mapping[str, LinkSettings], *, written: bool = False) -> Iterator[tuple[str, Path]]:
    """Yield the files that settings of connectors name, to read or to write, each with its key."""
    for kind, settings in links.items():
        for key in type(settings).model_fields:
            found, flag = getattr(settings, key), flag_of(type(settings), key)
            if isinstance(found, Path) and written == (flag is not None and flag.writes):
                yield flag.name if flag is not None else join("links", kind, key), found


def flag_names(flags: Flags) -> list[str]:
    """Return the names of given flags."""
    return [flag.name for connector, key, flag in connectors.flags() if key in flags.get(connector.kind, {})]


def public_words(flags: Flags) -> list[str]:
    """Return given flags as they are written on a command line, without those that hold a secret."""
    words = []
    for connector, key, flag in connectors.flags():
        given = flags.get(connector.kind, {})
        assert connector.settings is not None
        if key in given and key not in secret_keys(connector.settings):
            words += [flag.name, without_login(str(given[key]))] if flag.metavar else [flag.name]
    return words


def with_flags(given: Mapping[str, LinkSettings], flags: Flags) -> dict[str, LinkSettings]:
    """Return a site's settings of connectors, overridden by flags; raise ConfigError."""
    changed = {kind: _changed(kind, given.get(kind), values) for kind, values in flags.items()}
    return {**given, **changed}


def _changed(kind: str, given: LinkSettings | None, values: dict[str, Any]) -> LinkSettings:
    model = connectors[kind].settings
    assert model is not None
    names = {key: flag.name for c, key, flag in connectors.flags() if c.kind == kind}
    merged = {key: getattr(given, key) for key in given.model_fields_set} if given is not None else {}
    merged.update(values)
    for key in values:
        flag = flag_of(model, key)
        if flag is not None and flag.instead_of not in values:
            merged.pop(flag.instead_of, None)
        if flag is not None and flag.needs and flag.needs not in merged and given is None:
            raise ConfigError(f"{flag.name} needs {names.get(flag.needs, flag.needs)}")
    with errors_of(f"connector {kind}", "its keys"):
        try:
            return model.model_validate(merged)
        except ValidationError as error:
            item = error.errors(include_url=False)[0]
    first = names[next(iter(values))]
    key = str(item["loc"][0]) if item["loc"] else ""
    name = names.get(key) or join("links", kind, *item["loc"])
    if item["type"] == "missing":
        raise ConfigError(f"{first} needs {name}")
    given_as = flag_of(model, key) if key in model.model_fields else None
    text = in_words(
        item, given_as.metavar if given_as is not None else "", secret=is_secret(model, item["loc"])
    )
    raise ConfigError(f"{name if key else first}: {text}")


def _parameter(kind: str, key: str) -> str:
    return f"links_{kind}_{key}"
