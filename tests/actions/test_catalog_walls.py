"""What the database holds, whoever writes SQL as the application: frozen terms, no approval by hand, own rows."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from catalog.models import (
    Charge,
    Contract,
    Metric,
    MetricDimension,
    MetricMeasure,
    MetricVersion,
    PriceRow,
    PriceTier,
    Product,
    RateCard,
    RateCardVersion,
)
from catalog.rules.versions import VersionStatus
from tests import deals
from tests.make import World

TIERED = ("100", "3", "0"), (None, "2", "0")
REFUSED = (IntegrityError, ProgrammingError)


@pytest.fixture
def terms(world: World) -> dict[str, int]:
    """Approved terms of every kind, by table."""
    metric = deals.metric(world)
    deals.product(world)
    rows = [deals.graduated("EUR", {}, *TIERED), *deals.prices([("gpt-4o", "", "2")])]
    version = deals.approved(world, deals.version(world, deals.card(world), rows=rows))
    contract = deals.contract(world, world.acme, version.rate_card)
    price = PriceRow.objects.get(charge__version=version, model="GRADUATED")
    return {
        "catalog_metricversion": metric.pk,
        "catalog_metricmeasure": metric.measures.first().pk,
        "catalog_metricdimension": metric.dimensions.first().pk,
        "catalog_ratecardversion": version.pk,
        "catalog_charge": price.charge_id,
        "catalog_pricerow": price.pk,
        "catalog_pricetier": price.tiers.first().pk,
        "catalog_contract": contract.pk,
    }


def row(table: str, pk: int) -> tuple:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(t) FROM {table} t WHERE id = %s", [pk])
        return cursor.fetchone()


def refused(sql: str, *values: object) -> None:
    with pytest.raises(REFUSED), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("catalog_metricversion", "divisor", "1"),
        ("catalog_metricversion", "effective_at", "'2020-01-01Z'"),
        ("catalog_metricversion", "filters", "'[1]'"),
        ("catalog_metricversion", "content_digest", "'\\x00'"),
        ("catalog_metricmeasure", "field", "'other'"),
        ("catalog_metricmeasure", "version_id", "version_id + 1"),
        ("catalog_metricdimension", "thresholds", "'{5}'"),
        ("catalog_ratecardversion", "effective_date", "'2020-01-01'"),
        ("catalog_ratecardversion", "notes", "'nothing to see'"),
        ("catalog_ratecardversion", "request_id", "NULL"),
        ("catalog_ratecardversion", "content_digest", "'\\x00'"),
        ("catalog_ratecardversion", "created_by_id", "created_by_id + 1"),
        ("catalog_charge", "product_id", "product_id + 1"),
        ("catalog_pricerow", "currency", "'USD'"),
        ("catalog_pricerow", "match", "'{}'"),
        ("catalog_pricetier", "unit_price", "0"),
        ("catalog_pricetier", "up_to", "1"),
        ("catalog_contract", "discount_percent", "99"),
        ("catalog_contract", "end_date", "'2027-01-01'"),
        ("catalog_contract", "rate_card_id", "rate_card_id + 1"),
    ],
)
def test_nothing_approved_is_changed_or_deleted(terms, table: str, column: str, value: str) -> None:
    pk, before, rows = terms[table], row(table, terms[table]), count(table)
    refused(f"UPDATE {table} SET {column} = {value} WHERE id = %s", pk)
    refused(f"DELETE FROM {table} WHERE id = %s", pk)
    refused(f"TRUNCATE {table} CASCADE")
    assert row(table, pk) == before
    assert count(table) == rows


def test_nothing_is_added_to_what_is_approved(world: World, terms) -> None:
    before = {table: count(table) for table in terms}
    product = deals.product(world, "late")
    metric = MetricVersion.objects.get(pk=terms["catalog_metricversion"])
    version = RateCardVersion.objects.get(pk=terms["catalog_ratecardversion"])
    price = PriceRow.objects.get(pk=terms["catalog_pricerow"])
    for late in (
        MetricMeasure(version=metric, value="late", field="late"),
        MetricDimension(version=metric, key="late", field="late"),
        Charge(version=version, product=product, metric=metric.metric),
        PriceRow(charge=price.charge, currency="EUR", match={"model": "late"}, model="PER_UNIT", unit_price=0),
        PriceTier(price=price, position=9, unit_price=0),
    ):
        with pytest.raises(IntegrityError, match="belongs to something frozen"), transaction.atomic():
            late.save()
    assert {table: count(table) for table in terms} == before


@pytest.mark.parametrize("table", ["catalog_metricversion", "catalog_ratecardversion", "catalog_contract"])
def test_no_status_moves_by_hand_off_the_arrows(terms, table: str) -> None:
    before = row(table, terms[table])
    for status in VersionStatus:
        if status is not VersionStatus.APPROVED:  # not even along an arrow, unless its request was taken back
            refused(f"UPDATE {table} SET status = %s WHERE id = %s", status.value, terms[table])
    assert row(table, terms[table]) == before


def test_nobody_approves_by_sql(world: World, terms) -> None:
    """Neither born approved, nor moved there without an approved request that has this content."""
    draft = deals.draft_contract(world, world.globex, RateCard.objects.get())
    approved = Contract.objects.get(pk=terms["catalog_contract"])
    table = "catalog_contract"
    refused(f"UPDATE {table} SET status = 'APPROVED' WHERE id = %s", draft.pk)
    refused(f"UPDATE {table} SET status = 'SUBMITTED' WHERE id = %s", draft.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET status = 'SUBMITTED', request_id = %s, content_digest = %s WHERE id = %s",
            [approved.request_id, bytes(approved.content_digest), draft.pk],
        )
    refused(f"UPDATE {table} SET status = 'APPROVED' WHERE id = %s", draft.pk)
    columns = (
        "account_id, key, environment_id, name, legal_entity_id, rate_card_id, currency, start_date, cadence,"
        " anchor, discount_percent, net_days, purchase_order, created_by_id, last_edited_by_id, created_at, edited_at"
    )
    refused(
        f"INSERT INTO {table} (status, {columns}) SELECT 'APPROVED', {columns.replace(', key', ', key || 1')}"
        " FROM catalog_contract WHERE id = %s", draft.pk,
    )  # fmt: skip
    draft.refresh_from_db()
    assert draft.status == "SUBMITTED"
    assert Contract.objects.filter(status="APPROVED").count() == 1


def test_two_contracts_of_an_account_never_overlap(world: World, terms) -> None:
    """The database refuses what the action would have refused with a sentence."""
    draft = deals.draft_contract(world, world.acme, RateCard.objects.get(), key="second")
    from catalog.actions import governed

    request = governed.propose(
        draft, title="Second", reason="", facts={}, effective_at=None, by=world.chen, at=draft.created_at
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE foundation_changerequest SET status = 'APPROVED' WHERE id = %s", [request.pk])
    refused("UPDATE catalog_contract SET status = 'APPROVED' WHERE id = %s", draft.pk)


def test_a_draft_may_be_edited_and_deleted(world: World, terms) -> None:
    from catalog.actions import rate_cards

    draft = rate_cards.draft(rate_card=RateCard.objects.get(), by=world.mia, at=deals.AT)
    assert PriceRow.objects.filter(charge__version=draft).update(currency="USD") == 2
    draft.delete()
    assert RateCardVersion.objects.count() == 1


MODELS = (
    Contract, RateCard, RateCardVersion, Charge, PriceRow, PriceTier, Product, Metric, MetricVersion, MetricMeasure,
    MetricDimension,
)  # fmt: skip


def seen_by_portal(*accounts: int) -> dict[str, int]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE portal")
        cursor.execute("SELECT set_config('portal.account_ids', %s, true)", [",".join(map(str, accounts))])
        found = {model.__name__: model._default_manager.count() for model in MODELS}
        cursor.execute("RESET ROLE")
    return found


def test_the_portal_sees_the_terms_of_its_own_accounts_only(world: World, terms) -> None:
    deals.draft_contract(world, world.acme_us, RateCard.objects.get())
    deals.approved(world, deals.version(world, deals.card(world, "secret")))
    own = {
        "Contract": 1, "RateCard": 1, "RateCardVersion": 1, "Charge": 1, "PriceRow": 2, "PriceTier": 2, "Product": 1,
        "Metric": 1, "MetricVersion": 1, "MetricMeasure": 2, "MetricDimension": 1,
    }  # fmt: skip
    assert seen_by_portal(world.acme.pk) == own
    assert seen_by_portal() == dict.fromkeys(own, 0)
    without_contract = seen_by_portal(world.acme_us.pk)
    assert {name: n for name, n in without_contract.items() if n} == {
        "Product": 1, "Metric": 1, "MetricVersion": 1, "MetricMeasure": 2, "MetricDimension": 1,
    }  # fmt: skip
    assert seen_by_portal(world.acme_sandbox.pk) == dict.fromkeys(own, 0)


def test_the_portal_resolves_terms_and_writes_nothing(world: World, terms) -> None:
    from catalog.queries import cards, metrics, period_of, terms_for

    contract = Contract.objects.select_related("account").get(pk=terms["catalog_contract"])
    period = period_of(contract, deals.AT)
    expected = terms_for(contract=contract, period=period)
    for memory in (cards._known, cards._made, metrics._known):
        memory.clear()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE portal")
        cursor.execute("SELECT set_config('portal.account_ids', %s, true)", [str(world.acme.pk)])
        assert terms_for(contract=contract, period=period) == expected
        for model in MODELS:
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                cursor.execute(f"DELETE FROM {model._meta.db_table}")
        cursor.execute("RESET ROLE")
