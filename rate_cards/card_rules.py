"""What must hold between a rate or cost card and the book, and inside the card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rate_cards.book import Book
from rate_cards.book_files import Authored
from rate_cards.card import Card, Contract, Offer, OfferGrant, Price, RateLine
from rate_cards.contracts import NoSuchPriceError, covered_rates, discounted
from rate_cards.costs import CostCard
from rate_cards.policies import DEFAULT_SUBJECT
from rate_cards.problems import Problem, nearest
from rate_cards.source import Document, Location
from rate_cards.ties import PriceLine, find_ties


def check_card(file: Authored[Card], book: Book) -> Iterator[Problem]:
    """Problems of one rate card against the book."""
    card, document = file.content, file.document
    yield from _check_ids(document, "rates", "rate", [rate.id for rate in card.rates])
    for position, rate in enumerate(card.rates):
        location = ("rates", position)
        yield from _check_usage(document, location, rate.meter, rate.match, book)
        yield from _check_chain(document, location, rate, book)
    lines = [
        PriceLine(rate.meter, rate.match, rate.audience, frozenset(rate.audience_values))
        for rate in card.rates
    ]
    yield from _check_ties(document, "rates", [rate.id for rate in card.rates], lines)
    yield from _check_contracts(file, book)
    yield from _check_offers(file, book)


def check_cost_card(file: Authored[CostCard], book: Book) -> Iterator[Problem]:
    """Problems of one cost card against the book."""
    costs, document = file.content.costs, file.document
    yield from _check_ids(document, "costs", "cost", [cost.id for cost in costs])
    for position, cost in enumerate(costs):
        yield from _check_usage(document, ("costs", position), cost.meter, cost.match, book)
    lines = [PriceLine(cost.meter, cost.match) for cost in costs]
    yield from _check_ties(document, "costs", [cost.id for cost in costs], lines)


def _check_ids(document: Document, field: str, noun: str, ids: Sequence[str]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for position, name in enumerate(ids):
        earlier = first.setdefault(name, position)
        if earlier != position:
            line = document.line((field, earlier, "id"))
            yield document.problem(
                (field, position, "id"),
                f'"{name}" names two {noun}s, the first on line {line}',
                f"Give each {noun} its own id.",
            )


def _check_usage(
    document: Document, location: Location, meter: str, match: Mapping[str, str], book: Book
) -> Iterator[Problem]:
    """A line's meter and the properties it matches are declared in the book."""
    if meter not in book.meters:
        yield document.problem(
            (*location, "meter"),
            f'unknown meter "{meter}"',
            f"Meters are listed in book.yml. {nearest(meter, book.meters)}",
        )
        return
    declared = book.meters[meter].properties
    for name in match:
        if name not in declared:
            yield document.problem(
                (*location, "match", name),
                f'meter {meter} has no property "{name}"',
                f"Properties are listed with the meter in book.yml. {nearest(name, declared)}",
                of_key=True,
            )


def _check_chain(
    document: Document, location: Location, rate: RateLine, book: Book
) -> Iterator[Problem]:
    """A chain names wallets of the book, in the book's order, each priced in its own unit.

    Nothing comes after a wallet that carries its overdraft: it pays whatever arrives (decision 26).
    """
    ranks = book.wallet_ranks()
    before: str | None = None
    for position, price in enumerate(rate.price):
        at_wallet = (*location, "price", position, "wallet")
        if price.wallet not in ranks:
            yield _unknown_wallet(document, at_wallet, price.wallet, book)
            continue
        yield from _check_unit(document, (*location, "price", position), price, book)
        if price.wallet == before:
            yield document.problem(
                at_wallet,
                f"wallet {price.wallet} comes twice in the chain",
                "Keep one price for it; for prices by quantity use steps.",
            )
        elif before is not None and ranks[price.wallet] < ranks[before]:
            yield document.problem(
                at_wallet,
                f"wallet {price.wallet} comes after {before} in the chain",
                "Every chain follows the one order of wallets in book.yml: "
                f"{', '.join(book.wallets)}. Swap the two, or reorder the wallets of the book.",
            )
        if book.wallets[price.wallet].overdraft == "carry" and price is not rate.price[-1]:
            yield document.problem(
                at_wallet,
                f"wallet {price.wallet} carries its overdraft, and more of the chain follows it",
                "What its lots cannot pay is owed by this wallet and never reaches the next one. "
                "Put it last, or give the book another wallet that carries.",
            )
        before = price.wallet


def _check_unit(
    document: Document, location: Location, price: Price, book: Book
) -> Iterator[Problem]:
    """Money wallets are priced in amounts, credit wallets in credits."""
    wallet = book.wallets[price.wallet]
    wrong, right = ("credits", "amount") if wallet.currency else ("amount", "credits")
    at_fields: list[Location] = [
        (*location, "steps", position, wrong)
        for position, step in enumerate(price.steps)
        if getattr(step, wrong) is not None
    ]
    if getattr(price, wrong) is not None:
        at_fields.append((*location, wrong))
    for at_field in at_fields:
        yield document.problem(
            at_field,
            f"wallet {price.wallet} holds {wallet.unit}, and its price is given as {wrong}",
            f"Write {right} for this wallet.",
            of_key=True,
        )


def _unknown_wallet(document: Document, location: Location, wallet: str, book: Book) -> Problem:
    return document.problem(
        location,
        f'unknown wallet "{wallet}"',
        f"Wallets are listed in book.yml. {nearest(wallet, book.wallets)}",
    )


def _check_ties(
    document: Document, field: str, ids: Sequence[str], lines: Sequence[PriceLine]
) -> Iterator[Problem]:
    for first, second in find_ties(lines):
        both = {**lines[first].match, **lines[second].match}
        usage = " and ".join(f"{name} {value}" for name, value in both.items())
        what = (
            f"{lines[first].meter} usage with {usage}" if usage else f"{lines[first].meter} usage"
        )
        is_equal = lines[first].match == lines[second].match
        together = ", ".join(f"{name}: {value}" for name, value in both.items())
        yield document.problem(
            (field, second, "id"),
            f'{what} is priced by "{ids[first]}" (line {document.line((field, first, "id"))}) '
            f'and by "{ids[second]}"',
            "Remove one of the two, or tell them apart by a property or by whom they are for."
            if is_equal
            else f"Neither is more specific. Add one that matches both, {{{together}}}, or add a "
            "property to one of the two.",
        )


def _check_offers(file: Authored[Card], book: Book) -> Iterator[Problem]:
    card, document = file.content, file.document
    yield from _check_ids(document, "offers", "offer", [offer.id for offer in card.offers])
    for position, offer in enumerate(card.offers):
        if offer.id == DEFAULT_SUBJECT:
            yield document.problem(
                ("offers", position, "id"),
                '"default" cannot name an offer',
                "In policies it stands for everything that is not named. Choose another name.",
            )
        for grant_position, grant in enumerate(offer.grants):
            location = ("offers", position, "grants", grant_position)
            if grant.wallet not in book.wallets:
                yield _unknown_wallet(document, (*location, "wallet"), grant.wallet, book)
            if grant.slabs:
                yield from _check_slabs(document, location, offer, grant)
            if offer.price.every is not None:
                continue
            if grant.expires == "period_end":
                yield document.problem(
                    (*location, "expires"),
                    f"offer {offer.id} has no billing period for credits to expire with",
                    "Add every to its price (every: month), or write a duration: 12 months.",
                )
            if grant.every is not None:
                yield document.problem(
                    (*location, "every"),
                    f"offer {offer.id} is bought once, so nothing says when its grant stops "
                    "coming back",
                    "Add every to its price (every: month), or remove every from the grant.",
                )


def _check_slabs(
    document: Document, location: Location, offer: Offer, grant: OfferGrant
) -> Iterator[Problem]:
    """Slabs measure a purchase: the offer is bought, and there is something to measure."""
    if offer.price.every is not None:
        yield document.problem(
            (*location, "slabs"),
            f"offer {offer.id} is billed each period, and slabs are for a purchase",
            "Give credits, or sell it as a pack: remove every from its price.",
        )
    measures_credits = grant.slabs_by == "credits" or any(slab.share for slab in grant.slabs)
    has_paid = any(other.kind == "paid" for other in offer.grants if other.wallet == grant.wallet)
    if measures_credits and not has_paid:
        yield document.problem(
            (*location, "slabs"),
            f"offer {offer.id} sells no credits in {grant.wallet} for the slabs to measure",
            "Add a paid grant in that wallet, or use slabs_by: amount with credits in each slab.",
        )


def _check_contracts(file: Authored[Card], book: Book) -> Iterator[Problem]:
    """Contracts are for rates of the card, leave them a price, and never claim one twice."""
    card, document = file.content, file.document
    yield from _check_ids(document, "contracts", "contract", [c.id for c in card.contracts])
    taken = {rate.id for rate in card.rates}
    for position, contract in enumerate(card.contracts):
        location = ("contracts", position)
        yield from _check_named_rates(document, location, contract, card)
        for _, rate in covered_rates(contract, card):
            yield from _check_amounts_off(document, location, contract, rate, book)
            if f"{rate.id}@{contract.id}" in taken:
                yield document.problem(
                    (*location, "id"),
                    f'a rate is called "{rate.id}@{contract.id}", as one of this contract would be',
                    "Choose another name for the contract.",
                )
            try:
                discounted(rate, contract)
            except NoSuchPriceError as gap:
                what, remedy = gap.args
                yield document.problem((*location, "id"), f"rate {rate.id}: {what}", remedy)
    yield from _check_contracts_meet_nowhere(file)


def _check_named_rates(
    document: Document, location: Location, contract: Contract, card: Card
) -> Iterator[Problem]:
    audiences = {rate.id: rate.audience for rate in card.rates}
    for position, name in enumerate(contract.rates):
        at_name = (*location, "rates", position)
        if name not in audiences:
            yield document.problem(
                at_name,
                f'unknown rate "{name}"',
                f"Rates are listed in this card. {nearest(name, audiences)}",
            )
        elif audiences[name] != "everyone":
            yield document.problem(
                at_name,
                f"rate {name} is reserved for {audiences[name]}s, so its price is agreed already",
                "Write the agreed price there, and leave the rate out of the contract.",
            )


def _check_amounts_off(
    document: Document, location: Location, contract: Contract, rate: RateLine, book: Book
) -> Iterator[Problem]:
    """What is taken off has a price to be taken off from, in the same unit."""
    chain = [price.wallet for price in rate.price]
    for position, part in enumerate(contract.off):
        at_part = (*location, "off", position)
        if part.wallet not in chain:
            yield document.problem(
                (*at_part, "wallet"),
                f"rate {rate.id} has no price in {part.wallet}",
                f"Its wallets are {', '.join(chain) or 'none'}.",
            )
            continue
        is_money = part.wallet in book.wallets and book.wallets[part.wallet].currency is not None
        if part.wallet in book.wallets and is_money == (part.amount is None):
            wrong, right = ("credits", "amount") if is_money else ("amount", "credits")
            yield document.problem(
                (*at_part, wrong),
                f"wallet {part.wallet} holds {book.wallets[part.wallet].unit}, and {wrong} are "
                "taken off",
                f"Write {right} for this wallet.",
                of_key=True,
            )
    off = contract.overage_off
    if off is not None and (rate.overage is None or rate.overage.currency != off.currency):
        yield document.problem(
            (*location, "overage_off"),
            f"rate {rate.id} has no overage price in {off.currency}",
            "Leave overage_off out, or the rate.",
            of_key=True,
        )


def _check_contracts_meet_nowhere(file: Authored[Card]) -> Iterator[Problem]:
    """Two contracts of one customer, or of one segment, are not for the same rate."""
    card, document = file.content, file.document
    first: dict[tuple[str, str, str], int] = {}
    for position, contract in enumerate(card.contracts):
        parties = [("customer", name) for name in contract.customers]
        parties += [("segment", name) for name in contract.segments]
        claimed: dict[int, str] = {}
        for _, rate in covered_rates(contract, card):
            for kind, name in parties:
                earlier = first.setdefault((kind, name, rate.id), position)
                if earlier != position:
                    claimed.setdefault(earlier, f"{kind} {name} on rate {rate.id}")
        for earlier, claim in claimed.items():
            line = document.line(("contracts", earlier, "id"))
            yield document.problem(
                ("contracts", position, "id"),
                f'"{card.contracts[earlier].id}" (line {line}) has a discount for {claim} already',
                "Keep one of the two, or name the rates each is for.",
            )
