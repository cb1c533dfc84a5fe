"""The small shared book with a few words changed: what most rate card tests start from."""

import shutil
from pathlib import Path

from rate_cards.load import load_book
from rate_cards.problems import InputError, Problem

LITE = Path(__file__).parent / "errors/_base/northwind-lite/book"
CARD = "cards/2026-01-01.yml"

Edit = tuple[str, str, str]


def lite_book(folder: Path, *edits: Edit) -> Path:
    """Copy the book to `folder`/book and make edits: (file, words there, words instead).

    A file that does not exist yet is written with the last part as its text.
    """
    book = folder / "book"
    shutil.copytree(LITE, book)
    for name, old, new in edits:
        path = book / name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_text(new, encoding="utf-8")
            continue
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} does not say {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")
    return book


def next_card(version: str = "2026-03-01", **changes: str) -> str:
    """The text of a second card: the first one from a later day on, with fields changed."""
    fields = {
        "version": f'"{version}"',
        "effective_from": f"{version[:10]}T00:00:00Z",
        "published_at": "2026-02-15T00:00:00Z",
        "supersedes": '"2026-01-01"',
        **changes,
    }
    first = (LITE / CARD).read_text(encoding="utf-8")
    body = first[first.index("approved:") :]
    return "".join(f"{name}: {value}\n" for name, value in fields.items()) + body


def problems_of(folder: Path, *edits: Edit) -> list[Problem]:
    """What is wrong with the edited book; empty where it loads."""
    try:
        load_book(lite_book(folder, *edits))
    except InputError as error:
        return error.problems
    return []


def messages_of(folder: Path, *edits: Edit) -> list[str]:
    """What is wrong with the edited book, without places and remedies."""
    return [problem.message for problem in problems_of(folder, *edits)]
