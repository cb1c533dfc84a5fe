"""A plain recognition of revenue, lot by lot and month by month: slow, obvious, without SQL.

It takes lots and what happened to their credits as given (other tests prove those) and knows the
rules: breakage at expiry, in proportion to use, when use is remote, or none; a share owed to a
state; revenue by time in four conventions; policies as they were known when a month was closed.
Money is counted in whole minor units, parts of a lot in whole billionths, as the books keep them.
Tests compare the engine with it; nothing else may import it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

BILLION = 10**9
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
FIGURES = ("usage", "late", "breakage", "escheated", "refunded")


def rounded(value: Fraction) -> int:
    """To a whole number, half away from zero."""
    half = Fraction(1, 2)
    return -int(-value + half) if value < 0 else int(value + half)


def first_of(moment: datetime) -> date:
    return date(moment.year, moment.month, 1)


def following(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def start_of(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def part_of(price: int, part: timedelta, whole: timedelta) -> int:
    """The part of a price that a part of a time earns."""
    tick = timedelta(microseconds=1)
    return rounded(Fraction(price * (part // tick), whole // tick))


def months_from(first: date, last: date) -> int:
    return 12 * (last.year - first.year) + last.month - first.month


@dataclass(frozen=True)
class Lot:
    """Credits in billionths, considerations in minor units; times in UTC."""

    lot_id: str
    pool: str
    wallet: str
    credits: int
    consideration: int
    functional: int
    is_owed_back: bool
    effective_at: datetime
    usable_from: datetime
    expires_at: datetime | None


@dataclass(frozen=True)
class Moved:
    """Credits that left a lot: cause is used, late, ended or refunded."""

    lot_id: str
    month: date
    cause: str
    credits: int


@dataclass(frozen=True)
class Removal:
    """What was asked out of a lot, whether or not its credits were still there."""

    removal_id: str
    lot_id: str
    at: datetime
    credits: int
    is_refund: bool


@dataclass(frozen=True)
class Policy:
    """A decision on the breakage or the progress of one wallet, or of `default`."""

    topic: str
    subject: str
    effective_at: datetime
    approved_at: datetime
    method: str
    expected_unused: Fraction = Fraction(0)
    escheat_share: Fraction = Fraction(0)
    months_inactive: int | None = None
    convention: str = "day"


@dataclass(frozen=True)
class Recognition:
    """The rules applied to one set of lots.

    Attributes:
        closes: Month -> when it was closed.
        first: First month of the books.
        until: End of the books.
    """

    lots: tuple[Lot, ...]
    moved: tuple[Moved, ...]
    removals: tuple[Removal, ...]
    policies: tuple[Policy, ...]
    closes: dict[date, datetime]
    first: date
    until: datetime

    def months(self) -> list[date]:
        found = [self.first]
        while start_of(following(found[-1])) < self.until:
            found.append(following(found[-1]))
        return found

    def policy(self, topic: str, wallet: str, month: date, at: datetime) -> Policy | None:
        """The latest decision on a wallet, or else on all, known when the month was closed."""
        known = self.closes.get(month, FOREVER)
        for subject in (wallet, "default"):
            found = [
                policy
                for policy in self.policies
                if (policy.topic, policy.subject) == (topic, subject)
                and policy.approved_at < known
                and policy.effective_at <= at
            ]
            if found:
                return max(found, key=lambda policy: policy.effective_at)
        return None

    def parts_used(self, lot: Lot) -> tuple[int, dict[date, dict[str, int]]]:
        """The parts of a lot whose revenue follows use, and those settled month by month."""
        happened: dict[tuple[date, str], int] = defaultdict(int)
        for move in self.moved:
            if move.lot_id == lot.lot_id:
                happened[move.month, move.cause] += move.credits
        to_date = dict.fromkeys(("used", "late", "ended", "refunded"), 0)
        before = dict.fromkeys(FIGURES, 0)
        owed = 0
        settled: dict[date, dict[str, int]] = {}
        for month in self.months():
            if month < first_of(lot.usable_from):
                continue
            for cause in to_date:
                to_date[cause] += happened[month, cause]
            used = to_date["used"] + to_date["late"]
            estimated, share, is_over = self.estimated(
                lot, month, used, to_date["ended"], to_date["refunded"]
            )
            owed += rounded(happened[month, "ended"] * share)
            waits = rounded(estimated * share)
            now = {
                "usage": to_date["used"],
                "late": to_date["late"],
                "breakage": to_date["ended"] - owed + estimated - waits,
                "escheated": owed + (waits if is_over else 0),
                "refunded": to_date["refunded"],
            }
            settled[month] = {name: now[name] - before[name] for name in FIGURES}
            before = now
            if used + to_date["ended"] + to_date["refunded"] == lot.credits:
                break
        return lot.credits, settled

    def estimated(
        self, lot: Lot, month: date, used: int, ended: int, refunded: int
    ) -> tuple[int, Fraction, bool]:
        """Credits that have not ended and count as never used, a state's share, and if it is due.

        A state's share of credits whose use is remote is due; of others only once they end.
        """
        end = min(start_of(following(month)), self.until)
        policy = self.policy("breakage", lot.wallet, month, end - timedelta(microseconds=1))
        if policy is None or lot.is_owed_back:
            return 0, Fraction(0), False
        not_used = lot.credits - used - refunded
        if policy.method == "proportional":
            expected = policy.expected_unused
            counted = min(not_used, rounded(used * expected / (1 - expected)))
            return max(0, counted - ended), policy.escheat_share, False
        if (
            policy.method == "remote"
            and policy.months_inactive is not None
            and end == start_of(following(month))
            and months_from(self.last_active(lot, month), month) >= policy.months_inactive
        ):
            return not_used - ended, policy.escheat_share, True
        return 0, policy.escheat_share, False

    def last_active(self, lot: Lot, month: date) -> date:
        """The last month in which the wallet was used, or money was paid into it."""
        beside = {other.lot_id: other for other in self.lots if other.pool == lot.pool}
        beside = {name: other for name, other in beside.items() if other.wallet == lot.wallet}
        bought = [first_of(o.usable_from) for o in beside.values() if o.consideration]
        used = [m.month for m in self.moved if m.lot_id in beside and m.cause in ("used", "late")]
        return max(found for found in [*bought, *used] if found <= month)

    def earned(self, lot: Lot, convention: str, at: datetime) -> int:
        """Minor units of a lot that time has earned by an instant."""
        assert lot.expires_at is not None
        starts, ends, price = lot.effective_at, lot.expires_at, lot.consideration
        if at <= starts:
            return 0
        if at >= ends:
            return price
        if convention == "instant":
            return part_of(price, at - starts, ends - starts)
        last = at - timedelta(microseconds=1)
        if convention == "day":
            days = max(1, (ends.date() - starts.date()).days)
            begun = min(days, (last.date() - starts.date()).days + 1)
            return rounded(Fraction(price * begun, days))
        if convention == "even_month":
            months = max(1, months_from(first_of(starts), first_of(ends)))
            begun = min(months, months_from(first_of(starts), first_of(last)) + 1)
            return price if begun == months else begun * (price // months)
        whole = first_of(starts)
        if start_of(whole) < starts:
            whole = following(whole)
        between = [whole]
        while between[-1] < first_of(ends):
            between.append(following(between[-1]))
        between.pop()
        if not between or whole >= first_of(ends):
            return part_of(price, at - starts, ends - starts)
        head, tail = start_of(whole), start_of(first_of(ends))
        outside = (head - starts) + (ends - tail)
        inside = price - part_of(price, outside, ends - starts)
        elapsed = (min(at, head) - starts) + max(timedelta(0), at - tail)
        begun = sum(1 for month in between if start_of(month) < at)
        by_month = inside if begun == len(between) else begun * (inside // len(between))
        return part_of(price, elapsed, ends - starts) + by_month

    def parts_by_time(self, lot: Lot, convention: str) -> tuple[int, dict[date, dict[str, int]]]:
        """The parts of a lot that time earns, in billionths of minor units, month by month."""
        settled: dict[date, dict[str, int]] = defaultdict(lambda: dict.fromkeys(FIGURES, 0))
        price, gone, asked = lot.consideration, 0, 0
        earned = self.earned(lot, convention, lot.usable_from)
        settled[first_of(lot.usable_from)]["late"] = earned * BILLION
        for month in self.months():
            if month < first_of(lot.usable_from):
                continue
            taken = [
                removal
                for removal in self.removals
                if removal.lot_id == lot.lot_id and first_of(removal.at) == month
            ]
            for removal in sorted(taken, key=lambda removal: (removal.at, removal.removal_id)):
                now = self.earned(lot, convention, removal.at)
                settled[month]["usage"] += (BILLION - gone) * (now - earned)
                earned = now
                asked = min(lot.credits, asked + removal.credits)
                before, gone = gone, rounded(Fraction(asked * BILLION, lot.credits))
                cause = "refunded" if removal.is_refund else "breakage"
                settled[month][cause] += (gone - before) * (price - now)
            now = self.earned(lot, convention, min(start_of(following(month)), self.until))
            settled[month]["usage"] += (BILLION - gone) * (now - earned)
            earned = now
        return price * BILLION, dict(settled)

    def schedule(self, lot: Lot) -> dict[date, dict[str, tuple[int, int]]]:
        """Month -> figure -> minor units in the lot's and in the functional currency."""
        if not lot.consideration:
            return {}
        policy = self.policy("progress", lot.wallet, first_of(lot.usable_from), lot.usable_from)
        if policy is not None and policy.method == "ratable":
            parts, settled = self.parts_by_time(lot, policy.convention)
        else:
            parts, settled = self.parts_used(lot)
        found: dict[date, dict[str, tuple[int, int]]] = {}
        done = 0
        for month in sorted(settled):
            found[month] = {}
            for name in FIGURES:
                after = done + settled[month][name]
                found[month][name] = (
                    released(lot.consideration, done, after, parts),
                    released(lot.functional, done, after, parts),
                )
                done = after
        return found


def released(money: int, before: int, after: int, parts: int) -> int:
    """Minor units between two positions: a difference of two values of one rounded function."""
    if not parts:
        return 0
    return rounded(Fraction(money * after, parts)) - rounded(Fraction(money * before, parts))


def nonzero(
    found: Iterable[tuple[str, date, str, int, int]],
) -> dict[tuple[str, date, str], object]:
    """Figures that are not nothing, by lot, month and name."""
    return {
        (lot, month, name): (own, functional)
        for lot, month, name, own, functional in found
        if own or functional
    }
