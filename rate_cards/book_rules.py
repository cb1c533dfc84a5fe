"""What must hold between the parts of book.yml, and between it and limits.yml."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

from rate_cards.accounts import DEFAULT_CHART, ROLES
from rate_cards.book import Book
from rate_cards.book_files import Authored
from rate_cards.card import Card
from rate_cards.limits import Limits
from rate_cards.policies import DEFAULT_SUBJECT, Policy
from rate_cards.problems import Problem, nearest

SUBJECTS = {
    "breakage": ("wallet", "offer"),
    "bonus_credits": ("wallet", "offer"),
    "ssp": ("wallet",),
    "progress": ("wallet", "offer"),
    "usage_accrual": ("wallet",),
    "refundable_for": ("wallet",),
    "as_invoiced": ("offer",),
    "principal": ("meter",),
}
"""Topic -> what its subjects name, besides `default`."""


def check_book(file: Authored[Book], offers: set[str]) -> Iterator[Problem]:
    """Problems of book.yml that no single field shows.

    Args:
        file: book.yml.
        offers: Offer ids of every card.
    """
    yield from _check_wallet_names(file)
    yield from _check_accounts(file)
    yield from _check_policies(file, offers)
    yield from _check_sources(file)


def _check_wallet_names(file: Authored[Book]) -> Iterator[Problem]:
    if DEFAULT_SUBJECT in file.content.wallets:
        yield file.document.problem(
            ("wallets", DEFAULT_SUBJECT),
            '"default" cannot name a wallet',
            "In policies it stands for everything that is not named. Choose another name.",
            of_key=True,
        )


def _check_accounts(file: Authored[Book]) -> Iterator[Problem]:
    book, document = file.content, file.document
    for role, accounts in book.accounts.items():
        first = accounts[0].effective_from if accounts else None
        if first is not None and first > book.first_period:
            yield document.problem(
                ("accounts", role, 0, "effective_from"),
                f"{role} has no account from {book.first_period} to {first}",
                "Leave effective_from out of the first account: it applies from the start.",
            )
        starts = [account.effective_from or date.min for account in accounts]
        for position in range(1, len(starts)):
            if starts[position] <= starts[position - 1]:
                yield document.problem(
                    ("accounts", role, position),
                    f"the accounts of {role} are not in order of effective_from",
                    "List them from the first to the last; each but the first has an "
                    "effective_from of its own.",
                )
    yield from _check_account_numbers(file)


def _check_account_numbers(file: Authored[Book]) -> Iterator[Problem]:
    """One number has one account type, or a trial balance would add revenue to a liability."""
    taken: dict[str, tuple[str, str]] = {}
    authored = file.content.accounts
    for role in (*authored, *(role for role in ROLES if role not in authored)):
        account_type = DEFAULT_CHART[role].account_type
        numbers = [account.number for account in authored.get(role, ())]
        for number in numbers or [DEFAULT_CHART[role].number]:
            other_role, other_type = taken.setdefault(number, (role, account_type))
            if other_type != account_type:
                blamed = role if role in authored else other_role
                origin = "" if role in authored else " of the default chart"
                yield file.document.problem(
                    ("accounts", blamed),
                    f"account {number} is both {other_role} ({other_type}) and {role}{origin} "
                    f"({account_type})",
                    "Give each its own number; roles that are not listed use the default chart.",
                    of_key=True,
                )


def _check_policies(file: Authored[Book], offers: set[str]) -> Iterator[Problem]:
    book, document = file.content, file.document
    known = {"wallet": set(book.wallets), "offer": offers, "meter": set(book.meters)}
    seen: dict[tuple[date, str, str], int] = {}
    for position, policy in enumerate(book.policies):
        for topic, subject in _subjects(policy):
            kinds = SUBJECTS.get(topic, ())
            names = set().union(*(known[kind] for kind in kinds))
            location = ("policies", position, topic, subject)
            if kinds and subject != DEFAULT_SUBJECT and subject not in names:
                yield document.problem(
                    location,
                    f'{topic} is set for "{subject}", which is no {" and no ".join(kinds)}',
                    nearest(subject, [DEFAULT_SUBJECT, *sorted(names)]),
                    of_key=True,
                )
            yield from _check_breakage(file, policy, location)
            yield from _check_refund_right(file, location)
            line = file.line(*location)
            first_line = seen.setdefault((policy.effective_from, topic, subject), line)
            if first_line != line:
                yield document.problem(
                    location,
                    f"{topic} of {subject} is decided twice from {policy.effective_from}, "
                    f"first on line {first_line}",
                    "Keep one of the two, or give the later decision its own effective_from.",
                    of_key=True,
                )


def _check_breakage(
    file: Authored[Book], policy: Policy, location: tuple[str, int, str, str]
) -> Iterator[Problem]:
    """Money that can be asked back is owed until the right to it lapses (ACCOUNTING 6, 7)."""
    *_, topic, subject = location
    wallet = file.content.wallets.get(subject)
    if topic != "breakage" or policy.breakage is None or wallet is None:
        return
    if wallet.liability != "contract_liability" and policy.breakage[subject].is_estimated:
        yield file.document.problem(
            (*location, "method"),
            f"wallet {subject} is a {wallet.liability}: its money is owed back until it expires",
            "Use method: at_expiry or none for it; estimates are for credits that cannot be "
            "paid back.",
        )


def _check_refund_right(
    file: Authored[Book], location: tuple[str, int, str, str]
) -> Iterator[Problem]:
    """Only money that can be asked back can cease to be: its liability says so (ACCOUNTING 6)."""
    *_, topic, subject = location
    wallet = file.content.wallets.get(subject)
    if topic == "refundable_for" and wallet and wallet.liability == "contract_liability":
        yield file.document.problem(
            location,
            f"the money of wallet {subject} cannot be asked back: it is a contract_liability",
            f"Give wallet {subject} liability: refund_liability or customer_deposit, which its "
            "money is until the right ends; or take the line out.",
            of_key=True,
        )


def _subjects(policy: Policy) -> list[tuple[str, str]]:
    """Each (topic, subject) a policy decides, once."""
    return list(dict.fromkeys((topic, subject) for topic, subject, _, _ in policy.settings()))


def _check_sources(file: Authored[Book]) -> Iterator[Problem]:
    for position, source in enumerate(file.content.sources):
        meter = source.constants.get("meter")
        if source.feed == "usage" and meter is not None and meter not in file.content.meters:
            yield file.document.problem(
                ("sources", position, "constants", "meter"),
                f'unknown meter "{meter}"',
                f"Meters are listed under meters. {nearest(meter, file.content.meters)}",
            )


def check_limits(file: Authored[Limits], book: Book) -> Iterator[Problem]:
    """Problems of limits.yml against the book."""
    lines: dict[str, int] = {}
    for position, limit in enumerate(file.content.limits):
        if limit.wallet is not None and limit.wallet not in book.wallets:
            yield file.document.problem(
                ("limits", position, "wallet"),
                f'unknown wallet "{limit.wallet}"',
                f"Wallets are listed in book.yml. {nearest(limit.wallet, book.wallets)}",
            )
        if limit.limit_id is not None:
            line = file.line("limits", position)
            first_line = lines.setdefault(limit.limit_id, line)
            if first_line != line:
                yield file.document.problem(
                    ("limits", position, "limit_id"),
                    f'"{limit.limit_id}" names two limits, the first on line {first_line}',
                    "Give each limit its own limit_id, or leave it out.",
                )


def check_limit_currencies(
    file: Authored[Limits], book: Book, cards: Collection[Card]
) -> Iterator[Problem]:
    """Limits in money that nothing can be counted in.

    Args:
        file: limits.yml.
        book: The book it belongs to.
        cards: Every card of the book.
    """
    priced_in = _currencies_of_prices(book, cards)
    for position, limit in enumerate(file.content.limits):
        if limit.currency is not None and limit.currency not in priced_in:
            yield file.document.problem(
                ("limits", position, "currency"),
                f"no card prices usage in {limit.currency}",
                "A limit in money counts usage at its price in a wallet of that currency, or at "
                f"its overage price. Usage is priced in {', '.join(sorted(priced_in)) or 'none'}.",
            )


def _currencies_of_prices(book: Book, cards: Collection[Card]) -> set[str]:
    """Currencies in which some card prices usage, in a wallet or as overage."""
    rates = [rate for card in cards for rate in card.rates]
    wallets = [book.wallets.get(price.wallet) for rate in rates for price in rate.price]
    found = {wallet.currency for wallet in wallets if wallet is not None and wallet.currency}
    return found | {rate.overage.currency for rate in rates if rate.overage is not None}
