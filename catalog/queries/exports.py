"""Rate card versions and contracts as files that can be imported again and then change nothing."""

from django.db.models import QuerySet

from catalog.models import Contract, Metric, Product, RateCardVersion
from catalog.queries.cards import read_charges
from catalog.queries.contract_cells import exported
from catalog.rules.drafts import ChargeDraft, PriceDraft
from catalog.rules.files.contract_columns import CONTRACT_BOOK
from catalog.rules.files.exported_prices import rows_of
from catalog.rules.files.price_columns import PRICE_BOOK, PRICES
from catalog.rules.files.templates import written


def price_file(version: RateCardVersion, form: str) -> bytes:
    """Write all prices of a version, as `csv` or `xlsx`."""
    return written(PRICE_BOOK, {PRICES.name: rows_of(drafts_of(version))}, form)


def contract_file(contracts: QuerySet[Contract], form: str) -> bytes:
    """Write contracts with their parts, as `csv` or `xlsx`."""
    return written(CONTRACT_BOOK, exported(contracts), form)


def drafts_of(version: RateCardVersion) -> list[ChargeDraft]:
    """Give what a version says as drafts of the same."""
    stored = read_charges([version.pk]).get(version.pk, ())
    products = Product.objects.in_bulk([each.product_id for each in stored])
    metrics = Metric.objects.in_bulk([each.metric_id for each in stored])
    return [
        ChargeDraft(
            products[each.product_id].key,
            metrics[each.metric_id].key,
            tuple(PriceDraft(row.currency, row.match, row.tariff) for row in each.rows),
            each.terms,
        )
        for each in stored
    ]
