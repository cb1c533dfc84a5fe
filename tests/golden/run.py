"""One run: all cases of some files told into one book, built by the real commands, compared."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rate_cards.load import load_book
from rate_cards.problems import InputError
from tests import other_programs
from tests.golden.cases import Case
from tests.golden.clock import MOMENT, Unreadable, written
from tests.golden.compare import Difference, differences
from tests.golden.facts import Facts, name_of
from tests.golden.files import write, write_book
from tests.golden.readers.registry import tell
from tests.golden.review import Reviews
from tests.golden.snapshot import Snapshot
from tests.golden.told import Books, Told

COMMAND = Path(sys.executable).with_name("creditbooks")

NOT_CARRIED_OUT = {
    "assert_no_term_is_ignored": "select distinct subject, term from failures.{table}",
    "assert_no_payment_is_left_unposted": """
        select payment_id, 'payment facts of kind ' || kind from failures.{table}
    """,
    "assert_no_lot_event_is_left_out": """
        select lot_event_id, 'lot events of kind ' || kind from failures.{table}
    """,
}
"""Check -> the facts and terms it found that the models do not carry out yet."""


class CommandFailed(RuntimeError):
    """A command of ours did not do what it had to."""


@dataclass(frozen=True)
class Line:
    """The outcome of one case.

    Attributes:
        word: pass, policy, outside, refuted, shrink (listed, yet it holds), needs, differs, unread
            or check.
        case_id: The case.
        text: What there is to say about it.
        needs: Features it waits for.
    """

    word: str
    case_id: str
    text: str
    needs: tuple[str, ...] = ()

    @property
    def is_fine(self) -> bool:
        """Whether nothing is left to do about it."""
        return self.word in ("pass", "policy", "outside", "refuted")

    def __str__(self) -> str:
        return f"{self.word:<8}{self.case_id}  {self.text}".rstrip()


def run_cases(
    cases: Sequence[Case], reviews: Reviews, folder: Path, say: Callable[[str], None]
) -> list[Line]:
    """Tell, load, build, check and compare.

    Args:
        cases: Every case, of any number of files.
        reviews: The reviewed list.
        folder: An empty folder to work in.
        say: Progress, line by line.

    Raises:
        CommandFailed: load, build or check failed on facts that the cases did not mean to be wrong.
    """
    volumes: list[Volume] = []
    unread: dict[str, str] = {}
    for n, case in enumerate(cases):
        alone = Facts()
        try:
            tell(case, alone.desk(case.id))
            _accept(alone, folder / "alone" / str(n))
        except Unreadable as problem:
            unread[case.id] = str(problem)
        else:
            _tell_where_it_fits(case, alone, volumes)
    told = sum(len(volume.told) for volume in volumes)
    say(f"{len(cases)} cases, {told} of them told to {len(volumes)} books")
    found: dict[str, Line] = {}
    failed: list[Line] = []
    for n, volume in enumerate(volumes, start=1):
        own = folder / f"book-{n}"
        own.mkdir()
        write(volume.facts, own / "book", own / "data")
        books = _build(volume.facts, list(volume.told.values()), own, say)
        failed += [Line("check", own.name, problem) for problem in books.failed_checks]
        for case in cases:
            if case.id in volume.told:
                found[case.id] = _line(case, volume.told[case.id], books, reviews)
    lines = [found.get(case.id) or _unread_line(case, unread[case.id], reviews) for case in cases]
    return [*lines, *failed]


@dataclass
class Volume:
    """The cases that share a book: those that agree on what holds for a whole book."""

    facts: Facts
    told: dict[str, Told]


def _tell_where_it_fits(case: Case, alone: Facts, volumes: list[Volume]) -> None:
    """Tell a case to the first book of its terms that has room, or else to a new one."""
    fitting = (
        volume
        for volume in volumes
        if volume.facts.terms == alone.terms and volume.facts.has_room_for(alone)
    )
    volume = next(fitting, None)
    if volume is None:
        volume = Volume(Facts(), {})
        volumes.append(volume)
    volume.told[case.id] = tell(case, volume.facts.desk(case.id))


def _accept(facts: Facts, folder: Path) -> None:
    """Load the configuration of one case by itself, so that no case can spoil the book of all.

    Raises:
        Unreadable: Our configuration does not take it.
    """
    write_book(facts, folder)
    try:
        load_book(folder)
    except InputError as error:
        raise Unreadable(f"our configuration refuses it: {error.problems[0].message}") from error


def _unread_line(case: Case, problem: str, reviews: Reviews) -> Line:
    review = reviews.of(case)
    if review is not None and not review.fields:
        return Line(review.word, case.id, review.reason)
    return Line("unread", case.id, problem)


def _line(case: Case, told: Told, books: Books, reviews: Reviews) -> Line:
    review = reviews.of(case)
    try:
        answers = told.answers(books)
    except (LookupError, TypeError, ValueError, ArithmeticError) as gap:
        return Line("differs", case.id, f"the books have no answer: {gap!r}")
    found = list(differences(case.expected, answers))
    found += list(differences(case.derived, answers.get("derived", {}), "derived"))
    left = [difference for difference in found if review is None or not review.covers(difference)]
    if left:
        needs = (*told.needs, *books.ignored_terms(name_of(case.id)))
        wanting = f"needs: {', '.join(needs)}; " if needs else ""
        return Line("needs" if needs else "differs", case.id, wanting + _joined(left), needs)
    if review is None or (review.of_kind and not found):
        return Line("pass", case.id, case.words)
    if not found:
        return Line("shrink", case.id, "holds, and is still in reviewed.yml: take it out")
    if repeated := review.reproduced(found):
        return Line("differs", case.id, f"repeats what its source contradicts: {repeated}")
    return Line(review.word, case.id, f"{review.reason} Here: {_joined(found)}")


def _joined(found: Sequence[Difference]) -> str:
    return "; ".join(str(difference) for difference in found)


def _build(facts: Facts, told: Sequence[Told], folder: Path, say: Callable[[str], None]) -> Books:
    """Every build that some case asks for, by the real commands."""
    database, as_of = folder / "golden.duckdb", written(facts.as_of)
    _load(folder / "data", folder, database, say)
    cuts: dict[datetime, Snapshot] = {}
    for cut in sorted({cut for case in told for cut in case.cuts}):
        _command(folder, database, say, "build", "--as-of", written(cut + MOMENT))
        cuts[cut] = Snapshot(database)
    _command(folder, database, say, "build", "--as-of", as_of)
    books = Books(Snapshot(database), cuts, rejected=_rejected(database))
    books.failed_checks = _check(folder, database, say)
    books.failed_checks += _other_programs(folder, database, say)
    books.ignored = _ignored(database)
    if any(case.repeats for case in told):
        books.again = _in_pieces(folder, as_of, say)
    return books


def _in_pieces(folder: Path, as_of: str, say: Callable[[str], None]) -> Snapshot:
    """The same facts loaded in two pieces and built after each, so that the last build repeats."""
    data, database = folder / "pieces", folder / "pieces.duckdb"
    data.mkdir()
    for piece in (1, 2):
        for path in sorted((folder / "data").glob(f"*.{piece}.csv")):
            shutil.copy(path, data)
        _load(data, folder, database, say)
        _command(folder, database, say, "build", "--as-of", as_of)
    return Snapshot(database)


def _load(data: Path, folder: Path, database: Path, say: Callable[[str], None]) -> None:
    _command(folder, database, say, "load", "--quarantine", "--data", str(data))


def _command(folder: Path, database: Path, say: Callable[[str], None], *words: str) -> None:
    """Run one verb, which must succeed."""
    done = _run(folder, database, say, *words)
    if done.returncode:
        raise CommandFailed(f"creditbooks {words[0]} ended with {done.returncode}\n{done.stderr}")


def _check(folder: Path, database: Path, say: Callable[[str], None]) -> list[str]:
    """The checks that do not hold; the cases are compared all the same."""
    done = _run(folder, database, say, "check")
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    if done.returncode and not failed:
        raise CommandFailed(f"creditbooks check ended with {done.returncode}\n{done.stderr}")
    return failed


def _other_programs(folder: Path, database: Path, say: Callable[[str], None]) -> list[str]:
    """What hledger and beancount have against the journals of the book."""
    found = []
    for form in other_programs.FORMATS:
        if other_programs.is_missing(form):
            say(f"{form} is not installed, so it is not asked: .ci/tools installs it")
            continue
        say(f"creditbooks export journals --format {form}")
        path = folder / f"journals.{form}"
        # It exits with 1 while checks of the book fail, and writes the journals all the same.
        other_programs.export(database, form, path)
        if refused := other_programs.refusal(form, path):
            found.append(f"FAIL  {form} refuses the journals: {refused.splitlines()[0]}")
        elif other_programs.computed(form, path) != other_programs.balances(database):
            found.append(f"FAIL  {form} finds other balances than the trial balance")
    return found


def _run(
    folder: Path, database: Path, say: Callable[[str], None], *words: str
) -> subprocess.CompletedProcess[str]:
    """One verb of `creditbooks`, as a process of its own."""
    say(f"creditbooks {words[0]}")
    common = ["--book", str(folder / "book"), "--db", str(database)]
    return subprocess.run(
        [str(COMMAND), *words, *common], capture_output=True, text=True, check=False
    )


def _rejected(database: Path) -> list[str]:
    """Every row that `load` refused, with its problem."""
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute("select problem, row_json from raw.rejected_rows").fetchall()
    return [json.dumps(problem) + row for problem, row in rows]


def _ignored(database: Path) -> list[tuple[str, str]]:
    """(what, term) of each configured term or fact that `check` found not carried out."""
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        kept = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'failures'"
        ).fetchall()
        return [
            row
            for (table,) in sorted(kept)
            if table in NOT_CARRIED_OUT
            for row in connection.execute(NOT_CARRIED_OUT[table].format(table=table)).fetchall()
        ]
