"""`creditbooks rates`: check, compare and publish rate cards."""

from __future__ import annotations

import json
from collections.abc import Sized

import click

from rate_cards.book_files import Authored, BookFiles
from rate_cards.card import Card
from rate_cards.diff import Change, diff_cards, per_unit_text
from rate_cards.load import load_book
from rate_cards.problems import nearest, relative
from rate_cards.published import FILE_NAME, publish, published_digests
from rate_cards.settings import Settings


@click.group()
def rates() -> None:
    """Check, compare and publish rate cards."""


@rates.command()
@click.pass_obj
def lint(settings: Settings) -> None:
    """Check every file of the book and say what it holds.

    \b
    Example:
      creditbooks rates lint --book my-book
    """
    book = load_book(settings.book_dir)
    holdings = _holdings(book)
    if settings.as_json:
        files = [
            {"path": file.path, "kind": file.kind, "sha256": file.sha256, "bytes": file.bytes}
            for file in book.files
        ]
        click.echo(json.dumps({"book": book.book.book, "files": files}, indent=2))
        return
    width = max(len(file.path) for file in book.files)
    for file in book.files:
        click.echo(f"{file.path:<{width}}  {holdings[file.path]}  sha256 {file.sha256[:12]}")


def _holdings(book: BookFiles) -> dict[str, str]:
    """File -> what it holds, in words."""
    published = published_digests(book.folder)
    held = {
        book.book_file.path: f"{_count(book.book.wallets, 'wallet')}, "
        f"{_count(book.book.meters, 'meter')}, "
        f"{_count(book.book.policies, 'policy', 'policies')}, "
        f"{_count(book.book.sources, 'source')}"
    }
    for file in book.card_files:
        state = "published" if file.path in published else "draft"
        card = file.content
        agreed = f"{_count(card.contracts, 'contract')}, " if card.contracts else ""
        held[file.path] = (
            f"version {card.version} ({state}): {_count(card.rates, 'rate')}, {agreed}"
            f"{_count(card.offers, 'offer')}"
        )
    for cost_file in book.cost_files:
        content = cost_file.content
        held[cost_file.path] = f"version {content.version}: {_count(content.costs, 'cost')}"
    if book.limits_file:
        held[book.limits_file.path] = _count(book.limits, "limit")
    return held


def _count(items: Sized, noun: str, plural: str = "") -> str:
    number = len(items)
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


@rates.command()
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.pass_obj
def diff(settings: Settings, old: str, new: str) -> None:
    """Say what changed from version A to version B, field by field.

    A price counts as changed when the price of one unit changed, however it is written.

    \b
    Example:
      creditbooks rates diff 2026-01-01 2026-03-01
    """
    book = load_book(settings.book_dir)
    changes = diff_cards(_card_file(book, old).content, _card_file(book, new).content)
    if settings.as_json:
        click.echo(json.dumps([_as_json(change) for change in changes], indent=2))
        return
    subject = ""
    for change in changes:
        if change.field and change.subject != subject:
            click.echo(change.subject)
        subject = change.subject
        click.echo(_sentence(change))
    click.echo(f"{_count(changes, 'change')} from {old} to {new}.")


def _sentence(change: Change) -> str:
    if not change.field:
        return f"{change.subject} {change.kind}: {change.old or change.new}"
    if change.kind != "changed":
        return f"  {change.field} {change.kind}: {change.old or change.new}"
    percent = f" ({change.percent:+f} %)" if change.percent is not None else ""
    return f"  {change.field}: {change.old} -> {change.new}{percent}"


def _as_json(change: Change) -> dict[str, str | None]:
    """A change with its figures as text, so that no reader makes floats of them."""
    old, new, percent = change.old_per_unit, change.new_per_unit, change.percent
    return {
        "subject": change.subject,
        "field": change.field,
        "kind": change.kind,
        "old": change.old,
        "new": change.new,
        "old_per_unit": None if old is None else per_unit_text(old),
        "new_per_unit": None if new is None else per_unit_text(new),
        "change_percent": None if percent is None else str(percent),
    }


@rates.command("publish")
@click.argument("version")
@click.pass_obj
def publish_version(settings: Settings, version: str) -> None:
    """Freeze a version: from now on the book loads only while its file is unchanged.

    \b
    Example:
      creditbooks rates publish 2026-03-01
    """
    book = load_book(settings.book_dir)
    file = _card_file(book, version)
    is_new = publish(book.folder, file.path, file.document.sha256)
    if settings.as_json:
        result = {"version": version, "path": file.path, "sha256": file.document.sha256}
        click.echo(json.dumps({**result, "is_new": is_new}))
        return
    outcome = f"Published {version}" if is_new else f"{version} was published already, unchanged"
    click.echo(
        f"{outcome}: {file.path}, sha256 {file.document.sha256[:12]}, "
        f"listed in {relative(book.folder / FILE_NAME)}."
    )


def _card_file(book: BookFiles, version: str) -> Authored[Card]:
    files = {file.content.version: file for file in book.card_files}
    if version not in files:
        raise click.BadParameter(f'the book has no version "{version}". {nearest(version, files)}')
    return files[version]
