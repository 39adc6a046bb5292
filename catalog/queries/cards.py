"""Rate card versions as values: their charges with price rows, read in two queries however many rows.

Approved versions never change: their content is kept in memory, keyed by version, content digest and
currency (see `metrics.py` for why the digest). A card of 7,000 rows is read once a process.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from django.db.models import Q

from catalog.models import Charge, PriceRow, Product, RateCard, RateCardVersion, UnitRate
from catalog.models.tariffs import Priced
from catalog.queries.memory import recall
from catalog.queries.metrics import latest_terms, metrics_in_force
from catalog.rules.cards import CardCharge, CardPrice
from catalog.rules.diff import Difference
from catalog.rules.diff import difference as compare
from catalog.rules.drafts import PLAIN, ChargeTerms, Cut
from catalog.rules.tariffs import Tariff, WrittenModel
from catalog.rules.terms import MetricTerms, PerTransaction, Price, Reset, Source, Tier, dims_of
from catalog.rules.units import Rates, rate_in
from catalog.rules.written import FEES, ROUNDINGS
from monetization.values.periods import local_midnight

ALL = ""
KEPT = 64
OF_ROW = ("charge_id", "pk", "currency", "match", "model", "unit_price", "packages", "retroactive", *FEES)
OF_TIER = ("up_to", "unit_price", "flat_fee", "block_size")


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A price row as it stands in the table."""

    row_id: int
    currency: str
    match: Mapping[str, str]
    tariff: Tariff


@dataclass(frozen=True, slots=True)
class StoredCharge:
    """A charge as it stands in the table; product and metric by id, because their names may change. `rates`: what its
    pricing unit is worth by its version.
    """

    charge_id: int
    product_id: int
    metric_id: int
    rows: tuple[StoredRow, ...]
    terms: ChargeTerms = PLAIN
    rates: Rates = ()


@dataclass(frozen=True, slots=True)
class CardVersion:
    """What resolving terms needs to know of an approved version."""

    pk: int
    digest: bytes
    number: int
    card: str
    owner: str
    approval: str
    effective_date: Any
    effective_at: datetime | None

    def starts_at(self, zone: str) -> datetime:
        """Give the instant from which it is in force for accounts of a time zone."""
        if self.effective_at is not None:
            return self.effective_at
        return local_midnight(self.effective_date, zone)

    @property
    def source(self) -> Source:
        return Source(self.card, self.number, self.pk, self.owner, self.approval)


_known: dict[tuple[int, bytes, str], tuple[StoredCharge, ...]] = {}
_made: dict[tuple[Any, ...], tuple[Price, ...]] = {}


def approved_versions(rate_card_id: int) -> list[CardVersion]:
    """List a card's approved versions in the order of their numbers, in one query."""
    rows = (
        RateCardVersion.objects.filter(rate_card=rate_card_id, status="APPROVED")
        .order_by("number")
        .values_list(
            "pk", "content_digest", "number", "rate_card__key", "rate_card__owner_id",
            "request_id", "effective_date", "effective_at",
        )
    )  # fmt: skip
    return [
        CardVersion(
            pk, bytes(digest or b""), number, key, f"foundation.user:{owner}",
            f"foundation.change_request:{request}", day, at,
        )
        for pk, digest, number, key, owner, request, day, at in rows
    ]  # fmt: skip


def live_version(
    rate_card: RateCard, at: datetime, zone: str = "UTC", exclude: int | None = None
) -> RateCardVersion | None:
    """Find the version in force at an instant in a zone; None before the first one."""
    started = [
        (version.starts_at(zone), version.number, version.pk)
        for version in approved_versions(rate_card.pk)
        if version.starts_at(zone) <= at and version.pk != exclude
    ]
    return RateCardVersion.objects.get(pk=max(started)[2]) if started else None


def stored_charges(versions: Sequence[tuple[int, bytes]], currency: str) -> dict[int, tuple[StoredCharge, ...]]:
    """Give the charges of approved versions in one currency, from memory where they were read before."""

    def read(missing: Sequence[tuple[int, bytes, str]]) -> dict[tuple[int, bytes, str], tuple[StoredCharge, ...]]:
        charges = read_charges([pk for pk, *_ in missing], currency)
        return {key: charges.get(key[0], ()) for key in missing}

    found = recall(_known, [(*each, currency) for each in versions], read, KEPT)
    return {pk: charges for (pk, *_), charges in found.items()}


def read_charges(version_ids: Sequence[int], currency: str = ALL) -> dict[int, tuple[StoredCharge, ...]]:
    """Read charges, rows and tiers of versions in two queries; ALL reads every currency.

    One more query reads the rates of pricing units, if any. A charge whose unit has none in the currency has no rows.
    """
    found = Charge.objects.filter(version__in=version_ids).select_related("pricing_unit")
    charges = list(found.order_by("version_id", "position", "pk"))
    in_units = {each.pk for each in charges if each.pricing_unit_id is not None}
    rates = rates_of(version_ids) if in_units else {}
    worth = {each.pk: rates.get((each.version_id, each.pricing_unit_id), ()) for each in charges}
    able = {pk for pk in in_units if currency == ALL or rate_in(worth[pk], currency) is not None}
    rows = _rows([each.pk for each in charges if each.pk not in in_units], able, currency)
    return {
        version: tuple(
            StoredCharge(
                each.pk, each.product_id, each.metric_id, rows.get(each.pk, ()), terms_of(each), worth[each.pk]
            )
            for each in found
        )
        for version, found in groupby(charges, attrgetter("version_id"))
    }  # fmt: skip


def rates_of(version_ids: Sequence[int]) -> dict[tuple[int, int | None], Rates]:
    """Map versions and pricing units to what one unit is worth, in one query."""
    found: dict[tuple[int, int | None], Rates] = {}
    rates = UnitRate.objects.filter(version__in=version_ids).order_by("version_id", "unit_id", "currency")
    for version, unit, currency, rate in rates.values_list("version_id", "unit_id", "currency", "rate"):
        found[version, unit] = (*found.get((version, unit), ()), (currency, rate))
    return found


def rates_by_key(version: RateCardVersion) -> dict[str, Rates]:
    """Map the pricing units of a version, by key, to what one is worth."""
    found: dict[str, Rates] = {}
    rates = version.unit_rates.order_by("unit__key", "currency").values_list("unit__key", "currency", "rate")
    for unit, currency, rate in rates:
        found[unit] = (*found.get(unit, ()), (currency, rate))
    return found


def terms_of(charge: Charge) -> ChargeTerms:
    """Give how a charge counts."""
    return ChargeTerms(
        charge.free_units, charge.flat_at_zero, tuple(charge.tier_by), Cut(charge.cut), charge.highest_of,
        charge.rounds_as_one, Reset(charge.tier_reset),
        charge.pricing_unit.key if charge.pricing_unit is not None else "",
    )  # fmt: skip


def version_content(version: RateCardVersion) -> tuple[CardCharge, ...]:
    """Give a version's content as values, in the order written, for difference, checks and digest.

    A charge's metric is the version in force when the prices take effect; where none is approved by
    then, the newest one that is proposed. Charges whose metric has no version at all are left out.
    """
    stored = read_charges([version.pk]).get(version.pk, ())
    return card_charges(stored, version, effective_instant(version))


def effective_instant(version: RateCardVersion, zone: str = "UTC") -> datetime | None:
    """Give the instant from which a version is meant to be in force in a zone; None if not yet set."""
    if version.effective_at is not None or version.effective_date is None:
        return version.effective_at
    return local_midnight(version.effective_date, zone)


def card_charges(
    stored: Sequence[StoredCharge], version: RateCardVersion, at: datetime | None
) -> tuple[CardCharge, ...]:
    """Turn stored charges into what the rules compare and check."""
    card = version.rate_card
    metrics = latest_terms([each.metric_id for each in stored])
    if at is not None:
        metrics |= metrics_in_force(card.environment_id, at)
    products = Product.objects.in_bulk([each.product_id for each in stored])
    source = Source(card.key, version.number, version.pk)
    return tuple(
        _card_charge(each, products[each.product_id], metrics[each.metric_id], source)
        for each in stored
        if each.metric_id in metrics
    )


def difference(old: RateCardVersion | None, new: RateCardVersion) -> Difference:
    """Compare a version with another one, or with nothing."""
    return compare(version_content(old) if old is not None else (), version_content(new))


def price_of(row: StoredRow, order: Sequence[str], source: Source) -> Price:
    """Give a row as the price that rating uses; its dimension values stand in the metric's order."""
    match = dims_of(row.match, order)
    key = " ".join(f"{name}={value}" for name, value in match)
    return row.tariff.price(row.row_id, f"{row.currency} {key}".strip(), match, source)


def prices_of(stored: StoredCharge, order: tuple[str, ...], version: CardVersion, currency: str) -> tuple[Price, ...]:
    """Give an approved charge's rows as prices; the same object each time, so that it can be indexed."""
    key = (stored.charge_id, version, order, currency)
    made = _made.get(key)
    if made is None:
        if len(_made) >= KEPT * 4:
            _made.clear()
        made = _made[key] = tuple(price_of(row, order, version.source) for row in stored.rows)
    return made


def _card_charge(stored: StoredCharge, product: Product, metric: MetricTerms, source: Source) -> CardCharge:
    order = metric.order
    return CardCharge(
        product=product.key,
        name=product.name,
        tax_category=product.tax_category,
        metric=metric,
        prices=tuple(CardPrice(row.currency, price_of(row, order, source), row.tariff.model) for row in stored.rows),
        terms=stored.terms,
        rates=stored.rates,
    )


def _rows(charge_ids: Sequence[int], in_units: Collection[int], currency: str) -> dict[int, tuple[StoredRow, ...]]:
    wanted = Q(charge__in=charge_ids) if currency == ALL else Q(charge__in=charge_ids, currency=currency)
    if in_units:
        wanted |= Q(charge__in=in_units) if currency == ALL else Q(charge__in=in_units, currency="")
    found = PriceRow.objects.filter(wanted)
    names = (*OF_ROW, *(f"tiers__{name}" for name in OF_TIER), "tiers__pk")
    steps: Iterable[Any] = found.order_by("charge_id", "pk", "tiers__position").values_list(*names)
    rows = ((charge, _row(list(parts))) for (charge, _), parts in groupby(steps, itemgetter(0, 1)))
    return {charge: tuple(row for _, row in each) for charge, each in groupby(rows, itemgetter(0))}


def _row(steps: list[Any]) -> StoredRow:
    """Make a row from its join with its tiers."""
    _, pk, currency, match, *numbers = steps[0][: len(OF_ROW)]
    tiers = tuple(Tier(*step[len(OF_ROW) : -1]) for step in steps if step[-1] is not None)
    return StoredRow(pk, currency, match, tariff_from_row(tiers, *numbers))


def tariff_of_row(row: Priced) -> Tariff:
    """Give what a row costs; tiers that were fetched before are not asked for again."""
    tiers = tuple(Tier(*(getattr(tier, name) for name in OF_TIER)) for tier in row.tiers.all())
    return tariff_from_row(tiers, *(getattr(row, name) for name in OF_ROW[4:]))


def tariff_from_row(
    tiers: tuple[Tier, ...], model: str, unit_price: Decimal | None, packages: str, retroactive: bool, *fees: Any
) -> Tariff:
    """Read the columns of a row; one that is one number stands for one open tier."""
    written = WrittenModel(model)
    if unit_price is not None:
        tiers = (Tier(unit_price=unit_price),)
    rule = PerTransaction(*fees) if written is WrittenModel.PERCENTAGE else None
    return Tariff(written, tiers, ROUNDINGS[packages] if packages else None, retroactive, rule)
