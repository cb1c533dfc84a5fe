"""YAML as written: exact values, and the line and column of every one of them.

PyYAML parses; the values are built here, because its own constructor reads `1.7` as a binary float,
`on` as true and lets the last of two equal keys win.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from rate_cards.problems import Problem, excerpt_at, relative

Location = Sequence[str | int]
"""Where a value lies in a document: mapping keys and 0-based list positions, outermost first."""

_INTEGER = re.compile(r"[-+]?[0-9]{1,40}")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,40}\.[0-9]{1,40}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS: dict[str, bool | None] = {
    "": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "~": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}


_CONTEXTS = {
    "while parsing a flow mapping": "in the { … } opened on",
    "while parsing a flow sequence": "in the [ … ] opened on",
    "while parsing a block mapping": "in the mapping that starts on",
    "while parsing a block collection": "in the list that starts on",
    "while parsing a flow node": "in the value on",
    "while parsing a block node": "in the value on",
    "while scanning a quoted scalar": "in the quoted text opened on",
    "while scanning a simple key": "in the name on",
    "expected a single document in the stream": "the first document starts on",
}
"""PyYAML's words for where it was -> ours, followed by the line."""

_FINDINGS = {
    "<block end>": "its next line or its end",
    "'<scalar>'": "more text",
    "<stream end>": "the end of the file",
    "unexpected end of stream": "the end of the file",
    "the node content": "a value",
}
"""PyYAML's words for what it expected or found -> ours."""


class _PlainComposer(yaml.SafeLoader):
    """Composes the node tree of a document without anchors, aliases and tags.

    They would let a figure be written in one place and mean something in another; what is read on
    paper must be what is loaded.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            refused = "anchors (&name) and aliases (*name) are not read"
            raise yaml.MarkedYAMLError(problem=refused, problem_mark=event.start_mark)
        if getattr(event, "tag", None):
            refused = "tags (!name) are not read"
            raise yaml.MarkedYAMLError(problem=refused, problem_mark=event.start_mark)
        return super().compose_node(parent, index)


@dataclass(frozen=True)
class Document:
    """One YAML file: its values and where each of them stands.

    Attributes:
        place: Path as shown to people, relative to the working folder where possible.
        text: The file's text.
        sha256: Digest of the file's bytes.
        size: Bytes of the file.
        data: Plain values: dict, list, str, int, Decimal, bool, date and None. Never a float.
    """

    place: str
    text: str
    sha256: str
    size: int
    data: object
    _root: yaml.Node | None = field(repr=False, compare=False)

    def line(self, location: Location, *, of_key: bool = False) -> int:
        """1-based line of a value, or of the key it is written under."""
        node = self._find(location, of_key=of_key)
        return node.start_mark.line + 1 if node else 1

    def problem(
        self, location: Location, message: str, remedy: str, *, of_key: bool = False
    ) -> Problem:
        """A problem with one value of this file, with its place and an excerpt.

        Args:
            location: The value; a missing field points at the mapping that lacks it.
            message: What is wrong.
            remedy: What to do about it.
            of_key: Point at the key the value is written under.
        """
        node = self._find(location, of_key=of_key)
        line, column = (node.start_mark.line + 1, node.start_mark.column + 1) if node else (1, 1)
        return Problem(
            place=self.place,
            message=message,
            remedy=remedy,
            line=line,
            column=column,
            excerpt=excerpt_at(self.text, line, column, self._width(node) if node else 1),
        )

    def _width(self, node: yaml.Node) -> int:
        """Characters of a node on its first line."""
        start, end = node.start_mark, node.end_mark
        if end.line == start.line:
            return int(end.column - start.column)
        return len(self.text.splitlines()[start.line].rstrip()) - int(start.column)

    def _find(self, location: Location, *, of_key: bool) -> yaml.Node | None:
        """The deepest node on the way to a location, or the key it is written under."""
        node, key = self._root, None
        for part in location:
            # Parts the file does not hold are passed over: missing fields, and the names pydantic
            # gives to the branches of a union.
            if isinstance(node, yaml.MappingNode):
                for key_node, value_node in node.value:
                    if key_node.value == part:
                        node, key = value_node, key_node
                        break
            elif isinstance(node, yaml.SequenceNode) and part in range(len(node.value)):
                node, key = node.value[int(part)], None
        return key if of_key and key is not None else node


def read_document(path: Path) -> tuple[Document, list[Problem]]:
    """Read one YAML file.

    Args:
        path: A file that exists.

    Returns:
        The document and what is wrong with its YAML. `data` is None when it cannot be parsed.
    """
    content = path.read_bytes()
    place, digest = relative(path), hashlib.sha256(content).hexdigest()

    def document(text: str, data: object = None, root: yaml.Node | None = None) -> Document:
        return Document(place, text, digest, len(content), data, root)

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problem = Problem(
            place,
            f"byte 0x{content[error.start]:02x} is not UTF-8 text",
            "Save the file as UTF-8.",
            line,
        )
        return document(""), [problem]
    try:
        root = _PlainComposer(text).get_single_node()
    except yaml.YAMLError as error:
        return document(text), [_malformed(place, text, error)]
    except RecursionError:
        problem = Problem(
            place, "lists and mappings are nested too deeply", "Remove the needless levels.", 1
        )
        return document(text), [problem]
    if root is None:
        problem = Problem(
            place, "the file is empty", "Fill it, or delete it if it is not needed.", 1
        )
        return document(text), [problem]
    shell = document(text, root=root)
    problems: list[Problem] = []
    data = _build(root, shell, problems)
    return document(text, data, root), problems


def _malformed(place: str, text: str, error: yaml.YAMLError) -> Problem:
    """What PyYAML could not read, in the form of every other problem."""
    remedy = (
        "The file is not valid YAML there. Check the indentation, and that brackets and quotes "
        "are closed."
    )
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        line = before.count("\n") + 1
        column = error.position - (before.rfind("\n") + 1) + 1
        message = f"character U+{ord(text[error.position]):04X} cannot stand in a YAML file"
        return Problem(place, message, "Delete the character.", line, column)
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem(place, str(error), remedy)
    line, column = error.problem_mark.line + 1, error.problem_mark.column + 1
    message = str(error.problem)
    for theirs, ours in _FINDINGS.items():
        message = message.replace(theirs, ours)
    if error.context and error.context_mark:
        context = _CONTEXTS.get(error.context, f"{error.context} on")
        message = f"{context} line {error.context_mark.line + 1}: {message}"
    if message.endswith("are not read"):
        remedy = "Write the value itself: what is printed must be what is loaded."
    return Problem(place, message, remedy, line, column, excerpt_at(text, line, column))


def _build(node: yaml.Node, source: Document, problems: list[Problem]) -> object:
    """The plain value of a node; problems found on the way are added to `problems`."""
    if isinstance(node, yaml.MappingNode):
        return _build_mapping(node, source, problems)
    if isinstance(node, yaml.SequenceNode):
        return [_build(child, source, problems) for child in node.value]
    assert isinstance(node, yaml.ScalarNode)
    return scalar(node.value) if node.style is None else node.value


def _build_mapping(
    node: yaml.MappingNode, source: Document, problems: list[Problem]
) -> dict[str, object]:
    """A mapping with text keys; the first of two equal keys stands, the second is a problem."""
    values: dict[str, object] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
        if not isinstance(key_node, yaml.ScalarNode):
            message = "a key is a list or a mapping where a name belongs"
            remedy = "Write a plain name before the colon."
        elif key_node.value in values:
            message = f'"{key_node.value}" is written twice, first on line {lines[key_node.value]}'
            remedy = "Keep one of the two."
        else:
            lines[key_node.value] = line
            values[key_node.value] = _build(value_node, source, problems)
            continue
        width = len(key_node.value) if isinstance(key_node, yaml.ScalarNode) else 1
        excerpt = excerpt_at(source.text, line, column, width)
        problems.append(Problem(source.place, message, remedy, line, column, excerpt))
    return values


def scalar(text: str) -> str | int | Decimal | bool | datetime.date | None:
    """The value of an unquoted scalar, exactly as written.

    Text, unless it is null, true, false, a whole number, a number with a point, or a date. Numbers
    with an exponent, with separators or in sexagesimal stay text, for the schema to refuse.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    if _DATE.fullmatch(text):
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            return text
    return text
