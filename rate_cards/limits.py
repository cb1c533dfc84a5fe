"""limits.yml: guardrails of users and teams over the shared pool."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rate_cards.values import Instant, Model, Name, Quantity, refuse


class Limit(Model):
    """One guardrail."""

    limit_id: Name | None = None
    """Name of the limit; limits.yml and its line where left out."""
    customer_id: Name
    """Customer whose pool is guarded."""
    scope: Literal["user", "team", "each_user", "each_team"]
    """One user or team, or every one of them by itself."""
    id: Name | None = None
    """The user or team, with scope user or team."""
    wallet: Name | None = None
    """Wallet it counts; every wallet where left out."""
    window: Literal["day", "week", "month", "total"]
    """Calendar window in the book's time zone after which counting starts again."""
    credits: Quantity
    """Most credits within the window."""
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
                f"scope {self.scope} is for all of them, yet id names one",
                f"Remove id, or use scope: {self.scope.removeprefix('each_')}.",
            )
        if self.to is not None and self.to <= self.from_:
            refuse("the limit ends before it starts", "Set to after from.")
        return self


class Limits(Model):
    """All guardrails written by hand; others come through the limits feed."""

    limits: tuple[Limit, ...]
    """The guardrails."""
