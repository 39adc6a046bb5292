"""Which accounts of an impact somebody wants to see: who pays more or less, a segment, a product, a text."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Abs

from billing.models import AccountImpact, ImpactBalance, ImpactFigure

SHOWN: Mapping[str, tuple[str, Q]] = {
    "more": ("Pay more", Q(after__gt=F("before"))),
    "less": ("Pay less", Q(after__lt=F("before"))),
    "flagged": ("Above the threshold", Q(is_flagged=True)),
    "capped": ("Hit a cap", Q(caps_after__gt=0)),
    "balances": ("Balance used up at another time", Q(pk__in=ImpactBalance.objects.values("row"))),
    "troubles": ("Not fully reckoned", ~Q(trouble="")),
}
MOVED = Q(before__lt=F("after")) | Q(before__gt=F("after"))


def chosen(rows: QuerySet[AccountImpact], asked: Mapping[str, str]) -> QuerySet[AccountImpact]:
    """Keep the rows that are asked for; a word that means nothing is as if it weren't there."""
    if asked.get("shown") in SHOWN:
        rows = rows.filter(SHOWN[asked["shown"]][1])
    if asked.get("segment"):
        rows = rows.filter(segment=asked["segment"].strip())
    if asked.get("product"):
        parts = ImpactFigure.objects.filter(MOVED, product=asked["product"].strip())
        rows = rows.filter(pk__in=parts.values("row"))
    text = asked.get("q", "").strip()
    if text:
        names = ("account__name", "account__key", "account__customer__name", "account__customer__key")
        found = Q()
        for name in names:
            found |= Q(**{f"{name}__icontains": text})
        rows = rows.filter(found)
    return rows


def by_change(rows: QuerySet[AccountImpact]) -> QuerySet[AccountImpact]:
    """Put those first that change most."""
    return rows.annotate(size=Abs(F("after") - F("before"))).order_by("-size", "pk")
