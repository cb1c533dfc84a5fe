"""Loading: repeating, reordering and cutting up change nothing, and nothing is half done."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import ingestion.landing
from rate_cards.problems import InputError
from tests.ingestion_company import FILE_COUNTS, USAGE_CONTENT, Company, event

EVENTS = [event(f"ev_{n}", quantity=str(n), customer=f"cus_{n % 3}") for n in range(1, 10)]


def test_usage_arrives_as_written(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage(
        "usage.csv", event("ev_1", quantity="0.123456789", at="2026-01-06T23:30:00-02:00")
    )
    company.load()
    # 23:30 two hours west of Greenwich is 01:30 of the next day, UTC.
    [row] = company.rows(USAGE_CONTENT)
    assert row == (
        "ev_1",
        datetime(2026, 1, 7, 1, 30),  # noqa: DTZ001
        None,
        "acme",
        "images",
        '{"model":"flux-dev"}',
        Decimal("0.123456789"),
        None,
        None,
        None,
    )


def test_loading_twice_loads_nothing_more(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv", *EVENTS)
    first = company.load()
    content, counts = company.rows(USAGE_CONTENT), company.rows(FILE_COUNTS)
    second = company.load()
    assert [file.is_new for file in (*first.files, *second.files)] == [True, False]
    assert company.rows(USAGE_CONTENT) == content
    assert company.rows(FILE_COUNTS) == counts == [("usage.csv", 9, 9, 0, 0, 0)]


def test_a_renamed_copy_of_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    company = Company(tmp_path)
    path = company.usage("usage.csv", *EVENTS)
    company.load()
    path.rename(company.data / "usage-again.csv")
    [file] = company.load().files
    assert not file.is_new
    assert len(company.rows(FILE_COUNTS)) == 1


def test_the_same_content_twice_in_one_load_is_read_once(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage-a.csv", *EVENTS)
    company.usage("usage-b.csv", *EVENTS)
    assert [file.is_new for file in company.load().files] == [True, False]


@given(
    pieces=st.lists(st.integers(0, 3), min_size=9, max_size=9),
    seed=st.integers(0, 1000),
    at_once=st.booleans(),
)
@hypothesis_settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order_and_any_number_of_pieces_give_the_same_books(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[int], seed: int, at_once: bool
) -> None:
    whole = Company(tmp_path_factory.mktemp("whole"))
    whole.usage("usage.csv", *EVENTS)
    whole.load()
    cut = Company(tmp_path_factory.mktemp("cut"))
    shuffled = random.Random(seed).sample(list(zip(pieces, EVENTS, strict=True)), k=len(EVENTS))
    for piece in sorted(set(pieces), reverse=seed % 2 == 0):
        cut.usage(f"usage-{piece}.csv", *(row for at, row in shuffled if at == piece))
        if not at_once:
            cut.load()
    cut.load()
    assert cut.rows(USAGE_CONTENT) == whole.rows(USAGE_CONTENT)


def test_a_row_repeated_within_a_file_is_a_duplicate(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv", EVENTS[0], EVENTS[1], EVENTS[0], EVENTS[0])
    [file] = company.load().files
    assert (file.rows, file.loaded, file.duplicates) == (4, 2, 2)


def test_a_row_repeated_in_a_later_load_is_a_duplicate_however_it_is_spelled(
    tmp_path: Path,
) -> None:
    company = Company(tmp_path)
    two = '"{""direction"": ""input"", ""model"": ""gpt-4o""}"'
    turned = '"{""model"":""gpt-4o"",""direction"":""input"",""region"":null}"'
    company.usage("usage-1.csv", event("ev_1", meter="llm_tokens", properties=two))
    company.load()
    # The same instant, number and properties, in other words.
    row = event("ev_1", "4.0", "2026-01-06T12:30:00.000+02:00", "acme", "llm_tokens", turned)
    company.usage("usage-2.csv", row)
    company.load()
    assert company.rows(FILE_COUNTS) == [
        ("usage-1.csv", 1, 1, 0, 0, 0),
        ("usage-2.csv", 1, 0, 1, 0, 0),
    ]


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        (event("ev_1", quantity="4.000000001"), "4.000000001"),
        (event("ev_1", at="2026-01-06T10:30:00.000001Z"), "2026-01-06 10:30:00.000001"),
        (event("ev_1", customer="globex"), "globex"),
        (event("ev_1", properties="{}"), "{}"),
    ],
)
def test_other_content_under_the_same_id_is_a_conflict_that_shows_both_rows(
    tmp_path: Path, changed: str, shown: str
) -> None:
    company = Company(tmp_path)
    company.usage("usage-1.csv", event("ev_1"))
    company.load()
    company.usage("usage-2.csv", changed)
    with pytest.raises(InputError) as refused:
        company.load()
    [problem] = refused.value.problems
    assert problem.message == "event_id came before with other content in 1 of 1 rows"
    first, second = problem.excerpt.splitlines()[1:]
    assert first.split()[:2] == ["usage-1.csv", "1"]
    assert second.split()[:2] == ["usage-2.csv", "1"]
    assert second.endswith(shown)
    assert len(company.rows(USAGE_CONTENT)) == 1


def test_a_conflict_set_aside_says_what_differs_from_which_row(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv", event("ev_1"), event("ev_2"), event("ev_1", quantity="5"))
    [file] = company.load(quarantine=True).files
    assert (file.loaded, file.duplicates, file.rejected) == (2, 0, 1)
    [(row_no, problem)] = company.rows("select row_no, problem from raw.rejected_rows")
    assert row_no == 3
    assert problem == (
        "event_id came before with other content: see usage.csv row 1: "
        "quantity 4.000000000 there and 5.000000000 here"
    )


SUBSCRIPTIONS = '{feed: subscriptions, format: csv, path: "subscriptions*.csv", optional: true}'
RUNNING = "sub_1,acme,pack_100,2026-01-01T00:00:00Z,,"
ENDED = "sub_1,acme,pack_100,2026-01-01T00:00:00Z,2026-03-01T00:00:00Z,"
CAME_BEFORE = "subscription_id came before with other content in 1 of 1 rows"


def subscription(company: Company, name: str, *rows: str) -> None:
    header = "subscription_id,customer_id,offer,started_at,ended_at,received_at"
    company.file(f"subscriptions-{name}.csv", header, *rows)


@pytest.mark.parametrize("rows", [(RUNNING, ENDED), (ENDED, RUNNING)])
def test_an_end_that_was_open_is_filled_in_later_whichever_row_comes_first(
    tmp_path: Path, rows: tuple[str, str]
) -> None:
    company = Company(tmp_path, SUBSCRIPTIONS)
    subscription(company, "1", rows[0])
    company.load()
    subscription(company, "2", rows[1])
    company.load()
    subscription(company, "3", *rows)
    company.load()
    assert company.rows(FILE_COUNTS) == [
        ("subscriptions-1.csv", 1, 1, 0, 0, 0),
        ("subscriptions-2.csv", 1, 1, 0, 0, 0),
        ("subscriptions-3.csv", 2, 0, 2, 0, 0),
    ]
    ends = company.rows("select ended_at from raw.subscriptions order by ended_at nulls first")
    assert ends == [(None,), (datetime(2026, 3, 1),)]  # noqa: DTZ001 -- stored in UTC, no zone


@pytest.mark.parametrize(
    "contradiction",
    [
        ENDED.replace("2026-03-01", "2026-03-02"),
        RUNNING.replace("pack_100", "pack_250"),
        ENDED.replace("acme", "zeta"),
        # The same end, learned of at two times.
        f"{ENDED}2026-03-05T00:00:00Z",
    ],
)
def test_what_a_filled_end_contradicts_is_refused(tmp_path: Path, contradiction: str) -> None:
    company = Company(tmp_path, SUBSCRIPTIONS)
    card = company.folder / "book/cards/2026-01-01.yml"
    card.write_text(card.read_text(encoding="utf-8") + OTHER_PACK, encoding="utf-8")
    subscription(company, "1", RUNNING, ENDED)
    company.load()
    subscription(company, "2", contradiction)
    assert company.messages() == [CAME_BEFORE]


OTHER_PACK = """  - id: pack_250
    price: {amount: 20.00, currency: USD}
    grants:
      - {wallet: universal, credits: 250, kind: paid, expires: never}
"""


@pytest.mark.parametrize("rows_of_one_file", [True, False])
def test_an_end_is_not_taken_back_by_a_row_received_after_it(
    tmp_path: Path, rows_of_one_file: bool
) -> None:
    ended, running = f"{ENDED}2026-03-05T00:00:00Z", f"{RUNNING}2026-03-05T00:00:01Z"
    company = Company(tmp_path, SUBSCRIPTIONS)
    if rows_of_one_file:
        subscription(company, "1", ended, running)
        assert company.messages() == [CAME_BEFORE.replace("1 rows", "2 rows")]
        return
    subscription(company, "1", running)
    company.load()
    subscription(company, "2", ended)
    assert company.messages() == [CAME_BEFORE]


def test_a_conflict_with_a_conflict_is_set_aside_with_it(tmp_path: Path) -> None:
    # Row 2 contradicts row 1, row 3 only row 2, rows 4 and 5 repeat rows 2 and 1.
    other = ENDED.replace("pack_100", "pack_250")
    third = ENDED.replace("2026-03-01", "2026-03-02")
    company = Company(tmp_path, SUBSCRIPTIONS)
    card = company.folder / "book/cards/2026-01-01.yml"
    card.write_text(card.read_text(encoding="utf-8") + OTHER_PACK, encoding="utf-8")
    subscription(company, "1", RUNNING, other, third, other, RUNNING)
    [file] = company.load(quarantine=True).files
    assert (file.rows, file.loaded, file.duplicates, file.rejected) == (5, 1, 1, 3)
    company.load(quarantine=True)
    assert company.rows(FILE_COUNTS) == [("subscriptions-1.csv", 5, 1, 1, 3, 0)]


def test_what_is_learned_of_customers_and_members_is_filled_in_but_never_a_parent(
    tmp_path: Path,
) -> None:
    company = Company(
        tmp_path,
        '{feed: customers, format: csv, path: "customers*.csv", optional: true}',
        '{feed: members, format: csv, path: "members*.csv", optional: true}',
    )
    company.file(
        "customers-1.csv", "customer_id,name,joined_at", "acme,,", "acme,Acme,", "zeta,Zeta,"
    )
    company.file(
        "members-1.csv", "customer_id,user_id,team_id,from,to", "acme,u_1,ml,2026-01-01T00:00:00Z,"
    )
    company.load()
    company.file("customers-2.csv", "customer_id,joined_at", "acme,2026-01-01T00:00:00Z")
    company.file(
        "members-2.csv",
        "customer_id,user_id,team_id,from,to",
        "acme,u_1,ml,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z",
    )
    company.load()
    assert company.rows("select count(*) from raw.customers") == [(4,)]
    assert company.rows("select count(*) from raw.members") == [(2,)]
    company.file("customers-3.csv", "customer_id,name,parent_customer_id", "zeta,Zeta,acme")
    assert company.messages() == ["customer_id came before with other content in 1 of 1 rows"]


def test_quarantine_keeps_bad_rows_as_they_came_and_loads_the_rest(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv", event("ev_1"), event("ev_2", quantity="-4", at="2026-01-06"))
    [file] = company.load(quarantine=True).files
    assert (file.rows, file.loaded, file.rejected) == (2, 1, 1)
    [(problem, row_json)] = company.rows("select problem, row_json from raw.rejected_rows")
    assert problem == "occurred_at has no time zone: 2026-01-06; quantity is negative"
    assert '"quantity":"-4"' in row_json
    assert '"occurred_at":"2026-01-06"' in row_json


def test_rows_set_aside_load_once_the_book_knows_their_meter(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv", event("ev_1"), event("ev_2", meter="video", properties="{}"))
    company.load(quarantine=True)
    assert company.rows(FILE_COUNTS) == [("usage.csv", 2, 1, 0, 1, 0)]
    company.edit_book("meters:\n", "meters:\n  video: {unit: second}\n")
    company.load()
    assert company.rows(FILE_COUNTS) == [("usage.csv", 2, 1, 0, 1, 0)]
    company.load(quarantine=True)
    assert company.rows(FILE_COUNTS) == [("usage.csv", 2, 2, 0, 0, 0)]
    assert company.rows("select count(*) from raw.rejected_rows") == [(0,)]
    assert [row[0] for row in company.rows(USAGE_CONTENT)] == ["ev_1", "ev_2"]


def test_trying_set_aside_rows_again_in_vain_changes_nothing(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage(
        "usage.csv", event("ev_1"), event("ev_1"), event("ev_1", quantity="5"), event("", "5")
    )
    company.load(quarantine=True)
    counts = company.rows(FILE_COUNTS)
    rejected = company.rows("from raw.rejected_rows order by row_no")
    company.load(quarantine=True)
    assert company.rows(FILE_COUNTS) == counts == [("usage.csv", 4, 1, 1, 2, 0)]
    assert company.rows("from raw.rejected_rows order by row_no") == rejected


def test_rows_of_a_file_are_loaded_duplicate_rejected_or_excluded(tmp_path: Path) -> None:
    company = Company(
        tmp_path,
        "{feed: usage, format: csv, path: usage.csv, where: \"quantity <> '0'\", columns: {"
        "event_id: event_id, occurred_at: occurred_at, customer_id: customer_id, meter: meter, "
        "quantity: quantity, properties: properties}}",
    )
    company.usage(
        "usage.csv",
        event("ev_1"),
        event("ev_1"),
        event("ev_2", quantity="0"),
        event("ev_3", quantity="-1"),
        event("ev_4"),
    )
    company.load(quarantine=True)
    assert company.rows(FILE_COUNTS) == [("usage.csv", 5, 2, 1, 1, 1)]


def test_the_control_total_is_the_sum_of_the_loaded_rows_to_the_last_digit(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage(
        "usage.csv",
        event("ev_1", quantity="9999999999999999999.999999999"),
        event("ev_2", quantity="0.000000001"),
        event("ev_2", quantity="0.000000001"),
    )
    [file] = company.load().files
    # 9,999,999,999,999,999,999.999999999 + 0.000000001 = 10^19; the repeated row does not count.
    assert (file.control_total_name, file.control_total) == ("quantity", Decimal(10) ** 19)


@pytest.mark.parametrize("failing", ["replace_table", "_insert", "record_files"])
def test_a_load_that_dies_while_writing_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    company = Company(tmp_path)
    company.usage("usage-1.csv", EVENTS[0])
    company.load()
    before = [company.rows(query) for query in (USAGE_CONTENT, FILE_COUNTS, "from raw.book")]
    company.usage("usage-2.csv", EVENTS[1])
    company.edit_book("Northwind AI, Inc.", "Northwind AI Ltd.")
    original = getattr(ingestion.landing, failing)

    def work_then_die(*arguments: object) -> None:
        original(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ingestion.landing, failing, work_then_die)
        with pytest.raises(KeyboardInterrupt):
            company.load()
    after = [company.rows(query) for query in (USAGE_CONTENT, FILE_COUNTS, "from raw.book")]
    assert after == before
    company.load()
    assert len(company.rows(USAGE_CONTENT)) == 2


def test_a_first_load_that_fails_leaves_no_database_behind(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv", event("ev_1", quantity="-1"))
    assert company.messages() == ["quantity is negative in 1 of 1 rows"]
    assert not company.db.exists()


def test_one_bad_file_refuses_the_good_ones_too(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage-1.csv", EVENTS[0])
    company.load()
    company.usage("usage-2.csv", EVENTS[1])
    company.usage("usage-3.csv", event("ev_9", quantity="x"))
    assert company.messages() == ["quantity is not a plain decimal number in 1 of 1 rows"]
    assert company.rows("select count(*) from raw.usage") == [(1,)]


def test_usage_lies_in_customer_and_time_order_with_dense_numbers(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage(
        "usage.csv",
        event("ev_1", customer="b", at="2026-01-02T00:00:00Z"),
        event("ev_2", customer="a", at="2026-01-03T00:00:00Z"),
        event("ev_4", customer="b", at="2026-01-01T00:00:00Z"),
        event("ev_3", customer="b", at="2026-01-01T00:00:00Z"),
    )
    company.load()
    company.usage("usage-2.csv", event("ev_5", customer="aa"))
    company.load()
    assert company.rows("select event_no, event_id from raw.usage order by rowid") == [
        (1, "ev_2"),
        (2, "ev_3"),
        (3, "ev_4"),
        (4, "ev_1"),
        (5, "ev_5"),
    ]
    # Later customers get later numbers, whatever their ids: numbers never change.
    assert company.rows("from raw.usage_customers order by customer_no") == [
        (1, "a"),
        (2, "b"),
        (3, "aa"),
    ]


def test_simultaneous_events_of_a_customer_are_numbered_by_id_whatever_came_first(
    tmp_path: Path,
) -> None:
    company = Company(tmp_path)
    for name, ids in {"usage-1.csv": ["ev_d", "ev_b"], "usage-2.csv": ["ev_c", "ev_a"]}.items():
        company.usage(name, *(event(event_id, customer="a") for event_id in ids))
        company.load()
    assert company.rows("select event_no, event_id from raw.usage order by event_no") == [
        (1, "ev_a"),
        (2, "ev_b"),
        (3, "ev_c"),
        (4, "ev_d"),
    ]


def test_properties_are_kept_once_per_combination_and_spread_for_matching(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv", event("ev_1"), event("ev_2"), event("ev_3", properties=""))
    company.load()
    assert company.rows("from raw.property_sets order by property_set_no") == [
        (1, "images", '{"model":"flux-dev"}'),
        (2, "images", "{}"),
    ]
    assert company.rows("from raw.property_values") == [(1, "model", "flux-dev")]


def test_one_database_holds_one_book(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv", EVENTS[0])
    company.load()
    company.edit_book("book: northwind-lite", "book: southwind")
    assert company.messages() == ["the database holds the book northwind-lite, not southwind"]


def test_configuration_is_replaced_whole_at_each_load(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage.csv", EVENTS[0])
    company.load()
    company.edit_book("Northwind AI, Inc.", "Northwind AI Ltd.")
    company.load()
    assert company.rows("select entity from raw.book") == [("Northwind AI Ltd.",)]


def test_files_that_cannot_be_read_and_bad_rows_are_shown_together(tmp_path: Path) -> None:
    company = Company(tmp_path, '{feed: usage, format: csv, path: "usage*.csv"}')
    company.file("usage-1.csv")
    company.file("usage-2.csv", "event_id,event_id")
    company.usage("usage-3.csv", event("ev_1", quantity="-1"))
    assert company.messages() == [
        "the file is empty",
        'column "event_id" stands twice in the header: at 1 and 2',
        "quantity is negative in 1 of 1 rows",
    ]


KILLED = """
import os, sys
from pathlib import Path
import ingestion.landing
from rate_cards.settings import Settings

ingestion.landing.record_files = lambda *arguments: os._exit(9)
folder = Path(sys.argv[1])
ingestion.landing.load(Settings(folder / "book", folder / "data", folder / "company.duckdb"))
"""


def test_a_process_killed_before_the_end_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.usage("usage-1.csv", EVENTS[0])
    company.load()
    before = company.rows(USAGE_CONTENT), company.rows(FILE_COUNTS)
    company.usage("usage-2.csv", EVENTS[1])
    died = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert died.returncode == 9
    assert (company.rows(USAGE_CONTENT), company.rows(FILE_COUNTS)) == before
    company.load()
    assert len(company.rows(USAGE_CONTENT)) == 2
