"""Accounting policies: dated, approved choices where the standards leave one.

Topics are set for the whole book, or per wallet, offer or meter with `default` for the rest. A
subject follows the latest policy that names it, so that a new policy says only what changes; an
offer goes before its wallet, and both before `default`. The burn order is not among them: it
belongs to each wallet, since contracts promise it per kind of credit.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from rate_cards.values import (
    Day,
    Duration,
    Model,
    Name,
    PositiveQuantity,
    PositiveShare,
    Quantity,
    Rate,
    Share,
    ShareOrAll,
    Span,
    Text,
    mapping_or_text,
    refuse,
)

DEFAULT_SUBJECT = "default"
"""Subject of a policy for every wallet, offer or meter that is not named."""


class Approval(Model):
    """Who decided, when, and where the decision is recorded."""

    by: Text
    """Person, role or body that approved."""
    on: Day
    """Day of the approval."""
    reference: Text
    """Memo, minute or ticket an auditor can ask for."""


class ReopenIfAbove(Model):
    """Late usage that asks for its closed period to be reopened once it is material."""

    method: Literal["reopen_if_above"]
    """reopen_if_above, the only method that takes thresholds."""
    amount: Quantity | None = None
    """Revenue above which the period is to be reopened, in functional currency."""
    share_of_revenue: Share | None = None
    """Part of the period's revenue above which it is to be reopened."""

    @model_validator(mode="after")
    def _has_a_threshold(self) -> ReopenIfAbove:
        if self.amount is None and self.share_of_revenue is None:
            refuse("reopen_if_above has no threshold", "Give amount, share_of_revenue or both.")
        return self


class Breakage(Model):
    """When credits that will never be used become revenue (ASC 606-10-55-46 to 49, IFRS 15.B44-47).

    A later decision for the same subject is a new estimate: what it changes to date is booked in
    its first period, and earlier periods stay (decision 22).
    """

    method: Literal["at_expiry", "proportional", "remote", "none"]
    """When they expire; in proportion to use; once use is remote; or only by expiry and use."""
    expected_unused: Share | None = None
    """Part of the credits expected never to be used; with proportional."""
    constrained_to: Share | None = None
    """Part that is probable not to be reversed, where it is smaller; with proportional."""
    months_inactive: Annotated[int, Field(strict=True, gt=0)] | None = None
    """Months without use of the wallet after which use counts as remote; with remote."""
    escheat_share: ShareOrAll | None = None
    """Part of unused credits that is owed to a state and never revenue (606-10-55-49)."""

    @model_validator(mode="after")
    def _estimates_belong_to_their_method(self) -> Breakage:
        if (self.method == "proportional") != (self.expected_unused is not None):
            refuse(
                f"method {self.method} and expected_unused do not go together",
                "Give expected_unused with method: proportional, and with no other.",
            )
        if self.constrained_to is not None and self.method != "proportional":
            refuse(
                f"method {self.method} does not take constrained_to",
                "Give constrained_to with method: proportional only.",
            )
        if self.months_inactive is not None and self.method != "remote":
            refuse(
                f"method {self.method} does not take months_inactive",
                "Give months_inactive with method: remote only.",
            )
        return self

    @property
    def is_estimated(self) -> bool:
        """Whether credits become revenue before they are used or end."""
        return self.method in ("proportional", "remote")


class UsageAccrual(Model):
    """Usage of a month that is expected to arrive after its close (ASC 250-10-45-17)."""

    share: Share
    """Part of the month's usage revenue that is accrued, and reversed in the next month."""


class Ratable(Model):
    """Revenue that follows the time of a lot's window, whatever is used (ASC 606-10-55-184)."""

    method: Literal["ratable"]
    """ratable, the only method that takes a convention."""
    convention: Literal["day", "instant", "even_month", "prorated_month"] = "day"
    """Time counted in days, or in instants; or in months, the last cut off or the ends by time."""


class StandAlonePrice(Model):
    """What a wallet's credits would be sold for alone (ASC 606-10-32-31 to 34, IFRS 15.76-80)."""

    amount: PositiveQuantity
    """Money per credit, in the functional currency."""
    method: Literal["observable", "adjusted_market", "cost_plus", "residual"]
    """How it was found."""
    expected_use: PositiveShare | None = None
    """Part of the credits expected to be used; all of them where left out."""


class FreeCredits(Model):
    """Credits granted with no purchase: no revenue and no liability, only a cost."""

    cost_line: Literal["cost_of_revenue", "marketing"]
    """Where the cost of serving them is shown."""


class Chargeback(Model):
    """When disputed money leaves revenue."""

    recognise_at: Literal["dispute_opened", "lost"]
    """At once, by the expected loss, or when the dispute is lost."""
    expected_loss: ShareOrAll | None = None
    """Part of a disputed amount expected to be lost; with dispute_opened."""

    @model_validator(mode="after")
    def _loss_is_expected_only_while_open(self) -> Chargeback:
        if self.expected_loss is not None and self.recognise_at == "lost":
            refuse(
                "a loss recognised when the dispute is lost is not estimated before",
                "Remove expected_loss, or recognise at dispute_opened.",
            )
        return self


class MaterialRight(Model):
    """How the exercise of a material right is accounted for (ASC 606-10-55-42)."""

    exercise: Literal["continuation", "modification"]
    """As part of the contract that gave the right, or as a change of it."""


class Accretion(Model):
    """A significant financing component, accreted at the rate of inception."""

    method: Literal["accrete"]
    """accrete, the only method that takes a rate."""
    annual_rate: Rate
    """Interest per year: 0.06 is six per cent."""


class Tiers(Model):
    """Whether tiers that make later units cheaper give the customer a material right."""

    prospective: Literal["no_material_right", "material_right", "average_price"]
    """Recognise each tier's price, defer for the right, or spread the expected average."""


Progress = Annotated[
    Annotated[Literal["consumption", "ratable", "ratable_with_overage"], Tag("text")]
    | Annotated[Ratable, Tag("mapping")],
    Discriminator(mapping_or_text),
]

LateUsage = Annotated[
    Annotated[Literal["first_open_period", "manual"], Tag("text")]
    | Annotated[ReopenIfAbove, Tag("mapping")],
    Discriminator(mapping_or_text),
]

SignificantFinancing = Annotated[
    Annotated[Literal["auto", "always_no"], Tag("text")] | Annotated[Accretion, Tag("mapping")],
    Discriminator(mapping_or_text),
]


class Policy(Model):
    """One dated decision on any number of topics."""

    effective_from: Day
    """First day the decision applies to, in the book's time zone."""
    approved: Approval
    """The decision's approval."""
    late_usage: LateUsage | None = None
    """What becomes of usage that arrives after its period closed (ASC 250, IAS 8 and 10)."""
    breakage: dict[Name, Breakage] | None = None
    """Per wallet or offer: when credits that will never be used become revenue."""
    bonus_credits: dict[Name, Literal["pool", "ssp"]] | None = None
    """Per wallet or offer: bonus credits share the price by count, or by stand-alone price."""
    ssp: dict[Name, StandAlonePrice] | None = None
    """Per wallet: stand-alone selling price, where a price is shared by it."""
    progress: dict[Name, Progress] | None = None
    """Per wallet or offer: revenue follows use, or time, or time with estimated overage."""
    usage_accrual: dict[Name, UsageAccrual] | None = None
    """Per wallet: usage that has not arrived when a month is closed; none where left out."""
    refundable_for: dict[Name, Span] | None = None
    """Per wallet: how long after the purchase its money can be asked back; always if left out."""
    current_portion: Literal["expected", "contractual"] | None = None
    """Current is what is expected, or by contract has, to be recognised within twelve months."""
    sales_tax: Literal["exclude", "include"] | None = None
    """Whether the transaction price leaves sales tax out (election of ASC 606-10-32-2A)."""
    sfc: SignificantFinancing | None = None
    """Significant financing component: auto is none up to 12 months or when use is at will."""
    material_right: MaterialRight | None = None
    """How the exercise of a material right is accounted for."""
    free_credits: FreeCredits | None = None
    """Credits granted with no purchase."""
    credit_note: Literal["tp_reduction", "contra_at_issue"] | None = None
    """A credit note reduces the transaction price, or is contra revenue when issued."""
    chargeback: Chargeback | None = None
    """When disputed money leaves revenue."""
    as_invoiced: dict[Name, Literal["off", "on"]] | None = None
    """Per offer: the as-invoiced expedient (ASC 606-10-55-18), which prepaid credits never meet."""
    tiers: Tiers | None = None
    """What cheaper later tiers mean for revenue."""
    principal: dict[Name, Literal["principal", "agent"]] | None = None
    """Per meter: gross as principal or net as agent (ASC 606-10-55-36 to 40)."""

    @model_validator(mode="after")
    def _decides_something(self) -> Policy:
        if not self.topics:
            refuse(
                "the policy decides nothing",
                f"Name at least one topic: {', '.join(topic_names())}.",
            )
        return self

    @property
    def topics(self) -> dict[str, object]:
        """The topics this policy decides, with their models or values."""
        values = {name: getattr(self, name) for name in topic_names()}
        return {name: value for name, value in values.items() if value is not None}

    def settings(self) -> list[tuple[str, str, str, object]]:
        """The policy in long form: (topic, subject, setting, value), in authored topic order."""
        rows: list[tuple[str, str, str, object]] = []
        for topic, decided in self.topics.items():
            per_subject = decided if isinstance(decided, dict) else {DEFAULT_SUBJECT: decided}
            for subject, choice in per_subject.items():
                if isinstance(choice, Model):
                    chosen = choice.model_dump(exclude_none=True)
                    rows += [(topic, subject, key, value) for key, value in chosen.items()]
                elif isinstance(choice, Duration):
                    rows += [
                        (topic, subject, "span_count", choice.count),
                        (topic, subject, "span_unit", choice.unit),
                    ]
                else:
                    rows.append((topic, subject, "value", choice))
        return rows


def topic_names() -> tuple[str, ...]:
    """Every topic a policy can decide."""
    return tuple(name for name in Policy.model_fields if name not in ("effective_from", "approved"))
