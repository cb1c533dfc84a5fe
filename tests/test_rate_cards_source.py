"""The YAML layer: exact values, places, and what it refuses to guess."""

import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lite_book import CARD, lite_book

from rate_cards.load import load_book
from rate_cards.problems import InputError
from rate_cards.source import Document, read_document, scalar


def read(tmp_path: Path, text: str) -> tuple[Document, list[str]]:
    path = tmp_path / "some.yml"
    path.write_text(text, encoding="utf-8")
    document, problems = read_document(path)
    return document, [f"{problem.line}:{problem.column}: {problem.message}" for problem in problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.7", Decimal("1.7")),
        # In binary this is 0.1000000000000000055511151231257827…
        ("0.1", Decimal("0.1")),
        ("0.100000000000000005", Decimal("0.100000000000000005")),
        ("1.70", Decimal("1.70")),
        ("1000000", 1000000),
        ("-3", -3),
        ("2026-01-31", datetime.date(2026, 1, 31)),
        ("true", True),
        ("", None),
        ("~", None),
        # YAML 1.1 would make booleans, a float, seconds and an octal number of these.
        ("on", "on"),
        ("no", "no"),
        ("1e6", "1e6"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("2026-02-30", "2026-02-30"),
        ("2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z"),
    ],
)
def test_an_unquoted_scalar_has_the_value_it_shows(text: str, value: object) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_a_decimal_keeps_its_written_zeros(tmp_path: Path) -> None:
    document, _ = read(tmp_path, "amount: 12.00\n")
    assert document.data == {"amount": Decimal("12.00")}
    assert str(document.data["amount"]) == "12.00"


def test_quoted_scalars_and_keys_are_text(tmp_path: Path) -> None:
    document, problems = read(tmp_path, "{on: \"2026-01-01\", 7: '1.5'}\n")
    assert document.data == {"on": "2026-01-01", "7": "1.5"}
    assert problems == []


def test_places_are_those_an_editor_shows(tmp_path: Path) -> None:
    document, _ = read(tmp_path, "rates:\n  - id: a\n    price:\n      - {wallet: w, per: 10}\n")
    problem = document.problem(("rates", 0, "price", 0, "per"), "wrong", "Mend it.")
    assert (problem.line, problem.column) == (4, 26)
    assert problem.excerpt == "4 |       - {wallet: w, per: 10}\n" + " " * 29 + "^^"
    key = document.problem(("rates", 0, "price"), "wrong", "Mend it.", of_key=True)
    assert (key.line, key.column) == (3, 5)
    assert document.line(("rates", 0, "price")) == 4


def test_a_place_that_does_not_exist_is_that_of_the_mapping_lacking_it(tmp_path: Path) -> None:
    document, _ = read(tmp_path, "a: 1\nb: {c: 2}\n")
    problem = document.problem(("b", "d"), "d is missing", "Add it.")
    assert (problem.line, problem.column) == (2, 4)


def test_two_equal_keys_are_refused_with_both_lines(tmp_path: Path) -> None:
    document, problems = read(tmp_path, "a: 1\nb: 2\na: 3\n")
    assert problems == ['3:1: "a" is written twice, first on line 1']
    assert document.data == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x 1\nb: *x\n", "1:4: anchors (&name) and aliases (*name) are not read"),
        ("a: !!float 1\n", "1:4: tags (!name) are not read"),
        (
            "a: {b: 1\nc: 2\n",
            "2:2: in the { … } opened on line 1: expected ',' or '}', but got ':'",
        ),
        ("? [a, b]\n: 1\n", "1:3: a key is a list or a mapping where a name belongs"),
        ("", "1:None: the file is empty"),
        (
            "a: 1\n---\nb: 2\n",
            "2:1: the first document starts on line 1: but found another document",
        ),
        ("a: \x07\n", "1:4: character U+0007 cannot stand in a YAML file"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_a_place(
    tmp_path: Path, text: str, problem: str
) -> None:
    assert read(tmp_path, text)[1] == [problem]


def test_bytes_that_are_not_utf8_are_a_problem_with_a_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.yml"
    path.write_bytes(b"a: 1\nentity: Zo\xeb\n")
    _, problems = read_document(path)
    assert [(problem.line, problem.message) for problem in problems] == [
        (2, "byte 0xeb is not UTF-8 text")
    ]


def test_endless_nesting_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    _, problems = read(tmp_path, "[" * 5000)
    assert problems == ["1:None: lists and mappings are nested too deeply"]


WORDS = [
    "",
    "[]",
    "{}",
    "~",
    "true",
    "1.5",
    "-1",
    "2026-01-01",
    "- a",
    ": x",
    "[1, {a: b}]",
    "\t",
    '"',
]


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 1500), length=st.integers(0, 12), word=st.sampled_from(WORDS))
@pytest.mark.parametrize("name", ["book.yml", CARD])
def test_whatever_is_written_the_answer_is_a_book_or_problems_with_places(
    tmp_path_factory: pytest.TempPathFactory, name: str, position: int, length: int, word: str
) -> None:
    folder = lite_book(tmp_path_factory.mktemp("any"))
    text = (folder / name).read_text(encoding="utf-8")
    changed = text[:position] + word + text[position + length :]
    (folder / name).write_text(changed, encoding="utf-8")
    problems = []
    try:
        load_book(folder)
    except InputError as error:
        problems = error.problems
    assert all(problem.line for problem in problems)
