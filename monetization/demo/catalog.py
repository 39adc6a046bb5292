"""The demo's price list: imported and approved on the first day, and a change that waits for approval."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from catalog.actions import changes, metrics, price_lists, prices, rate_cards
from catalog.models import Charge, PriceRow, RateCard, RateCardVersion
from catalog.rules.published import published
from monetization.demo.company import PROVIDERS, RATES
from monetization.demo.opening import Company
from monetization.foundation.models import ChangeRequest, User
from monetization.foundation.queries import request_digest
from monetization.foundation.rules.approvals import Verdict

MINUTE = timedelta(minutes=1)
CHEAPER, DEARER = Decimal("0.9"), Decimal("1.04")


def import_prices(company: Company, effective: date, at: datetime) -> RateCard:
    """Take the published prices over as the card's first version; head of monetization approves all."""
    mia, chen = company["mia"], company["chen"]
    loaded = price_lists.load(
        environment=company.live,
        card_key="standard",
        card_name="Standard API",
        price_list=published(effective, PROVIDERS),
        factors={"USD": Decimal(1), **RATES},
        effective_date=effective,
        by=mia,
        at=at,
    )
    for version in loaded.metrics:
        request = metrics.submit(version=version, reason="Needed by the price list", by=mia, at=at)
        approve(request, chen, at + MINUTE)
    request = rate_cards.submit(
        version=loaded.version, title="Opening price list", reason="Launch", by=mia, at=at + 2 * MINUTE
    )
    approve(request, chen, at + 10 * MINUTE)
    return loaded.version.rate_card


def approve(request: ChangeRequest, by: User, at: datetime) -> None:
    """Say yes to a catalog request as it stands."""
    changes.decide(request=request, verdict=Verdict.APPROVE, seen=request_digest(request), by=by, at=at)


def propose_price_change(company: Company, card: RateCard, effective: date, at: datetime) -> RateCardVersion:
    """Draft and submit the next version: one model cheaper, one output price up, one new model."""
    mia = company["mia"]
    version = rate_cards.draft(rate_card=card, by=mia, at=at)
    _scale(version, {"provider": "openai", "model": "gpt-4o"}, CHEAPER, mia, at)
    _scale(version, {"provider": "anthropic", "model": "claude-sonnet-4-5", "token_type": "output"}, DEARER, mia, at)
    _new_model(version, mia, at)
    version = rate_cards.set_effective(version=version, effective_date=effective, by=mia, at=at)
    rate_cards.note(
        version=version, by=mia, at=at,
        notes="GPT-4o follows its provider's price cut. Claude Sonnet output rises with our cost. Lumen 1 is new.",
    )  # fmt: skip
    rate_cards.submit(
        version=version,
        title="Winter prices: GPT-4o down 10 %, Sonnet output up 4 %",
        reason="Providers changed their prices; margin on Sonnet output fell under the floor.",
        by=mia,
        at=at,
    )
    return version


def _scale(version: RateCardVersion, match: dict[str, str], factor: Decimal, by: User, at: datetime) -> None:
    rows = PriceRow.objects.filter(charge__version=version, match__contains=match)
    for row in rows.filter(unit_price__isnull=False).select_related("charge__version"):
        new = (row.unit_price or Decimal(0)) * factor
        prices.set_price(price=row, unit_price=new.normalize(), by=by, at=at)


def _new_model(version: RateCardVersion, by: User, at: datetime) -> None:
    charge = Charge.objects.filter(version=version).order_by("position").first()
    assert charge is not None
    for currency, factor in {"USD": Decimal(1), **RATES}.items():
        for kind, price in (("input", Decimal("1.20")), ("output", Decimal("4.80"))):
            match = {"provider": "lumen", "model": "lumen-1", "token_type": kind}
            prices.add_price(
                charge=charge, currency=currency, match=match, unit_price=(price * factor).normalize(), by=by, at=at
            )
