"""Accounting policies: dated, approved choices where the standards leave one.

A topic applies from the latest policy that names it. Topics are set for the whole book, or per
wallet, offer or meter with `default` for the rest. The burn order is not among them: it belongs to
each wallet, since contracts promise it per kind of credit.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from rate_cards.values import (
    Day,
    Model,
    Name,
    Quantity,
    Rate,
    Share,
    ShareOrAll,
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
    """When credits that will never be used become revenue (ASC 606-10-55-46 to 49)."""

    method: Literal["at_expiry", "proportional", "remote", "none"]
    """At expiry; in proportion to use; once use is remote; or never."""
    expected_unused: Share | None = None
    """Part of the credits expected never to be used; with proportional."""
    inactive_months: Annotated[int, Field(strict=True, gt=0)] | None = None
    """Months without a draw after which use counts as remote; with remote."""

    @model_validator(mode="after")
    def _estimates_belong_to_their_method(self) -> Breakage:
        if (self.method == "proportional") != (self.expected_unused is not None):
            refuse(
                f"method {self.method} and expected_unused do not go together",
                "Give expected_unused with method: proportional, and with no other.",
            )
        if self.inactive_months is not None and self.method != "remote":
            refuse(
                f"method {self.method} does not take inactive_months",
                "Give inactive_months with method: remote only.",
            )
        return self


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
    """Per wallet: when credits that will never be used become revenue."""
    bonus_credits: dict[Name, Literal["pool", "ssp"]] | None = None
    """Per wallet or offer: bonus credits share the price by count, or by stand-alone price."""
    progress: dict[Name, Literal["consumption", "ratable", "ratable_with_overage"]] | None = None
    """Per wallet or offer: revenue follows use, or time, or time with estimated overage."""
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
                else:
                    rows.append((topic, subject, "value", choice))
        return rows


def topic_names() -> tuple[str, ...]:
    """Every topic a policy can decide."""
    return tuple(name for name in Policy.model_fields if name not in ("effective_from", "approved"))
