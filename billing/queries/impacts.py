"""What an impact found, for one reader: rows of the accounts that he sees, and sums of these alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Abs

from billing.models import AccountImpact, Impact, ImpactBalance, ImpactFigure
from monetization.foundation.models import ChangeRequest, User
from monetization.foundation.queries import accounts_for
from monetization.values.money import EXACT

SUMS = ("before", "after", "covered_before", "covered_after")
BY = {"month": "month", "product": "product", "segment": "row__segment"}
MORE, LESS = Q(after__gt=F("before")), Q(after__lt=F("before"))
EARLIER = Q(ends_after__isnull=False) & (Q(ends_before=None) | Q(ends_after__lt=F("ends_before")))


@dataclass(frozen=True, slots=True)
class Sums:
    """Billed, and covered by commits and credits, both ways; ``of``: a month, a product, a segment, or all."""

    of: Any
    currency: str
    before: Decimal
    after: Decimal
    covered_before: Decimal
    covered_after: Decimal

    @property
    def change(self) -> Decimal:
        """How much more is billed."""
        return EXACT.subtract(self.after, self.before)

    @property
    def covered_change(self) -> Decimal:
        """How much more balances cover."""
        return EXACT.subtract(self.covered_after, self.covered_before)


@dataclass(frozen=True, slots=True)
class Summary:
    """All of an impact in one currency: sums, and how many accounts pay more, less, the same, much more or less."""

    total: Sums
    accounts: int
    more: int
    less: int
    flagged: int
    caps_before: int
    caps_after: int
    earlier: int
    troubles: int

    @property
    def same(self) -> int:
        """How many pay what they paid."""
        return self.accounts - self.more - self.less


def latest_impact(request: ChangeRequest) -> Impact | None:
    """Find the impact that was begun last."""
    return request.impacts.select_related("made_by", "request", "environment").order_by("-pk").first()


def rows_seen(impact: Impact, user: User) -> QuerySet[AccountImpact]:
    """Return the rows of accounts that somebody may see, whoever pays most more first."""
    seen = accounts_for(user, impact.environment)
    return impact.rows.filter(account__in=seen).select_related("account__customer")


def summaries(rows: QuerySet[AccountImpact]) -> list[Summary]:
    """Sum rows up, one summary a currency, in two queries."""
    counted = {
        "accounts": Count("pk"), "more": Count("pk", MORE), "less": Count("pk", LESS),
        "flagged": Count("pk", Q(is_flagged=True)), "troubles": Count("pk", ~Q(trouble="")),
        "caps": Sum("caps_before"), "caps_now": Sum("caps_after"), **{f"sum_{name}": Sum(name) for name in SUMS},
    }  # fmt: skip
    earlier = ImpactBalance.objects.filter(EARLIER, row__in=rows.order_by())
    moved = dict(earlier.order_by().values_list("row__currency").annotate(Count("pk")))
    found: Any = rows.order_by("currency").values("currency").annotate(**counted)
    return [_summary(each, moved) for each in found]


def sums_by(rows: QuerySet[AccountImpact], what: str) -> list[Sums]:
    """Sum the figures of rows by `month`, `product` or `segment`, and currency."""
    column = BY[what]
    figures = ImpactFigure.objects.filter(row__in=rows.order_by()).order_by("row__currency", column)
    found = figures.values_list(column, "row__currency").annotate(*(Sum(name) for name in SUMS))
    return [Sums(*each) for each in found]


def largest_of(rows: QuerySet[AccountImpact], currency: str) -> AccountImpact | None:
    """Find the account of a currency that changes most; None where none does."""
    mine = rows.filter(currency=currency).exclude(before=F("after"))
    return mine.annotate(size=Abs(F("after") - F("before"))).order_by("-size", "pk").first()


def months_of(impact: Impact) -> Sequence[date]:
    """List the first days of the months looked at."""
    start = 12 * impact.first_day.year + impact.first_day.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(start, start + impact.months)]


def _summary(found: dict[str, Any], moved: dict[str, int]) -> Summary:
    currency = found["currency"]
    return Summary(
        Sums("", currency, *(found[f"sum_{name}"] for name in SUMS)), found["accounts"], found["more"], found["less"],
        found["flagged"], found["caps"], found["caps_now"], moved.get(currency, 0), found["troubles"],
    )  # fmt: skip
