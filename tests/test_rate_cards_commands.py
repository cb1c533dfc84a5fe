"""`creditbooks rates` and the generated schemas: what they print, write and refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lite_book import CARD, LITE, Edit, lite_book, next_card

from rate_cards.commands import rates
from rate_cards.diff import Change, diff_cards
from rate_cards.json_schema import FOLDER, SCHEMAS, schema_text
from rate_cards.load import load_book
from rate_cards.settings import BUNDLED_BOOKS, Settings

NEXT = "cards/2026-03-01.yml"


def run(folder: Path, *arguments: str, as_json: bool = False) -> Result:
    settings = Settings(book=folder, as_json=as_json)
    return CliRunner().invoke(rates, list(arguments), obj=settings, catch_exceptions=False)


def changes_between(tmp_path: Path, *edits: tuple[str, str]) -> list[Change]:
    """The diff from the first card to a later one with words changed."""
    card = next_card()
    for old, new in edits:
        assert old in card
        card = card.replace(old, new)
    book = load_book(lite_book(tmp_path, (NEXT, "", card)))
    forward = diff_cards(book.cards[0], book.cards[1])
    assert_reverse(forward, diff_cards(book.cards[1], book.cards[0]))
    return forward


def assert_reverse(forward: list[Change], backward: list[Change]) -> None:
    """Each direction says the same, with old and new exchanged."""
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert {
        (change.subject, change.field, turned[change.kind], change.new, change.old)
        for change in forward
    } == {
        (change.subject, change.field, change.kind, change.old, change.new) for change in backward
    }
    assert len(forward) == len(backward)


def test_lint_prints_a_line_per_file(tmp_path: Path) -> None:
    book = load_book(lite_book(tmp_path))
    digests = [file.sha256[:12] for file in book.files]
    assert run(book.folder, "lint").stdout == (
        f"book.yml              4 wallets, 2 meters, 1 policy, 3 sources  sha256 {digests[0]}\n"
        f"cards/2026-01-01.yml  version 2026-01-01 (draft): 3 rates, 1 offer  sha256 {digests[1]}\n"
    )


def test_lint_gives_whole_digests_as_json(tmp_path: Path) -> None:
    book = load_book(lite_book(tmp_path))
    printed = json.loads(run(book.folder, "lint", as_json=True).stdout)
    assert printed["book"] == "northwind-lite"
    assert [file["sha256"] for file in printed["files"]] == [file.sha256 for file in book.files]


def test_a_card_compared_with_itself_has_no_changes(tmp_path: Path) -> None:
    assert changes_between(tmp_path) == []


def test_a_price_written_for_other_units_has_not_changed(tmp_path: Path) -> None:
    edits = ("credits: 1.7, per: 1000000", "credits: 0.00170, per: 1000")
    assert changes_between(tmp_path, edits) == []


def test_a_changed_price_says_by_how_much_per_unit(tmp_path: Path) -> None:
    # 1.7 per million to 3.0 per two million: 1.5 / 1.7 - 1 = -0.117647…
    (change,) = changes_between(
        tmp_path, ("credits: 1.7, per: 1000000", "credits: 3.0, per: 2000000")
    )
    assert (change.subject, change.field) == ("rate gpt-4o-output", "price in token_credits")
    assert (change.old, change.new) == ("1.7 per 1000000", "3 per 2000000")
    assert change.percent == Decimal("-11.76")


@pytest.mark.parametrize(
    ("new", "percent"),
    [
        # 0.6 to 0.60003 is +0.005 %: half to even keeps 0.00; 0.60009 is +0.015 %, rounded to 0.02.
        ("0.60003", "0.00"),
        ("0.60009", "0.02"),
        ("1.2", "100.00"),
        ("0", "-100.00"),
    ],
)
def test_per_cents_are_rounded_half_to_even(tmp_path: Path, new: str, percent: str) -> None:
    (change,) = changes_between(tmp_path, ("credits: 0.6,", f"credits: {new},"))
    assert change.percent == Decimal(percent)


def test_a_price_that_was_free_has_no_per_cent(tmp_path: Path) -> None:
    book = load_book(
        lite_book(tmp_path, (NEXT, "", next_card()), (CARD, "credits: 2.5", "credits: 0"))
    )
    (change,) = diff_cards(book.cards[0], book.cards[1])
    assert (change.old, change.new, change.percent) == ("0", "2.5", None)


def test_contracts_are_listed_and_compared_by_their_terms(tmp_path: Path) -> None:
    contract = 'contracts:\n  - {id: acme, customers: [acme], discount: "0.10"}\noffers:'
    other = (
        "contracts:\n  - {id: acme, customers: [acme, acme_eu], rates: [flux-dev], "
        "off: [{wallet: usd, amount: 0.01}]}\noffers:"
    )
    changes = changes_between(tmp_path / "added", ("offers:", contract))
    assert [(change.subject, change.kind, change.new) for change in changes] == [
        ("contract acme", "added", "customers acme; discount 0.1")
    ]
    book = load_book(
        lite_book(
            tmp_path / "changed",
            (NEXT, "", next_card().replace("offers:", other)),
            (CARD, "offers:", contract),
        )
    )
    changes = diff_cards(book.cards[0], book.cards[1])
    assert [(change.field, change.kind) for change in changes] == [
        ("customers", "changed"),
        ("discount", "removed"),
        ("rates", "added"),
        ("off the price in usd", "added"),
    ]
    listed = run(book.folder, "lint").stdout
    assert "version 2026-01-01 (draft): 3 rates, 1 contract, 1 offer" in listed


def test_slabs_are_compared_one_by_one(tmp_path: Path) -> None:
    changes = changes_between(
        tmp_path,
        ("credits: 20,", 'slabs: [{from: 100, credits: 20}, {from: 500, share: "0.10"}],'),
        ("currency: USD}\n    grants", "currency: USD, sold_by: amount}\n    grants"),
    )
    assert [(change.field, change.kind, change.new) for change in changes] == [
        ("bonus grant in universal: credits", "removed", None),
        ("sold_by", "added", "amount"),
        ("bonus grant in universal: from 100 credits", "added", "20 credits"),
        ("bonus grant in universal: from 500 credits", "added", "0.1 of the paid credits"),
    ]


def test_lines_are_followed_by_id_and_terms_by_name(tmp_path: Path) -> None:
    changes = changes_between(
        tmp_path,
        ("id: flux-dev", "id: flux-pro"),
        ("kind: bonus, expires: 12 months", "kind: bonus, expires: never"),
        ("    overage: {amount: 3.00, currency: USD, per: 1000000}\n", ""),
        (
            "{amount: 10.00, currency: USD}",
            "{amount: 10.00, currency: USD, every: month, anchor: calendar, prorate: day}"
            "\n    on_change: expire",
        ),
    )
    assert [(change.subject, change.field, change.kind) for change in changes] == [
        ("rate gpt-4o-input", "overage in USD", "removed"),
        ("rate flux-dev", "", "removed"),
        ("offer pack_100", "bonus grant in universal: expires", "changed"),
        ("offer pack_100", "every", "added"),
        ("offer pack_100", "anchor", "added"),
        ("offer pack_100", "prorate", "added"),
        ("offer pack_100", "on_change", "added"),
        ("rate flux-pro", "", "added"),
    ]


def test_steps_and_audiences_are_compared_too(tmp_path: Path) -> None:
    old = "match: {model: flux-dev}\n    price:\n      - {wallet: image_credits, credits: 2.5}"
    new = (
        "match: {model: flux-dev}\n    customers: [acme]\n    tiers: graduated\n    price:\n"
        "      - {wallet: image_credits, steps: [{up_to: 10, credits: 2.5}, {credits: 2}]}"
    )
    changes = changes_between(tmp_path, (old, new))
    assert {(change.field, change.kind) for change in changes} == {
        ("tiers", "added"),
        ("customers", "added"),
        ("price in image_credits", "removed"),
        ("price in image_credits up to 10", "added"),
        ("price in image_credits beyond", "added"),
    }


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ("max: 20, for: 1 month", "at most 20 for 1 month"),
        ("max_share: 0.5, for: forever", "at most 0.5 of what was granted forever"),
        (
            "max: 20, cap_over: lot, for: 2 weeks, when: always, priority: 7",
            "at most 20 of each lot for 2 weeks, also when the plan ends, with priority 7",
        ),
        ("for: 1 day", "all for 1 day"),
    ],
)
def test_rollover_is_told_in_words(tmp_path: Path, terms: str, words: str) -> None:
    rolls = f"kind: bonus, expires: 12 months, rollover: {{{terms}}}"
    (change,) = changes_between(tmp_path, ("kind: bonus, expires: 12 months", rolls))
    assert (change.field, change.kind, change.new) == (
        "bonus grant in universal: rollover",
        "added",
        words,
    )


def test_diff_prints_changes_under_their_rate(tmp_path: Path) -> None:
    card = next_card().replace("credits: 1.7", "credits: 1.5")
    folder = lite_book(tmp_path, (NEXT, "", card))
    assert run(folder, "diff", "2026-01-01", "2026-03-01").stdout == (
        "rate gpt-4o-output\n"
        "  price in token_credits: 1.7 per 1000000 -> 1.5 per 1000000 (-11.76 %)\n"
        "1 change from 2026-01-01 to 2026-03-01.\n"
    )


def test_diff_as_json_keeps_figures_as_text(tmp_path: Path) -> None:
    # A third of a credit has no last digit: 18 significant ones are given.
    card = next_card().replace("credits: 2.5", "credits: 1, per: 3")
    folder = lite_book(tmp_path, (NEXT, "", card))
    (change,) = json.loads(run(folder, "diff", "2026-01-01", "2026-03-01", as_json=True).stdout)
    assert change == {
        "subject": "rate flux-dev",
        "field": "price in image_credits",
        "kind": "changed",
        "old": "2.5",
        "new": "1 per 3",
        "old_per_unit": "2.5",
        "new_per_unit": "0.333333333333333333",
        "change_percent": "-86.67",
    }


def test_an_unknown_version_is_a_wrong_command_line(tmp_path: Path) -> None:
    result = run(lite_book(tmp_path), "diff", "2026-01-01", "2026-01-02")
    assert result.exit_code == 2
    assert 'the book has no version "2026-01-02". Did you mean "2026-01-01"?' in result.stderr


def test_publish_writes_the_digest_once(tmp_path: Path) -> None:
    folder = lite_book(tmp_path)
    first, again = run(folder, "publish", "2026-01-01"), run(folder, "publish", "2026-01-01")
    assert first.stdout.startswith("Published 2026-01-01: cards/2026-01-01.yml, sha256 ")
    assert again.stdout.startswith("2026-01-01 was published already, unchanged: cards/")
    assert (folder / "published.sha256").read_text().count("\n") == 1
    assert "(published)" in run(folder, "lint").stdout
    assert json.loads(run(folder, "publish", "2026-01-01", as_json=True).stdout)["is_new"] is False


def test_every_command_has_help_with_an_example() -> None:
    for name in rates.commands:
        assert "Example:" in CliRunner().invoke(rates, [name, "--help"]).stdout


def test_settings_fill_in_what_was_left_out(tmp_path: Path) -> None:
    settings = Settings(book=tmp_path / "acme")
    assert settings.book_dir == tmp_path / "acme"
    assert settings.data_dir == tmp_path / "acme"
    assert settings.database == Path("acme.duckdb")
    named = Settings(book=tmp_path, data=tmp_path / "data", db=tmp_path / "x.duckdb")
    assert (named.data_dir, named.database) == (tmp_path / "data", tmp_path / "x.duckdb")


def test_a_folder_wins_over_a_bundled_book_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled = tmp_path / "books"
    (bundled / "acme").mkdir(parents=True)
    monkeypatch.setattr("rate_cards.settings.BUNDLED_BOOKS", bundled)
    monkeypatch.chdir(tmp_path)
    assert Settings(book=Path("acme")).book_dir == bundled / "acme"
    (tmp_path / "acme").mkdir()
    assert Settings(book=Path("acme")).book_dir == Path("acme")
    assert BUNDLED_BOOKS.name == "books"


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_schemas_for_editors_are_current(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == schema_text(SCHEMAS[name]), "run: python -m rate_cards.json_schema"


CHECKED: list[tuple[str, str, Edit | None]] = [
    ("book.schema.json", "book.yml", None),
    ("card.schema.json", CARD, None),
    ("card.schema.json", CARD, (CARD, "kind: bonus", "kind: bonusses")),
    ("book.schema.json", "book.yml", ("book.yml", "late_usage:", "late_usages:")),
    ("book.schema.json", "book.yml", ("book.yml", '"2400"', "2400")),
]


@pytest.mark.parametrize(("schema", "file", "edit"), CHECKED)
def test_editors_accept_the_shared_book_and_mark_its_typos(
    tmp_path: Path, schema: str, file: str, edit: Edit | None
) -> None:
    folder = lite_book(tmp_path, *([edit] if edit else []))
    command = [Path(sys.executable).parent / "check-jsonschema", "--schemafile", FOLDER / schema]
    done = subprocess.run([*command, folder / file], capture_output=True, check=False)
    assert done.returncode == (1 if edit else 0), done.stdout.decode()


def test_every_published_card_of_the_repository_is_unchanged() -> None:
    for register in LITE.parents[4].glob("rate_cards/books/*/published.sha256"):
        load_book(register.parent)
