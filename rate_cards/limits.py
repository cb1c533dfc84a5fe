"""limits.yml: guardrails of users, teams and whole organisations over the shared pool."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rate_cards.values import Currency, Instant, Model, Name, Quantity, refuse


class Limit(Model):
    """One guardrail."""

    limit_id: Name | None = None
    """Name of the limit; limits.yml and its line where left out."""
    customer_id: Name
    """Customer whose pool is guarded."""
    scope: Literal["user", "team", "each_user", "each_team", "organisation"]
    """One user or team, every one of them by itself, or all usage the customer's pool pays for."""
    id: Name | None = None
    """The user or team, with scope user or team."""
    wallet: Name | None = None
    """Wallet in which the chain of the usage it counts begins; any wallet where left out."""
    window: Literal["day", "week", "month", "total"]
    """Calendar window in the book's time zone after which counting starts again."""
    credits: Quantity | None = None
    """Most credits within the window, in the first wallet of the price."""
    amount: Quantity | None = None
    """Most money within the window: usage counts at its money price (decision 16)."""
    currency: Currency | None = None
    """Currency of the amount; what is priced in another one is not guessed at."""
    action: Literal["flag", "overage", "unfunded"]
    """Only report what goes beyond, bill it, or leave it unpaid."""
    from_: Annotated[Instant, Field(alias="from")]
    """First instant it applies."""
    to: Instant | None = None
    """First instant it no longer applies."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names_one = self.scope in ("user", "team")
        if names_one and self.id is None:
            refuse(f"scope {self.scope} names no {self.scope}", f"Add id: the {self.scope}'s id.")
        if not names_one and self.id is not None:
            refuse(
                f"scope {self.scope} is not for one of them, yet id names one",
                "Remove id, or use scope: user or scope: team.",
            )
        if (self.credits is None) == (self.amount is None):
            refuse(
                "the limit needs credits or amount, and not both",
                "Write credits: 500, or amount: 20.00 with currency: USD.",
            )
        if (self.amount is None) != (self.currency is None):
            refuse(
                "amount and currency belong together",
                "Write both, such as amount: 20.00 and currency: USD, or neither.",
            )
        if self.to is not None and self.to <= self.from_:
            refuse("the limit ends before it starts", "Set to after from.")
        return self


class Limits(Model):
    """All guardrails written by hand; others come through the limits feed."""

    limits: tuple[Limit, ...]
    """The guardrails."""
