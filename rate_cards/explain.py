"""What a model refused, in the words of the people who write the files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rate_cards.problems import Problem, nearest
from rate_cards.source import Document, Location
from rate_cards.values import Model, text_of


def explain(error: ValidationError, model: type[Model], document: Document) -> list[Problem]:
    """One problem per error, each at its line and column.

    Args:
        error: What pydantic found.
        model: The model of the whole document; its JSON Schema knows the names at every place.
        document: The document that was validated.
    """
    guide = _Guide(model.model_json_schema())
    return [_explain_one(details, guide, document) for details in error.errors(include_url=False)]


def _explain_one(details: ErrorDetails, guide: _Guide, document: Document) -> Problem:
    location, kind = details["loc"], details["type"]
    name, given = str(location[-1]) if location else "", details["input"]
    context, is_key = details.get("ctx", {}), location[-1:] == ("[key]",)
    if kind == "refused":
        message, remedy = context["message"], context["remedy"]
        return document.problem(location, message, remedy, of_key=is_key)
    if kind == "missing":
        message = f"{name} is missing"
        return document.problem(location, message, f"Add {name}: {guide.description(location)}")
    if kind == "extra_forbidden":
        remedy = nearest(name, guide.fields(location[:-1]))
        return document.problem(location, f'unknown field "{name}"', remedy, of_key=True)
    if kind == "literal_error":
        noun = "name" if is_key else "choice"
        options = _quoted(context["expected"])
        if given is None or isinstance(given, list | dict):
            message = f"one {noun} belongs here"
            return document.problem(location, message, f"Write one of {', '.join(options)}.")
        message = f'unknown {noun} "{text_of(given)}"'
        return document.problem(location, message, nearest(text_of(given), options), of_key=is_key)
    message, remedy = _TYPES.get(kind, ("{message}", "See the file's schema for what it may be."))
    filled = {"name": _last_name(location), "message": details["msg"], **context}
    return document.problem(
        location, message.format_map(filled), remedy.format_map(filled), of_key=is_key
    )


_TYPES: Mapping[str, tuple[str, str]] = {
    "model_type": ("{name} is not a mapping", "Write its fields as name: value."),
    "model_attributes_type": ("{name} is not a mapping", "Write its fields as name: value."),
    "dict_type": ("{name} is not a mapping", "Write it as name: value lines."),
    "tuple_type": ("{name} is not a list", "Write one item per line, each after a dash."),
    "int_type": ("{name} is not a whole number", "Write digits only, without quotes."),
    "bool_type": ("{name} is neither true nor false", "Write true or false, without quotes."),
    "string_type": ("{name} is not text", "Put it in quotes."),
    "string_too_long": ("{name} is too long", "Write at most {max_length} character."),
    "string_too_short": ("{name} is empty", "Write it, or leave the field out."),
    "greater_than": ("{name} is not above {gt}", "Write a number above {gt}."),
    "greater_than_equal": ("{name} is below {ge}", "Write {ge} or more."),
    "less_than_equal": ("{name} is above {le}", "Write {le} or less."),
}
"""pydantic error type -> message and remedy, for the types the models use."""


def _last_name(location: Location) -> str:
    """The field a location ends in: `rates`, or `item 2 of rates` inside a list."""
    position = ""
    for part in reversed(location):
        if isinstance(part, int):
            position = f"item {part + 1} of "
        elif part not in ("[key]", "text", "mapping"):
            return f"{position}{part}"
    return "the file"


def _quoted(expected: str) -> list[str]:
    """The options pydantic lists as `'a', 'b' or 'c'`."""
    return expected.split("'")[1::2]


class _Guide:
    """The names and descriptions a JSON Schema gives at each place of a document."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._definitions: dict[str, Any] = schema.get("$defs", {})

    def fields(self, location: Location) -> list[str]:
        """The fields a mapping may have."""
        return list(self._at(location).get("properties", {}))

    def description(self, location: Location) -> str:
        """What a field is for, as one sentence."""
        mapping = self._at(location[:-1])
        described: dict[str, Any] = mapping.get("properties", {}).get(location[-1], {})
        text: str = described.get("description", "the schema says what it is.")
        return text[:1].lower() + text[1:]

    def _at(self, location: Location) -> dict[str, Any]:
        """The schema of a place, as far as the location leads into the schema."""
        here = self._structured(self._schema)
        for part in location:
            inside = here.get("items") if isinstance(part, int) else self._value(here, part)
            if isinstance(inside, dict):
                here = self._structured(inside)
        return here

    def _value(self, mapping: dict[str, Any], key: str) -> object:
        """The schema of a mapping's value: a field's own, or the one all values share."""
        shared = [
            mapping.get("additionalProperties"),
            *mapping.get("patternProperties", {}).values(),
        ]
        candidates = [mapping.get("properties", {}).get(key), *shared]
        return next((schema for schema in candidates if isinstance(schema, dict)), None)

    def _structured(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema with its reference followed; of several branches, the one with structure."""
        while "$ref" in schema:
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        for branch in schema.get("anyOf", schema.get("oneOf", [])):
            resolved = self._structured(branch)
            if resolved.get("type") in ("object", "array"):
                return resolved
        return schema
