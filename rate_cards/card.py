"""cards/*.yml: one rate card version each, immutable once published."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from rate_cards.burn_orders import LotKind
from rate_cards.policies import Approval
from rate_cards.values import (
    AT_LEAST_ONE,
    Currency,
    Duration,
    Expiry,
    Instant,
    Model,
    Name,
    PositiveQuantity,
    PositiveShare,
    Quantity,
    Rate,
    RolloverTerm,
    ShareOrAll,
    Span,
    Text,
    refuse,
)

DEFAULT_PRIORITY = 100

Priority = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
"""A place in burn order; smaller is drawn first."""

EARNING_KINDS: tuple[LotKind, ...] = ("paid", "bonus")
"""Kinds of credits that share the price of what they came with."""


class Step(Model):
    """A price step over the quantity of a customer and calendar month."""

    up_to: PositiveQuantity | None = None
    """Quantity up to which, inclusive, the step applies; left out of the last one."""
    credits: Rate | None = None
    """Credits for `per` units in this step."""
    amount: Rate | None = None
    """Money for `per` units in this step, in the wallet's currency."""

    @model_validator(mode="after")
    def _has_one_figure(self) -> Self:
        if (self.credits is None) == (self.amount is None):
            refuse("a step has one figure", "Give credits for a credit wallet, amount for money.")
        return self


class Price(Model):
    """What an event costs in one wallet of its chain."""

    wallet: Name
    """Wallet that is drawn."""
    credits: Rate | None = None
    """Credits for `per` units, in a credit wallet."""
    amount: Rate | None = None
    """Money for `per` units, in a money wallet's currency."""
    per: PositiveQuantity = Decimal(1)
    """Units the figure is for: 1000000 for a price per million tokens."""
    steps: tuple[Step, ...] = ()
    """Prices by monthly quantity, ascending, the last one open."""

    @model_validator(mode="after")
    def _has_one_figure(self) -> Self:
        if [self.credits is not None, self.amount is not None, bool(self.steps)].count(True) != 1:
            refuse(
                "a price has exactly one of credits, amount and steps",
                "Keep credits for a credit wallet, amount for a money wallet, or steps.",
            )
        return self

    @model_validator(mode="after")
    def _steps_ascend_to_an_open_end(self) -> Self:
        bounds = [step.up_to for step in self.steps]
        if bounds and (bounds[-1] is not None or None in bounds[:-1]):
            refuse(
                "steps do not end with one open step",
                "Give every step but the last an up_to; the last has none, so that every "
                "quantity has a price.",
            )
        limits = [bound for bound in bounds if bound is not None]
        for lower, upper in pairwise(limits):
            if upper <= lower:
                refuse(
                    f"steps do not ascend: up_to {upper:f} follows up_to {lower:f}",
                    "List steps from the smallest quantity to the largest.",
                )
        return self

    def figures(self) -> tuple[Rate, ...]:
        """The credits or amount of each step; one figure where there are no steps."""
        authored: tuple[Price | Step, ...] = self.steps or (self,)
        found = [part.credits if part.amount is None else part.amount for part in authored]
        return tuple(figure for figure in found if figure is not None)


class Overage(Model):
    """The postpaid price of what no wallet could pay."""

    amount: Quantity
    """Money for `per` units."""
    currency: Currency
    """Currency it is billed in."""
    per: PositiveQuantity = Decimal(1)
    """Units the amount is for."""


def _forward_looking(value: object) -> object:
    if value in ("volume", "retrospective"):
        refuse(
            f"tiers: {value} prices units again after they were drawn",
            "A price that falls for units already used is variable consideration (ASC "
            "606-10-32-5): it needs an estimate and a refund liability, which no card can give. "
            "Use graduated or package.",
        )
    return value


class RateLine(Model):
    """The price of a meter's usage with certain properties."""

    id: Name
    """Name of the rate, kept from version to version so that changes can be followed."""
    meter: Name
    """Meter whose usage it prices."""
    match: dict[Name, Text] = Field(default_factory=dict)
    """Properties usage must have; of several matching rates the one with most properties wins."""
    price: tuple[Price, ...] = ()
    """The chain: wallets that are drawn, in order, each with its own price."""
    overage: Overage | None = None
    """Postpaid price of the rest; without it the rest is unfunded."""
    tiers: Annotated[Literal["graduated", "package"], BeforeValidator(_forward_looking)] | None = (
        None
    )
    """Each unit by the step it falls in, or whole packages of `per` units."""
    customers: tuple[Name, ...] = ()
    """Customers the rate is reserved for; it beats segment and general rates."""
    segments: tuple[Name, ...] = ()
    """Segments the rate is reserved for; it beats general rates."""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if not self.price and self.overage is None:
            refuse("the rate has no price", "Give price, or overage for usage billed afterwards.")
        if self.tiers and not self.price:
            refuse("tiers has no price to shape", "Give price, or remove tiers: overage has one.")
        if self.customers and self.segments:
            refuse(
                "the rate is reserved for customers and for segments",
                "Write one rate for the customers and another for the segments.",
            )
        return self

    @model_validator(mode="after")
    def _tiers_and_steps_go_together(self) -> Self:
        has_steps = any(price.steps for price in self.price)
        if has_steps and self.tiers is None:
            refuse("the rate has steps but no tiers", "Add tiers: graduated, or tiers: package.")
        if self.tiers == "graduated" and not has_steps:
            refuse("tiers: graduated has no steps", "Give steps in price, or remove tiers.")
        return self

    @property
    def audience(self) -> Literal["everyone", "customer", "segment"]:
        """Whom the rate is for."""
        if self.customers:
            return "customer"
        return "segment" if self.segments else "everyone"

    @property
    def audience_values(self) -> tuple[str, ...]:
        """The customers or segments it is reserved for; empty for everyone."""
        return self.customers or self.segments


class PriceOff(Model):
    """What a contract takes off the price in one wallet."""

    wallet: Name
    """Wallet of the rates' chains."""
    credits: Quantity | None = None
    """Credits off for `per` units, in a credit wallet."""
    amount: Quantity | None = None
    """Money off for `per` units, in a money wallet's currency."""
    per: PositiveQuantity = Decimal(1)
    """Units the figure is for."""

    @model_validator(mode="after")
    def _has_one_figure(self) -> Self:
        if (self.credits is None) == (self.amount is None):
            refuse(
                "a price has one figure taken off",
                "Give credits for a credit wallet, amount for money.",
            )
        return self

    @property
    def figure(self) -> Decimal:
        """The credits or the amount."""
        return (self.credits if self.amount is None else self.amount) or Decimal(0)


class Contract(Model):
    """A discount for certain customers on rates that everybody else pays in full."""

    id: Name
    """Name of the contract; its rates are called `<rate>@<contract>`."""
    customers: tuple[Name, ...] = ()
    """Customers it is for; a customer's own contract comes before its segment's."""
    segments: tuple[Name, ...] = ()
    """Segments it is for."""
    rates: tuple[Name, ...] = ()
    """Rates it is for; left out, all that are reserved for nobody."""
    discount: ShareOrAll | None = None
    """Share of every price and of the overage that is taken off: "0.10" for a tenth."""
    off: tuple[PriceOff, ...] = ()
    """What is taken off instead, per wallet."""
    overage_off: Overage | None = None
    """What is taken off the overage price instead."""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if bool(self.customers) == bool(self.segments):
            refuse(
                "a contract is for customers or for segments",
                "Name the ones it is for; write two contracts for both.",
            )
        takes_amounts = bool(self.off) or self.overage_off is not None
        if (self.discount is not None) == takes_amounts:
            refuse(
                "a contract takes off either a share or amounts",
                "Give discount, or off and overage_off.",
            )
        if takes_amounts and not self.rates:
            refuse(
                "amounts are taken off rates that are not named",
                "Name the rates: an amount fits the unit of one meter only.",
            )
        wallets = [part.wallet for part in self.off]
        if len(set(wallets)) < len(wallets):
            refuse("a wallet is named twice in off", "Take everything off at once.")
        return self


def _has_a_calendar(every: Duration) -> bool:
    """Whether periods of this length, counted from 1 January, begin on the same days each year."""
    return every.count == 1 or (every.unit == "month" and 12 % every.count == 0)


class OfferPrice(Model):
    """What an offer costs, once or each period."""

    amount: Quantity
    """Money, before tax."""
    currency: Currency
    """Currency it is charged in."""
    sold_by: Literal["quantity", "amount"] = "quantity"
    """What a payment buys of a pack: as many as it says, or as much as its amount pays for."""
    every: Span | None = None
    """Billing period of a plan; left out for a pack bought once."""
    anchor: Literal["start", "calendar"] = "start"
    """Where a plan's periods begin: with the subscription, or with the calendar (month, week)."""
    prorate: Literal["second", "day", "none"] = "none"
    """How a first period that is cut short is measured; none bills and grants it whole."""

    @model_validator(mode="after")
    def _amount_buys_something(self) -> Self:
        if self.sold_by == "amount" and self.every is not None:
            refuse(
                "a plan is not sold by amount",
                "It bills its price each period. Remove sold_by, or every.",
            )
        if self.sold_by == "amount" and self.amount == 0:
            refuse("nothing is sold by an amount of 0", "Give the price of what is granted.")
        return self

    @model_validator(mode="after")
    def _has_a_period_to_place(self) -> Self:
        if self.every is None:
            for field, default in (("anchor", "start"), ("prorate", "none")):
                if getattr(self, field) != default:
                    refuse(
                        f"{field} is about a billing period, and the offer is bought once",
                        f"Add every (every: month), or remove {field}.",
                    )
        elif self.anchor == "calendar" and not _has_a_calendar(self.every):
            refuse(
                f"no calendar has periods of {self.every}",
                "Calendar periods are a day, a week, a month, 2, 3, 4 or 6 months, or a year.",
            )
        return self


class Rollover(Model):
    """Unused credits that live on after their end; what is above the most expires there."""

    max: PositiveQuantity | None = None
    """Most credits that live on; without it and max_share, all of them do."""
    max_share: PositiveQuantity | None = None
    """The most as a share of what was granted: "0.5" for half, 2 for twice as many."""
    cap_over: Literal["grant", "lot"] = "grant"
    """What the most is for: all rolled over credits of this grant together, each time some roll
    over, or those of one lot, once."""
    for_: Annotated[RolloverTerm, Field(alias="for")]
    """How long they live on after their first end, or forever."""
    when: Literal["renewed", "always"] = "renewed"
    """Only if the plan goes on at that end, or in any case; credits of a pack always do."""
    priority: Priority | None = None
    """Their priority once rolled over; without it they keep that of the grant."""

    @model_validator(mode="after")
    def _has_one_cap(self) -> Self:
        if self.max is not None and self.max_share is not None:
            refuse("a rollover has max and max_share", "Keep the one that was agreed.")
        if self.cap_over == "lot" and self.max is None and self.max_share is None:
            refuse("cap_over: lot has no max and no max_share", "Give one, or remove cap_over.")
        return self

    @property
    def for_duration(self) -> Duration | None:
        """The duration they live on, where it is one."""
        return self.for_ if isinstance(self.for_, Duration) else None


class Slab(Model):
    """What is granted with a purchase of at least some size, up to the next slab."""

    from_: Annotated[Quantity, Field(alias="from")]
    """Smallest purchase it is for."""
    credits: Quantity | None = None
    """Credits for the purchase, however many were bought."""
    share: Quantity | None = None
    """Credits as a share of the paid ones in the same wallet: "0.10" for a tenth."""

    @model_validator(mode="after")
    def _has_one_figure(self) -> Self:
        if (self.credits is None) == (self.share is None):
            refuse("a slab has one of credits and share", "Keep the one that was promised.")
        return self


class OfferGrant(Model):
    """Credits an offer gives."""

    wallet: Name
    """Wallet they go into."""
    credits: PositiveQuantity | None = None
    """How many; in a money wallet, the amount in its currency."""
    slabs: tuple[Slab, ...] = ()
    """How many by the size of the purchase, instead of credits; nothing below the first slab."""
    slabs_by: Literal["credits", "amount"] = "credits"
    """What the size is: paid credits in the same wallet, or money paid for the offer, less tax."""
    kind: LotKind
    """What they are: paid ones carry the price, bonus ones dilute it, free ones earn nothing."""
    expires: Expiry
    """When they end: never, period_end, or a duration after they start."""
    priority: Priority = DEFAULT_PRIORITY
    """Smaller is drawn first."""
    every: Span | None = None
    """Granted again at this interval within a plan's period."""
    max_per_month: PositiveQuantity | None = None
    """Most credits a recurring grant gives in a calendar month."""
    rollover: Rollover | None = None
    """What becomes of unused credits at their end; without it they expire."""
    ssp: PositiveQuantity | None = None
    """What one credit would be sold for alone, in the currency of the offer's price."""
    expected_use: PositiveShare | None = None
    """Part of the credits expected to be used; all of them where left out."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.max_per_month is not None and self.every is None:
            refuse("max_per_month limits a recurring grant", "Add every, or remove max_per_month.")
        most, once = self.max_per_month, self.credits
        if most is not None and once is not None and most < once:
            refuse(
                f"max_per_month {most:f} is less than one grant of {once:f}",
                "Raise max_per_month or lower credits.",
            )
        if self.kind not in EARNING_KINDS and (self.ssp or self.expected_use):
            refuse(
                f"{self.kind} credits share no price",
                "ssp and expected_use say what paid and bonus credits share it by. Remove them.",
            )
        if self.rollover is not None and self.expires == "never":
            refuse("credits that never expire do not roll over", "Remove rollover.")
        return self

    @model_validator(mode="after")
    def _says_how_many(self) -> Self:
        if (self.credits is None) != bool(self.slabs):
            refuse(
                "a grant has exactly one of credits and slabs",
                "Give the number of credits, or slabs where it depends on the purchase.",
            )
        if not self.slabs and self.slabs_by != "credits":
            refuse("slabs_by has no slabs to measure", "Give slabs, or remove slabs_by.")
        if self.slabs and self.kind == "paid":
            refuse(
                "slabs are for what comes with a purchase, and these credits are bought",
                "Give credits to what is paid for; a bonus has slabs.",
            )
        for lower, upper in pairwise(self.slabs):
            if upper.from_ <= lower.from_:
                refuse(
                    f"slabs do not ascend: from {upper.from_:f} follows from {lower.from_:f}",
                    "List slabs from the smallest purchase to the largest.",
                )
        return self

    @property
    def expires_after(self) -> Duration | None:
        """The duration after which the credits end, where it is one."""
        return self.expires if isinstance(self.expires, Duration) else None


class Offer(Model):
    """What customers buy: a pack, or a plan with a billing period."""

    id: Name
    """Name of the offer, as payments and subscriptions refer to it."""
    price: OfferPrice
    """What it costs."""
    grants: Annotated[tuple[OfferGrant, ...], AT_LEAST_ONE]
    """The credits it gives."""
    on_change: Literal["keep", "expire", "convert"] = "keep"
    """What unused credits of a plan do when another plan replaces it: they stay what they are, end
    there, or live on until the first period of the new plan ends."""

    @model_validator(mode="after")
    def _only_plans_change(self) -> Self:
        if self.price.every is None and self.on_change != "keep":
            refuse(
                "on_change is about a plan, and the offer is bought once",
                "Add every to its price (every: month), or remove on_change.",
            )
        return self


class Card(Model):
    """One version of the rate card."""

    version: Name
    """Name of the version, in quotes."""
    effective_from: Instant
    """First instant usage is priced by it."""
    published_at: Instant
    """When customers were told; what we knew before cannot have used it."""
    approved: Approval
    """Who decided on it."""
    supersedes: Name | None = None
    """Version it follows."""
    corrects: Name | None = None
    """Published version whose mistake it corrects, from the time that one applied."""
    existing_customers_from: Instant | None = None
    """Later start for customers who joined before effective_from."""
    rates: Annotated[tuple[RateLine, ...], AT_LEAST_ONE]
    """Prices of usage."""
    contracts: tuple[Contract, ...] = ()
    """Discounts for certain customers."""
    offers: tuple[Offer, ...] = ()
    """What customers can buy."""

    @model_validator(mode="after")
    def _existing_customers_are_not_moved_early(self) -> Self:
        later = self.existing_customers_from
        if later is not None and later < self.effective_from:
            refuse(
                "existing_customers_from lies before effective_from",
                "Existing customers move with everyone else or later.",
            )
        return self
