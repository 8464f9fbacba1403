"""JSON Schema of the models, for editors: keys with their meaning, unit and range."""

from collections.abc import Callable
from fractions import Fraction
from math import isfinite
from typing import Any

from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from twin_tui.documents.described import field_texts, plain_text
from twin_tui.documents.model import Model
from twin_tui.documents.values import or_null

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
Explain = Callable[[type[Model], str, FieldInfo], str]
"""Returns the meaning of a key that its docstring does not give."""


def schema_of(model: type[Model], explain: Explain = lambda model, name, field: "") -> Schema:
    """Return the JSON Schema of a model, with a description of each key."""

    class Generator(GenerateJsonSchema):
        ignored_warning_kinds = {"non-serializable-default"}  # noqa: RUF012 (the form is pydantic's)

        def field_title_should_be_set(self, schema: Any) -> bool:
            return False

        def encode_default(self, dft: Any) -> Any:
            if isinstance(dft, Fraction):
                dft = float(dft)
            if isinstance(dft, float):
                dft = int(dft) if isfinite(dft) and dft == int(dft) else dft
            return sorted(dft) if isinstance(dft, frozenset) else super().encode_default(dft)

        def nullable_schema(self, schema: core_schema.NullableSchema) -> Schema:
            return or_null(self.generate_inner(schema["schema"]))

        def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
            found = super().model_schema(schema)
            found.pop("title", None)
            cls = schema["cls"]
            if cls.__doc__:
                found["description"] = plain_text(cls.__doc__, cls)
            texts = field_texts(cls)
            for name, field in cls.model_fields.items():
                inner = found["properties"][field.alias or name]
                inner.pop("default", None) if inner.get("default") in (None, "", {}) else None
                text = texts.get(name) or explain(cls, name, field)
                unit = inner.pop("x-unit", "")
                if unit and f"({unit})" not in text:
                    text = f"{text.rstrip('.')} ({unit})" if text else f"In {unit}."
                if text:
                    inner["description"] = text
            return found

    return model.model_json_schema(by_alias=True, schema_generator=Generator)


def embed(top: Schema, part: Schema, name: str) -> Schema:
    """Add a schema and its definitions to those of another, and return the reference to it."""
    definitions = top.setdefault("$defs", {})
    definitions.update(part.pop("$defs", {}))
    definitions[name] = part
    return {"$ref": f"#/$defs/{name}"}


def by_word(key: str, choices: dict[str, tuple[list[str], Schema]]) -> Schema:
    """Return the schema of objects whose ``key`` selects one of several: name → description and schema."""
    words = [word for found, _ in choices.values() for word in found]
    return {
        "type": "object",
        "required": [key],
        "properties": {key: {"enum": words}},
        "allOf": [
            {"if": {"properties": {key: {"enum": found}}, "required": [key]}, "then": schema}
            for found, schema in choices.values()
        ],
    }
