"""Rules between the parts of a book: each just inside and just outside, with the place it names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lite_book import CARD, LITE, Edit, lite_book, messages_of, next_card, problems_of

from rate_cards.load import load_book
from rate_cards.problems import EnvironmentProblem, InputError
from rate_cards.published import FILE_NAME, publish

BOOK = "book.yml"
NEXT = "cards/2026-03-01.yml"
IMAGES = "      - {wallet: image_credits, credits: 2.5}\n"
UNIVERSAL = "      - {wallet: universal, credits: 3.0}\n"
MONEY = "      - {wallet: usd, amount: 0.04}\n"
ONCE = "price: {amount: 10.00, currency: USD}"
PLAN: Edit = (CARD, ONCE, "price: {amount: 10.00, currency: USD, every: month}")
BONUS = "{wallet: universal, credits: 20, kind: bonus, expires: 12 months}"
LATE = "late_usage: first_open_period"


def more_rates(*lines: str) -> Edit:
    """Rates of llm_tokens after those of the card, each `id` and terms."""
    price = "price: [{wallet: token_credits, credits: 1}]"
    rates = "".join(f"  - {{{line}, meter: llm_tokens, {price}}}\n" for line in lines)
    return (CARD, "offers:\n", rates + "offers:\n")


def test_the_shared_book_is_valid(tmp_path: Path) -> None:
    assert messages_of(tmp_path) == []


def test_a_chain_is_paid_in_the_order_of_wallets(tmp_path: Path) -> None:
    swapped = problems_of(tmp_path / "a", (CARD, IMAGES + UNIVERSAL, UNIVERSAL + IMAGES))
    assert [(problem.line, problem.message) for problem in swapped] == [
        (26, "wallet image_credits comes after universal in the chain")
    ]
    twice = messages_of(tmp_path / "b", (CARD, UNIVERSAL, UNIVERSAL * 2))
    assert twice == ["wallet universal comes twice in the chain"]


def test_an_unknown_wallet_does_not_hide_a_wrong_order(tmp_path: Path) -> None:
    edit = (CARD, IMAGES + UNIVERSAL, UNIVERSAL + "      - {wallet: x, credits: 1}\n" + IMAGES)
    assert messages_of(tmp_path, edit) == [
        'unknown wallet "x"',
        "wallet image_credits comes after universal in the chain",
    ]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            (CARD, "{wallet: usd, amount: 0.04}", "{wallet: usd, credits: 0.04}"),
            "wallet usd holds USD, and its price is given as credits",
        ),
        (
            (CARD, "universal, credits: 3.0}", "universal, amount: 3.0}"),
            "wallet universal holds credit, and its price is given as amount",
        ),
    ],
)
def test_money_is_priced_in_amounts_and_credits_in_credits(
    tmp_path: Path, edit: Edit, message: str
) -> None:
    assert messages_of(tmp_path, edit) == [message]


def test_steps_are_priced_in_the_unit_of_their_wallet(tmp_path: Path) -> None:
    steps = "tiers: graduated\n    price:\n      - {wallet: image_credits, steps: [{amount: 1}]}\n"
    edit = (CARD, f"match: {{model: flux-dev}}\n    price:\n{IMAGES}", f"match: {{}}\n    {steps}")
    assert messages_of(tmp_path, edit) == [
        "wallet image_credits holds credit, and its price is given as amount"
    ]


def test_ids_are_used_once_in_a_card(tmp_path: Path) -> None:
    edit = (CARD, "id: gpt-4o-output", "id: gpt-4o-input")
    assert messages_of(tmp_path, edit) == ['"gpt-4o-input" names two rates, the first on line 7']


TIE = "llm_tokens usage with model m and direction d is priced by"


@pytest.mark.parametrize(
    ("rates", "messages"),
    [
        # Neither of two properties is more specific than the other …
        (
            ["id: a, match: {model: m}", "id: b, match: {direction: d}"],
            [f'{TIE} "a" (line 28) and by "b"'],
        ),
        # … unless a rate for both takes the usage they share.
        (
            [
                "id: a, match: {model: m}",
                "id: b, match: {direction: d}",
                "id: c, match: {model: m, direction: d}",
            ],
            [],
        ),
        # Different values never meet.
        (["id: a, match: {model: m}", "id: b, match: {model: n}"], []),
        # More properties win.
        (["id: a, match: {model: m}", "id: b, match: {model: m, direction: d}"], []),
        # One usage, two prices.
        (
            ["id: a, match: {model: m, direction: d}", "id: b, match: {direction: d, model: m}"],
            [f'{TIE} "a" (line 28) and by "b"'],
        ),
        # A customer's own rate beats the general one, and a segment's stands between.
        (
            [
                "id: a, match: {model: m}",
                "id: b, match: {model: m}, customers: [acme]",
                "id: c, match: {model: m}, segments: [smb]",
            ],
            [],
        ),
        # Two contracts of different customers never meet; of one customer they do.
        (
            ["id: a, customers: [acme]", "id: b, customers: [globex]"],
            [],
        ),
        (
            ["id: a, customers: [acme, globex]", "id: b, customers: [globex]"],
            ['llm_tokens usage is priced by "a" (line 28) and by "b"'],
        ),
        # A rate for both properties settles the tie only for the customers it is for.
        (
            [
                "id: a, match: {model: m}, customers: [acme, globex]",
                "id: b, match: {direction: d}, customers: [acme, globex]",
                "id: c, match: {model: m, direction: d}, customers: [acme]",
            ],
            [f'{TIE} "a" (line 28) and by "b"'],
        ),
    ],
)
def test_rates_that_claim_the_same_usage_with_equal_right_tie(
    tmp_path: Path, rates: list[str], messages: list[str]
) -> None:
    assert messages_of(tmp_path, more_rates(*rates)) == messages


@pytest.mark.parametrize(
    "grant",
    [
        "expires: period_end}",
        "expires: 1 day, every: day, max_per_month: 20}",
    ],
)
def test_terms_of_a_period_need_an_offer_with_a_period(tmp_path: Path, grant: str) -> None:
    edit = (CARD, "expires: 12 months}", grant)
    assert len(messages_of(tmp_path / "pack", edit)) == 1
    assert messages_of(tmp_path / "plan", edit, PLAN) == []


def contract(*terms: str) -> Edit:
    lines = "".join(f"  - {{{each}}}\n" for each in terms)
    return (CARD, "offers:\n", f"contracts:\n{lines}offers:\n")


@pytest.mark.parametrize(
    ("terms", "messages"),
    [
        (['id: a, customers: [acme], discount: "0.10"'], []),
        (['id: a, customers: [acme], discount: "1"'], []),
        (
            [
                'id: a, customers: [acme], discount: "0.10"',
                'id: b, segments: [acme], discount: "0.20"',
                'id: c, customers: [globex], discount: "0.20"',
            ],
            [],
        ),
        (
            [
                'id: a, customers: [acme], discount: "0.10", rates: [flux-dev]',
                'id: b, customers: [globex, acme], discount: "0.20", rates: [gpt-4o-input]',
            ],
            [],
        ),
        (
            [
                'id: a, customers: [acme], discount: "0.10"',
                'id: b, customers: [globex, acme], discount: "0.20", rates: [flux-dev]',
            ],
            ['"a" (line 29) has a discount for customer acme on rate flux-dev already'],
        ),
        (
            ['id: a, customers: [acme], discount: "0.10", rates: [flux]'],
            ['unknown rate "flux"'],
        ),
        # Everything may be taken off, but no more; and the result is kept exactly or not at all.
        (["id: a, customers: [acme], rates: [flux-dev], off: [{wallet: usd, amount: 0.04}]"], []),
        (
            ["id: a, customers: [acme], rates: [flux-dev], off: [{wallet: usd, amount: 0.040001}]"],
            ["rate flux-dev: more is taken off than the price in usd is"],
        ),
        (
            ["id: a, customers: [x], rates: [flux-dev], off: [{wallet: usd, amount: 1, per: 300}]"],
            ["rate flux-dev: the price in usd less the discount has more than 12 decimals"],
        ),
        (
            ["id: a, customers: [acme], rates: [flux-dev], off: [{wallet: usd, credits: 0.01}]"],
            ["wallet usd holds USD, and credits are taken off"],
        ),
        (
            ["id: a, customers: [acme], rates: [flux-dev], off: [{wallet: token_credits, "
             "credits: 1}]"],
            ["rate flux-dev has no price in token_credits"],
        ),
        (
            ["id: a, customers: [acme], rates: [flux-dev], overage_off: {amount: 1, "
             "currency: USD}"],
            ["rate flux-dev has no overage price in USD"],
        ),
        (
            ["id: a, customers: [acme], rates: [gpt-4o-input], overage_off: {amount: 1, "
             "currency: EUR, per: 1000000}"],
            ["rate gpt-4o-input has no overage price in EUR"],
        ),
        (
            ['id: a, customers: [acme], discount: "0.1"', 'id: a, segments: [s], discount: "0.1"'],
            ['"a" names two contracts, the first on line 29'],
        ),
    ],
)  # fmt: skip
def test_a_contract_leaves_the_rates_it_is_for_a_price(
    tmp_path: Path, terms: list[str], messages: list[str]
) -> None:
    assert messages_of(tmp_path, contract(*terms)) == messages


def test_a_contract_is_not_for_a_rate_that_is_reserved(tmp_path: Path) -> None:
    reserved = (CARD, "match: {model: flux-dev}\n", "match: {model: flux-dev}\n    segments: [s]\n")
    named = contract('id: a, customers: [acme], discount: "0.10", rates: [flux-dev]')
    assert messages_of(tmp_path / "named", reserved, named) == [
        "rate flux-dev is reserved for segments, so its price is agreed already"
    ]
    assert (
        messages_of(
            tmp_path / "all", reserved, contract('id: a, customers: [acme], discount: "0.10"')
        )
        == []
    )


def test_slabs_need_a_purchase_and_something_to_measure(tmp_path: Path) -> None:
    by_credits = BONUS.replace("credits: 20", "slabs: [{from: 5, share: 0.1}]")
    by_amount = BONUS.replace("credits: 20", "slabs_by: amount, slabs: [{from: 5, credits: 1}]")
    share_by_amount = by_credits.replace("slabs:", "slabs_by: amount, slabs:")
    nothing_sold = (CARD, "credits: 100, kind: paid", "credits: 100, kind: included")
    measures_nothing = ["offer pack_100 sells no credits in universal for the slabs to measure"]

    def messages(name: str, *edits: Edit) -> list[str]:
        return messages_of(tmp_path / name, *edits)

    assert messages("a", (CARD, BONUS, by_credits)) == []
    assert messages("b", (CARD, BONUS, by_credits), nothing_sold) == measures_nothing
    assert messages("c", (CARD, BONUS, share_by_amount), nothing_sold) == measures_nothing
    assert messages("d", (CARD, BONUS, by_amount), nothing_sold) == []
    assert messages("e", (CARD, BONUS, by_credits), PLAN) == [
        "offer pack_100 is billed each period, and slabs are for a purchase"
    ]


def test_default_names_neither_a_wallet_nor_an_offer(tmp_path: Path) -> None:
    edits: list[Edit] = [
        (BOOK, "  usd: {", "  default: credit\n  usd: {"),
        (CARD, "id: pack_100", "id: default"),
    ]
    assert messages_of(tmp_path, *edits) == [
        '"default" cannot name a wallet',
        '"default" cannot name an offer',
    ]


def second_policy(decision: str, day: str = "2026-02-01") -> Edit:
    approved = "approved: {by: cfo, on: 2026-01-15, reference: MEMO-2}"
    policy = f"  - {{effective_from: {day}, {approved}, {decision}}}\n"
    return (BOOK, "sources:\n", policy + "sources:\n")


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("breakage: {images: {method: none}}", "which is no wallet and no offer"),
        ("progress: {llm_tokens: ratable}", "which is no wallet and no offer"),
        ("as_invoiced: {universal: off}", "which is no offer"),
        ("principal: {universal: agent}", "which is no meter"),
        (
            "ssp: {pack_100: {amount: 1, method: residual}}",
            'set for "pack_100", which is no wallet',
        ),
    ],
)
def test_a_policy_is_set_for_what_exists(tmp_path: Path, policy: str, message: str) -> None:
    messages = messages_of(tmp_path, second_policy(policy))
    assert len(messages) == 1
    assert message in messages[0]


@pytest.mark.parametrize(
    ("subject", "terms", "count"),
    [
        ("usd", "method: remote, months_inactive: 12", 1),
        ("usd", 'method: proportional, expected_unused: "0.1"', 1),
        ("usd", "method: at_expiry", 0),
        ("default", "method: remote, months_inactive: 12", 0),
        ("pack_100", "method: remote, months_inactive: 12", 0),
        ("universal", "method: remote, months_inactive: 12", 0),
    ],
)
def test_refundable_money_has_no_estimate_of_breakage(
    tmp_path: Path, subject: str, terms: str, count: int
) -> None:
    policy = second_policy(f"breakage: {{{subject}: {{{terms}}}}}")
    deferred = (BOOK, "liability: refund_liability", "liability: contract_liability")
    assert messages_of(tmp_path / "refundable", policy) == count * [
        "wallet usd is a refund_liability: its money is owed back until it expires"
    ]
    assert messages_of(tmp_path / "deferred", policy, deferred) == []


@pytest.mark.parametrize(("day", "count"), [("2026-01-01", 1), ("2026-01-02", 0)])
def test_one_topic_is_decided_once_a_day(tmp_path: Path, day: str, count: int) -> None:
    edit = second_policy("late_usage: manual", day)
    assert len(messages_of(tmp_path, edit)) == count


CHART = 'contract_liability: {number: "2400", name: Deferred revenue}'


@pytest.mark.parametrize(
    ("accounts", "messages"),
    [
        ('cash: [{number: "1"}, {number: "2", effective_from: 2026-02-01}]', []),
        (
            'cash: [{number: "1", effective_from: 2026-02-01}]',
            ["cash has no account from 2026-01-01 to 2026-02-01"],
        ),
        (
            'cash: [{number: "1"}, {number: "2"}]',
            ["the accounts of cash are not in order of effective_from"],
        ),
        ('cash: {number: "1"}\n  accounts_receivable: {number: "1"}', []),
        (
            'cash: {number: "1"}\n  tax_payable: {number: "1"}',
            ["account 1 is both cash (asset) and tax_payable (liability)"],
        ),
        (
            'cash: {number: "4000"}',
            ["account 4000 is both cash (asset) and usage_revenue of the default chart (revenue)"],
        ),
    ],
)
def test_every_role_has_one_account_of_its_type_at_any_time(
    tmp_path: Path, accounts: str, messages: list[str]
) -> None:
    assert messages_of(tmp_path, (BOOK, CHART, accounts)) == messages


def test_a_later_card_follows_without_a_gap(tmp_path: Path) -> None:
    book = load_book(lite_book(tmp_path, (NEXT, "", next_card())))
    assert [card.version for card in book.cards] == ["2026-01-01", "2026-03-01"]


@pytest.mark.parametrize(
    ("first_period", "zone", "messages"),
    [
        ("2026-01", "UTC", []),
        (
            "2025-12",
            "UTC",
            ["no card is in force from 2025-12-01T00:00:00Z to 2026-01-01T00:00:00Z"],
        ),
        # In Amsterdam the year begins an hour before it does in UTC, and the card comes too late.
        (
            "2026-01",
            "Europe/Amsterdam",
            ["no card is in force from 2025-12-31T23:00:00Z to 2026-01-01T00:00:00Z"],
        ),
        ("2026-01", "America/New_York", []),
    ],
)
def test_a_card_is_in_force_from_the_first_instant_of_the_books(
    tmp_path: Path, first_period: str, zone: str, messages: list[str]
) -> None:
    edits: list[Edit] = [
        (BOOK, "first_period: 2026-01", f"first_period: {first_period}"),
        (BOOK, "time_zone: UTC", f"time_zone: {zone}"),
    ]
    assert messages_of(tmp_path, *edits) == messages


def test_a_book_without_cards_is_refused(tmp_path: Path) -> None:
    book = lite_book(tmp_path)
    shutil.rmtree(book / "cards")
    with pytest.raises(InputError, match=r"no card is in force from 2026-01-01T00:00:00Z on"):
        load_book(book)


def test_the_first_card_cannot_spare_existing_customers(tmp_path: Path) -> None:
    edit = (CARD, "supersedes: null", "existing_customers_from: 2026-02-01T00:00:00Z")
    assert messages_of(tmp_path, edit) == [
        'version "2026-01-01" is the first, so existing customers have no card until '
        "2026-02-01T00:00:00Z"
    ]


@pytest.mark.parametrize(
    ("changes", "messages"),
    [
        ({"supersedes": '"2026-01-01"'}, []),
        (
            {"supersedes": '"2026-01-02"'},
            ['supersedes names version "2026-01-02", which does not exist'],
        ),
        (
            {"supersedes": '"2026-03-01"'},
            ['supersedes names version "2026-03-01", which does not exist'],
        ),
        ({"corrects": '"2026-01-01"'}, []),
        ({"corrects": '"x"'}, ['corrects names version "x", which does not exist']),
        (
            {"corrects": '"2026-01-01"', "published_at": "2025-12-15T00:00:00Z"},
            ['corrects version "2026-01-01", published later, at 2025-12-15T00:00:00Z'],
        ),
        # A correction may start together with what it corrects, another version may not.
        ({"effective_from": "2026-01-01T00:00:00Z", "corrects": '"2026-01-01"'}, []),
        (
            {"effective_from": "2026-01-01T00:00:00Z"},
            ['versions "2026-01-01" and "2026-03-01" both start at 2026-01-01T00:00:00Z'],
        ),
    ],
)
def test_versions_follow_or_correct_one_another(
    tmp_path: Path, changes: dict[str, str], messages: list[str]
) -> None:
    assert messages_of(tmp_path, (NEXT, "", next_card(**changes))) == messages


def test_a_correction_starts_while_the_mistake_applied(tmp_path: Path) -> None:
    # 2026-01-01 applies until 2026-03-01; a correction of it from 2026-04-01 corrects nothing.
    late = next_card("2026-04-01", corrects='"2026-01-01"')
    edits: list[Edit] = [(NEXT, "", next_card()), ("cards/fix.yml", "", late)]
    assert messages_of(tmp_path, *edits) == [
        'corrects version "2026-01-01", which applies from 2026-01-01T00:00:00Z to '
        "2026-03-01T00:00:00Z"
    ]


def test_versions_are_named_once(tmp_path: Path) -> None:
    changes = {"effective_from": "2026-03-01T00:00:00Z", "supersedes": "null"}
    problems = problems_of(tmp_path, (NEXT, "", next_card("2026-01-01", **changes)))
    assert len(problems) == 1
    assert problems[0].message.startswith('version "2026-01-01" exists already, in ')
    assert problems[0].message.endswith("book/cards/2026-01-01.yml:1")


COSTS = """version: "{version}"
effective_from: {start}T00:00:00Z
published_at: 2026-01-01T00:00:00Z
approved: {{by: buyer, on: 2026-01-01, reference: PO-1}}
supplier: {supplier}
costs:
  - {{id: c, meter: {meter}, match: {{model: gpt-4o}}, amount: 2.5, currency: USD, per: 1000000}}
"""


def costs(version: str, **terms: str) -> Edit:
    filled = {"start": "2026-01-01", "supplier": "openai", "meter": "llm_tokens", **terms}
    return (f"costs/{version}.yml", "", COSTS.format(version=version, **filled))


@pytest.mark.parametrize(
    ("edits", "messages"),
    [
        ([costs("a"), costs("b", start="2026-02-01")], []),
        ([costs("a"), costs("b", supplier="bfl")], []),
        (
            [costs("a"), costs("b")],
            ['versions "a" and "b" of openai both start at 2026-01-01T00:00:00Z'],
        ),
        ([costs("a", meter="llm")], ['unknown meter "llm"']),
    ],
)
def test_costs_are_checked_like_rates(
    tmp_path: Path, edits: list[Edit], messages: list[str]
) -> None:
    assert messages_of(tmp_path, *edits) == messages


def test_a_limit_guards_a_wallet_of_the_book_under_a_name_of_its_own(tmp_path: Path) -> None:
    terms = "customer_id: a, scope: each_user, window: day, credits: 1, action: flag"
    line = f"  - {{limit_id: l, wallet: %s, {terms}, from: 2026-01-01T00:00:00Z}}\n"
    text = "limits:\n" + line % "usd" + line % "eur"
    assert messages_of(tmp_path, ("limits.yml", "", text)) == [
        '"l" names two limits, the first on line 2',
        'unknown wallet "eur"',
    ]


def test_a_limit_in_money_is_in_a_currency_that_usage_is_priced_in(tmp_path: Path) -> None:
    terms = "customer_id: a, scope: organisation, window: day, amount: 1, action: flag"
    line = f"  - {{{terms}, from: 2026-01-01T00:00:00Z, currency: %s}}\n"
    text = "limits:\n" + line % "USD" + line % "EUR"
    [problem] = problems_of(tmp_path, ("limits.yml", "", text))
    assert problem.message == "no card prices usage in EUR"
    assert "Usage is priced in USD." in problem.remedy


def test_a_usage_source_names_a_meter_of_the_book(tmp_path: Path) -> None:
    for meter, count in (("images", 0), ("image", 1)):
        edit = (BOOK, 'path: "usage*.csv"}', f"path: u, constants: {{meter: {meter}}}}}")
        assert len(messages_of(tmp_path / meter, edit)) == count


def test_files_that_would_be_passed_over_are_pointed_out(tmp_path: Path) -> None:
    assert messages_of(tmp_path, ("cards/2026-03-01.yaml", "", next_card())) == [
        "only .yml files are read from cards/"
    ]


def test_problems_of_all_files_come_at_once_in_reading_order(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        (NEXT, "", next_card(supersedes="2026-01-01")),
        (BOOK, "framework: ASC606", "framework: GAAP"),
        (CARD, "amount: 10.00", "amount: ten"),
    )
    assert [Path(problem.place).name for problem in problems] == [
        "book.yml",
        "2026-01-01.yml",
        "2026-03-01.yml",
    ]
    assert [problem.sort_key for problem in problems] == sorted(
        problem.sort_key for problem in problems
    )


def test_a_missing_folder_is_a_matter_of_the_environment(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="there is no such book folder"):
        load_book(tmp_path / "nowhere")
    with pytest.raises(EnvironmentProblem, match=r"the folder has no book\.yml"):
        load_book(tmp_path)


def test_a_file_that_cannot_be_read_is_a_matter_of_the_environment(tmp_path: Path) -> None:
    book = lite_book(tmp_path)
    (book / NEXT).mkdir()
    with pytest.raises(EnvironmentProblem, match="Make it a file that can be read"):
        load_book(book)


def published_book(tmp_path: Path, *edits: Edit) -> Path:
    book = load_book(lite_book(tmp_path, *edits))
    for file in book.card_files:
        assert publish(book.folder, file.path, file.document.sha256)
    return book.folder


def test_a_published_card_that_is_unchanged_loads(tmp_path: Path) -> None:
    folder = published_book(tmp_path)
    assert load_book(folder).cards[0].version == "2026-01-01"
    digest = load_book(folder).files[1].sha256
    assert (folder / FILE_NAME).read_text() == f"{digest}  {CARD}\n"


def test_one_more_space_in_a_published_card_stops_the_load(tmp_path: Path) -> None:
    folder = published_book(tmp_path)
    (folder / CARD).write_text((folder / CARD).read_text() + " ")
    with pytest.raises(InputError, match="changed after it was published"):
        load_book(folder)


def test_a_published_card_cannot_be_removed(tmp_path: Path) -> None:
    folder = published_book(tmp_path, (NEXT, "", next_card()))
    (folder / NEXT).unlink()
    with pytest.raises(InputError, match=r"cards/2026-03-01\.yml was published and is gone"):
        load_book(folder)


def test_a_register_that_was_edited_by_hand_is_refused(tmp_path: Path) -> None:
    edit = (FILE_NAME, "", "2026-01-01 is fine\n")
    assert messages_of(tmp_path, edit) == ["the line is not a digest and a file"]


def test_publishing_again_changes_nothing(tmp_path: Path) -> None:
    folder = published_book(tmp_path)
    before = (folder / FILE_NAME).read_bytes()
    file = load_book(folder).card_files[0]
    assert not publish(folder, file.path, file.document.sha256)
    assert (folder / FILE_NAME).read_bytes() == before


def test_the_shared_book_itself_is_not_touched() -> None:
    assert not (LITE / FILE_NAME).exists()
