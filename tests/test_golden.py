"""Cases with figures nobody here wrote: the runner itself, and what it says of the files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.golden.__main__ import FILES, SHARED, main, total, waiting
from tests.golden.cases import Case, NotCases, read_cases
from tests.golden.clock import NOW, Unreadable, instant, moved, shifted, span, written
from tests.golden.compare import ByPlace, Difference, Holds, Printed, Unordered, differences
from tests.golden.facts import Decision, Facts
from tests.golden.files import write_book
from tests.golden.readers.periods import Periods, day
from tests.golden.readers.registry import tell
from tests.golden.review import BadReview, Review, read_reviews
from tests.golden.run import Line, run_cases
from tests.other_programs import FORMATS, need

needs_the_files = pytest.mark.skipif(
    not all((SHARED / name).is_file() for name in FILES),
    reason="../shared/golden is not beside the repository: the cases are read in place",
)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [case for name in FILES for case in read_cases(SHARED / name)]


@pytest.fixture(scope="module")
def lines(cases: list[Case], tmp_path_factory: pytest.TempPathFactory) -> list[Line]:
    folder = tmp_path_factory.mktemp("golden")
    return run_cases(cases, read_reviews(), folder, lambda line: None)


def named(lines: Sequence[Line], *words: str) -> list[str]:
    return [str(line) for line in lines if line.word in words]


@needs_the_files
@pytest.mark.slow
def test_every_case_that_can_be_fed_comes_out_or_is_reviewed(lines: list[Line]) -> None:
    assert named(lines, "differs", "unread", "shrink") == []


@needs_the_files
@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_other_programs_accept_the_journals_of_all_cases_and_find_their_balances(
    form: str, lines: list[Line]
) -> None:
    need(form)
    assert [line for line in named(lines, "check") if f"FAIL  {form}" in line] == []


@needs_the_files
@pytest.mark.slow
@pytest.mark.xfail(reason="cases wait for terms that the models do not carry out yet")
def test_no_case_waits_for_a_feature_and_every_check_holds(lines: list[Line]) -> None:
    assert named(lines, "needs", "check") == []


@needs_the_files
def test_what_is_fed_does_not_depend_on_what_is_expected(cases: list[Case]) -> None:
    for case in cases:
        told = facts_of(case)
        assert told == facts_of(replace(case, expected=changed(case.expected), derived={})), case.id


def facts_of(case: Case) -> Facts | str:
    facts = Facts()
    try:
        tell(case, facts.desk(case.id))
    except Unreadable as problem:
        return str(problem)
    return facts


QUESTIONS = {"at", "from", "to", "i", "window", "split_at", "tolerance"}


def changed(value: Any, key: str = "") -> Any:
    """Expected figures turned into others; where to look for them stays."""
    if isinstance(value, dict):
        return {name: changed(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [changed(part) for part in value]
    return value if key in QUESTIONS else "another figure"


@needs_the_files
@pytest.mark.slow
def test_a_contradiction_in_a_source_is_told_from_its_other_figures(
    cases: list[Case], lines: list[Line]
) -> None:
    """Every entry that its file marks as contradicting itself comes out, or waits; none differs."""
    marked = [
        entry["id"]
        for name in FILES
        if name.endswith(".yml")
        for entry in yaml.safe_load((SHARED / name).read_text(encoding="utf-8"))
        if "doc_bug" in entry
    ]
    words = {line.case_id: line.word for line in lines}
    assert {words[case_id] for case_id in marked} <= {"pass", "refuted", "needs"}
    assert "refuted" in {words[case_id] for case_id in marked}


@needs_the_files
def test_every_reviewed_case_is_a_case(cases: list[Case]) -> None:
    assert set(read_reviews().cases) <= {case.id for case in cases}


def openmeter_case(case_id: str, expected: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """100 credits from 1 January, 30 used on the 2nd, asked on the 3rd: 70 are left."""
    given = {
        "grants": [{"id": "g", "amount": 100, "effective_at": "2025-01-01T00:00:00Z"}],
        "opening": {"at": "2025-01-01T00:00:00Z", "balances": {"g": 100}},
        "usage": [{"ts": "2025-01-02T00:00:00Z", "qty": 30}],
        "resets": [],
        "query": {"until": "2025-01-03T00:00:00Z"},
    }
    return {
        "id": case_id,
        "engine": "openmeter",
        "level": "engine",
        "input": given | changes,
        "expected": expected,
    }


@pytest.mark.slow
def test_a_file_nobody_reviewed_runs_and_fails_where_a_case_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "further.json"
    content = [
        openmeter_case("holds", {"balances": {"g": 70}, "usage_in_period": 30}),
        openmeter_case("is wrong", {"balances": {"g": 71}}),
        openmeter_case("asks for more", {"forecast": 1}),
        openmeter_case("says too little", {}, query={}),
        wallet_case("earns", revenue="30", cash="100"),
        wallet_case("earns more", revenue="31", cash="100"),
        wallet_case("is paid less, and something else moves", revenue="30", cash=None),
        {**wallet_case("has another rule", revenue="30", cash="100"), "policy": DISPUTES},
        *(
            # 100 less 30 is cut to 60, or filled up to 80, and 5 are used after.
            openmeter_case(
                f"is reset to {stays}",
                {"balances": {"g": stays - 5}, "usage_in_period": 5},
                grants=[
                    {
                        "id": "g",
                        "amount": 100,
                        "effective_at": "2025-01-01T00:00:00Z",
                        "rollover": {"min": least, "max": most},
                    }
                ],
                usage=[
                    {"ts": "2025-01-02T00:00:00Z", "qty": 30},
                    {"ts": "2025-01-02T18:00:00Z", "qty": 5},
                ],
                resets=[{"at": "2025-01-02T12:00:00Z"}],
            )
            for stays, least, most in ((60, 10, 60), (80, 80, 90))
        ),
    ]
    path.write_text(json.dumps({"cases": content}), encoding="utf-8")

    assert main([str(path)]) == 1

    shown = capsys.readouterr().out.splitlines()
    assert shown == [
        "pass    holds",
        "differs is wrong  expected 71, got 70 (balances.g)",
        "differs asks for more  expected 1, got no answer (forecast)",
        "unread  says too little  the input lacks or misplaces 'until'",
        "pass    earns  A wallet",
        "differs earns more  expected 31, got 30 (periods.January.revenue)",
        "differs is paid less, and something else moves  "
        "expected 0, got 100 (journals.January.anything else)",
        "pass    has another rule  A wallet",
        "pass    is reset to 60",
        "pass    is reset to 80",
        "10 cases: 5 pass, 4 differ, 1 could not be read.",
    ]


DISPUTES = {"chargeback.period": "when_lost"}


def wallet_case(case_id: str, *, revenue: str, cash: str | None) -> dict[str, Any]:
    """100 paid in January, 30 of it used: 30 earned, 70 owed."""
    entries = [
        ("cash", "dr", cash),
        ("contract_liability", "cr", "70"),
        ("revenue.usage", "cr", "30"),
    ]
    lines = [{"account": account, side: amount} for account, side, amount in entries if amount]
    return {
        "id": case_id,
        "title": "A wallet",
        "topic": "wallet_drawdown",
        "policy": {"measure_of_progress": "consumption"},
        "inputs": {"purchase": "100", "usage": [{"period": "January", "amount": "30"}]},
        "expected": {
            "periods": [
                {
                    "period": "January",
                    "revenue": revenue,
                    "breakage_revenue": None,
                    "contract_liability_closing": "70",
                }
            ],
            "other": {},
            "journal_entries": [{"period": "January", "memo": "", "lines": lines}],
        },
        "rounding": {"dp": 2, "mode": "half_up"},
    }


def test_a_missing_file_is_an_environment_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-file.json"]) == 3
    assert capsys.readouterr().err == "no such file: no-such-file.json\n"


def test_a_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(NotCases, match="neither an object with cases nor a list of cases"):
        read_cases(path)


def test_input_and_figures_of_a_flat_case_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "cases.yml"
    path.write_text(
        """
- {id: A, source: x.rb, v1: 1.50/kWh, consume: 5, remaining: {g: 0.10}, expected: {g: 2}}
- {id: B, source: same file, cases: [{credits: '0.4', rounds_to_zero: true}]}
""",
        encoding="utf-8",
    )
    first, second = read_cases(path)
    assert first.given == {"v1": "1.50/kWh", "consume": 5}
    assert first.expected == {"remaining": {"g": Decimal("0.10")}, "expected": {"g": 2}}
    assert second.given == {"v1": "1.50/kWh", "cases": [{"credits": "0.4"}]}
    assert second.expected == {"cases": [{"credits": "0.4", "rounds_to_zero": True}]}


def test_journals_of_a_case_are_read_as_what_each_account_moves(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    case = wallet_case("A", revenue="30", cash="100")
    case["expected"]["journal_entries"] *= 2
    path.write_text(json.dumps({"cases": [case]}), encoding="utf-8")
    [read] = read_cases(path)
    assert read.family == "gaap/wallet_drawdown"
    assert read.given["policy.measure_of_progress"] == "consumption"
    assert read.given["decimals"] == 2
    # The same entry twice; what a source leaves out (null) is not asked.
    assert read.expected == {
        "periods": {"January": {"revenue": "30", "contract_liability_closing": "70"}},
        "journals": {
            "January": {
                "cash": 200,
                "contract_liability": -140,
                "revenue.usage": -60,
                "anything else": 0,
            }
        },
    }


def test_an_entry_of_a_vendors_page_says_what_goes_in_and_what_comes_out(tmp_path: Path) -> None:
    path = tmp_path / "cases.yml"
    path.write_text(
        """
- {id: A-1-first, v: full, source: x, inputs: {invoice: 90, paid: false}, lesson: so,
   net_change: {Jan: {Revenue: 31}}}
- {id: A-2, v: full, source: x, inputs: {as: A-1, paid: Apr}, doc_bug: no, total: 90}
- {id: A-3, v: full, source: x, rule: in words, derived: {usage_jan: 60, from_jan_grant: 40}}
- {id: A-4, v: full, source: x, movements: [{t: T1, funded: 100}, {t: T2, expired: -70}]}
""",
        encoding="utf-8",
    )
    first, second, third, fourth = read_cases(path)
    assert first.given == {"invoice": 90, "paid": False}
    assert first.expected == {"net_change": {"Jan": {"Revenue": 31, "anything else": 0}}}
    assert second.given == {"invoice": 90, "paid": "Apr"}
    assert second.expected == {"total": 90}
    assert (third.given, third.expected) == ({"usage_jan": 60}, {"derived": {"from_jan_grant": 40}})
    assert fourth.given == {"movements": [{"t": "T1", "funded": 100}, {"t": "T2", "expired": None}]}
    assert fourth.expected["movements"][1] == {"t": "T2", "expired": -70}


@pytest.mark.parametrize(
    ("names", "starts"),
    [
        # Months are months, each after the one before it; other names are one month after another.
        (["December", "January", "Mar"], ["2025-12-01", "2026-01-01", "2026-03-01"]),
        (["Jan", "Jan", "Feb"], ["2025-01-01", "2025-02-01"]),
        (["sale", "January", "Y2"], ["2025-01-01", "2025-02-01", "2025-03-01"]),
        (["2019", "2020"], ["2025-01-01", "2025-02-01"]),
    ],
)
def test_periods_of_a_case_are_months_in_its_order(names: list[str], starts: list[str]) -> None:
    periods = Periods(names)
    assert [f"{periods.start(name):%Y-%m-%d}" for name in periods.names] == starts
    assert periods.last == periods.end(periods.names[-1])
    with pytest.raises(Unreadable, match='the period "P9"'):
        periods.start("P9")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2019-02-01", "2019-02-01"),
        ("Feb-03", "2025-02-03"),
        ("01-31", "2025-01-31"),
        ("Apr", "2025-04-01"),
    ],
)
def test_days_as_cases_write_them(text: str, found: str) -> None:
    assert f"{day(text):%Y-%m-%d}" == found


def test_a_case_has_a_currency_of_its_own_until_none_is_left() -> None:
    facts = Facts()
    taken = [facts.desk(f"case-{n}").own_currency(3) for n in range(len(facts.free_currencies(3)))]
    assert len(set(taken)) == len(taken) > 1
    alone = Facts()
    alone.desk("another").own_currency(3)
    assert not facts.has_room_for(alone)
    assert Facts().has_room_for(alone)
    with pytest.raises(Unreadable, match="no currency with 3 decimals is left"):
        facts.desk("another").own_currency(3)


def test_cases_that_differ_in_what_holds_for_a_whole_book_say_so() -> None:
    plain, disputes, closed = Facts(), Facts(), Facts()
    plain.desk("a").decide("progress", "ratable", subject="a/wallet")
    disputes.desk("a").decide("chargeback", {"recognise_at": "lost"})
    closed.desk("a").close(NOW, NOW)
    assert plain.terms == Facts().terms
    assert len({frozenset(facts.terms) for facts in (plain, disputes, closed)}) == 3
    again = Facts()
    for case in ("a", "b"):
        again.desk(case).decide("chargeback", {"recognise_at": "lost"})
    assert again.terms == disputes.terms


def test_a_policy_of_a_later_day_repeats_what_is_in_force(tmp_path: Path) -> None:
    facts = Facts()
    desk = facts.desk("a")
    for n, wallet in enumerate(("a/x", "a/y")):
        desk.wallet(wallet.removeprefix("a/"))
        policy = {"method": "proportional", "expected_unused": f"0.{n + 1}"}
        desk.decide("breakage", policy, subject=wallet)
    later = instant("2026-05-01").date()
    desk.decide("breakage", {"method": "none"}, subject="a/y", since=later)
    assert facts.decisions[-1] == Decision(later, "breakage", "a/y", {"method": "none"})
    write_book(facts, tmp_path / "book")
    policies = yaml.safe_load((tmp_path / "book" / "book.yml").read_text("utf-8"))["policies"]
    assert [policy["effective_from"] for policy in policies] == ["2026-03-01", "2026-05-01"]
    assert policies[1]["breakage"] == {
        "a/x": {"method": "proportional", "expected_unused": "0.1"},
        "a/y": {"method": "none"},
    }


def test_questions_are_what_is_expected_without_its_figures() -> None:
    expected = {"as_of": [{"at": "2026-01-01", "available": 4}], "overage": 5}
    case = Case("A", "vendor", {}, expected, {}, "")
    assert case.questions == {"as_of": [{"at": "2026-01-01", "available": None}], "overage": None}


@pytest.mark.parametrize(
    ("expected", "got", "shown"),
    [
        (40, Decimal("40.000"), []),
        ("0.50", Decimal("0.5"), []),
        (40, Decimal(50), ["expected 40, got 50 (x)"]),
        (True, 1, ["expected true, got 1 (x)"]),
        (None, Decimal(0), ["expected none, got 0 (x)"]),
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"b": 2}, ["expected 1, got no answer (x.a)"]),
        ([1, 2], [1, 2, 3], ["expected [1, 2], got [1, 2, 3] (x)"]),
        ([2, 1], [1, 2], ["expected 2, got 1 (x[0])", "expected 1, got 2 (x[1])"]),
        ([2, 1], Unordered([1, 2]), []),
        ([2], Unordered([1, 2]), ["expected nothing more, got [1] (x)"]),
        (3, Unordered([1, 2], Decimal(3)), []),
        ([{"i": 1, "q": 5}], ByPlace([{"q": 4}, {"q": 5}]), []),
        ([{"i": 2, "q": 5}], ByPlace([{"q": 4}]), ["expected {i: 2, q: 5}, got no answer (x[0])"]),
        ({"a": 0.7, "tolerance": "0.1"}, {"a": Decimal("0.65")}, ["expected 0.7, got 0.65 (x.a)"]),
        (Decimal("0.67"), Printed(Decimal("0.666666667")), []),
        (Decimal("0.66"), Printed(Decimal("0.666666667")), ["expected 0.66, got 0.67 (x)"]),
        ("even", Holds(lambda word: word == "odd", "odd"), ["expected even, got odd (x)"]),
    ],
)
def test_what_is_got_may_say_more_but_nothing_else(
    expected: object, got: object, shown: list[str]
) -> None:
    assert [str(difference) for difference in differences(expected, got, "x")] == shown


def test_a_tolerance_holds_for_the_figures_beside_it() -> None:
    expected = {"a": Decimal("0.7"), "tolerance": Decimal("0.1")}
    assert not list(differences(expected, {"a": Decimal("0.6")}))
    assert list(differences(expected, {"a": Decimal("0.59")}))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("2026-01-01", "2026-01-01T00:00:00Z"),
        ("2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z"),
        ("now+10h", written(moved(NOW, "+10h"))),
        # 15 March less two months is 15 January, less 15 days is 31 December.
        ("now-2mo15d", "2025-12-31T12:00:00Z"),
        ("+30d", "2026-04-14T12:00:00Z"),
    ],
)
def test_instants_as_cases_write_them(words: str, found: str) -> None:
    assert written(instant(words)) == found


def test_months_are_counted_from_their_start() -> None:
    january = instant("2024-01-31")
    assert written(shifted(january, 1, "month")) == "2024-02-29T00:00:00Z"
    assert written(shifted(january, 2, "month")) == "2024-03-31T00:00:00Z"


def test_spans_have_one_unit() -> None:
    assert [span("P1W"), span("PT1H"), span("daily")] == [(1, "week"), (1, "hour"), (1, "day")]
    with pytest.raises(Unreadable, match="P1DT1H"):
        span("P1DT1H")


@pytest.mark.parametrize("entry", ["{verdict: fine, reason: so}", "{verdict: outside_scope}"])
def test_a_review_has_a_verdict_and_a_reason(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "reviewed.yml"
    path.write_text(f"cases: {{om-1: {entry}}}\n", encoding="utf-8")
    with pytest.raises(BadReview, match="om-1"):
        read_reviews(path)


def test_a_review_speaks_of_a_field_and_its_parts_and_of_no_other() -> None:
    review = Review("different_by_policy", ("periods.*.revenue", "list"), "so")
    places = {
        "periods.Jan.revenue": True,
        "periods.Jan.revenue_product": False,
        "list[0].x": True,
        "listing": False,
    }
    assert {place: review.covers(Difference(place, 1, 2)) for place in places} == places


def test_a_contradiction_must_differ_in_every_field_that_is_named() -> None:
    review = Review("must_not_reproduce", ("printed", "balanced"), "so")
    found = [Difference("printed[2]", 1, 2)]
    assert review.word == "refuted"
    assert review.reproduced(found) == ["balanced"]
    assert review.reproduced([*found, Difference("balanced", False, True)]) == []
    assert Review("outside_scope", ("printed",), "so").reproduced([]) == []


def test_the_features_most_cases_wait_for_come_first() -> None:
    lines = [Line("needs", "a", "", ("x", "y")), Line("needs", "b", "", ("y",))]
    assert waiting(lines) == ["   2 cases need y", "   1 cases need x"]


def test_the_total_counts_cases_not_checks() -> None:
    lines = [Line("pass", "a", ""), Line("needs", "b", ""), Line("check", "check", "FAIL")]
    assert total(lines) == "2 cases: 1 pass, 1 need a feature, 1 checks fail."


@needs_the_files
def test_a_case_that_lacks_a_field_is_read_or_unreadable_and_never_a_crash(
    cases: list[Case],
) -> None:
    for case in cases:
        for field in case.given:
            given = {key: value for key, value in case.given.items() if key != field}
            facts_of(replace(case, given=given))
            facts_of(replace(case, given={**case.given, field: "something else"}))
