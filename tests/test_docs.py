"""What README and docs show is what the commands print, on the demo book."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from lite_book import CARD, lite_book

from rate_cards.load import load_book
from tests.docs_output import BLOCK, PAGES, ROOT, refreshed, shell_in, without_digests

SHOWING = [page for page in PAGES if BLOCK.search(page.read_text("utf-8"))]


@pytest.fixture(scope="module")
def demo_shell(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """A shell in a folder where the demo has been run."""
    run = shell_in(tmp_path_factory.mktemp("demo"))
    shown = run("creditbooks demo")
    assert "checks hold." in shown, shown
    return run


@pytest.mark.slow
@pytest.mark.parametrize("page", SHOWING, ids=[page.name for page in SHOWING])
def test_page_shows_what_its_commands_print(page: Path, demo_shell: Callable[[str], str]) -> None:
    text = page.read_text("utf-8")
    current = without_digests(refreshed(text, demo_shell))
    assert without_digests(text) == current, "Write it again: python -m tests.docs_output"


@pytest.mark.slow
def test_first_command_of_the_readme_ends_with_books_that_hold() -> None:
    done = subprocess.run(["make", "demo"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "checks hold." in done.stdout
    assert (ROOT / "out" / "demo" / "rollforward.html").is_file()


def test_every_make_target_that_pages_name_is_there() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True).stdout
    named = {
        target
        for page in PAGES
        for target in re.findall(r"(?:^|`)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE)
    }
    assert {"demo", "test"} <= named
    assert named <= set(re.findall(r"^  make ([a-z]+) ", listed, re.MULTILINE))


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert not broken


def test_every_page_of_docs_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    pages = [page.name for page in PAGES if page.parent.name == "docs" and page.stem != "README"]
    assert [page for page in pages if f"({page})" not in index] == []


def test_terms_shown_on_the_page_for_pricing_are_taken(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "rate-cards.md").read_text("utf-8")
    sold, discounts, rolled_over, limits = re.findall(
        r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    )
    offers, contracts = _offers_and_contracts(tmp_path / "sold", sold + discounts)
    assert offers == ["top_up", "pro", "pro_year"]
    assert contracts == ["acme-2026", "edu"]
    assert _offers_and_contracts(tmp_path / "rolled_over", rolled_over) == (["pro"], [])
    guarded = load_book(lite_book(tmp_path, ("limits.yml", "", limits)))
    assert [limit.scope for limit in guarded.limits] == ["each_user", "team", "organisation"]


def _offers_and_contracts(folder: Path, terms: str) -> tuple[list[str], list[str]]:
    """Load the small book with these terms in place of its card's offers: ids of both."""
    folder.mkdir()
    book = lite_book(folder)
    card = book / CARD
    before, offers, _ = card.read_text("utf-8").partition("offers:\n")
    assert offers
    card.write_text(before + terms, "utf-8")
    [loaded] = load_book(book).cards
    return [offer.id for offer in loaded.offers], [contract.id for contract in loaded.contracts]
