"""The page ``/docs``: every path with its parameters and a command to try it; it loads nothing else."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color-scheme:light dark}"
    "code,pre{font-family:monospace}pre{overflow:auto;padding:.5em;border:1px solid gray}"
    "td,th{text-align:left;padding-right:1.5em;vertical-align:top}"
)


def page(schema: Mapping[str, Any]) -> str:
    """Return the OpenAPI description as HTML."""
    info = schema["info"]
    parts = [
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
        f"<p>{escape(info['description'])}</p>",
        '<p>The same for programs: <a href="openapi.json">openapi.json</a>. Where the twin has a token, add '
        "<code>-H &quot;Authorization: Bearer $TWIN_REST_TOKEN&quot;</code> to each command.</p>",
    ]
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            parts += _operation(path, method.upper(), operation)
    head = f'<meta charset="utf-8"><title>{escape(info["title"])}</title><style>{_STYLE}</style>'
    return f"<!DOCTYPE html><html><head>{head}</head><body>{''.join(parts)}</body></html>"


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2><code>{method} {escape(path)}</code></h2>"
    for paragraph in operation.get("description", "").split("\n\n"):
        yield f"<p>{escape(paragraph)}</p>"
    parameters = operation.get("parameters", [])
    if parameters:
        yield "<table><tr><th>parameter</th><th></th><th></th></tr>"
        for item in parameters:
            needed = "required" if item.get("required") else _default(item["schema"])
            about = escape(item.get("description", ""))
            yield f"<tr><td><code>{escape(item['name'])}</code></td><td>{needed}</td><td>{about}</td></tr>"
        yield "</table>"
    query = "&".join(f"{item['name']}=…" for item in parameters if item.get("required"))
    body = f" --json '{json.dumps({'…': '…'}, ensure_ascii=False)}'" if "requestBody" in operation else ""
    verb = f" -X {method}" if method not in ("GET", "POST") else ""
    command = f'curl{verb}{body} "http://HOST:PORT{path}{"?" + query if query else ""}"'
    yield f"<pre>{escape(command)}</pre>"


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    return "optional" if default is None else f"default {escape(str(default))}"
