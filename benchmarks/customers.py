"""Customers to be billed at scale: a contract for each of the bench's accounts, and a month of hourly usage.

The first contract is made by the product's own actions (a card of two versions, a fee, a commit), then copied by SQL
past the triggers, as 10,000 approvals would only measure approvals. The month lies ahead, so the bench's own worker,
which drafts what is due by now, leaves it alone. Contracts start on the days of the month: periods differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db import connections

from benchmarks.world import world
from catalog.actions import agreed, changes, contracts, instruments, metrics, products, rate_cards
from catalog.models import Contract, MetricVersion, RateCard
from catalog.rules.drafts import ChargeDraft, MetricDraft, PriceDraft
from catalog.rules.tariffs import per_unit
from catalog.rules.terms import Aggregation, Dimension, Measure
from monetization.foundation.actions import environments, policies
from monetization.foundation.models import Account, ChangeRequest, User
from monetization.foundation.queries import request_digest
from monetization.foundation.rules.approvals import Verdict
from monetization.foundation.rules.roles import Role

HOURS = 480  # with usage, of each account's month
SETS = 8
DAYS = 28  # on which contracts start
EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
COPIES = """
ALTER TABLE catalog_contract DISABLE TRIGGER USER;
ALTER TABLE catalog_recurringcharge DISABLE TRIGGER USER;
ALTER TABLE catalog_instrument DISABLE TRIGGER USER;
INSERT INTO catalog_contract ({columns}, account_id, key, start_date)
  SELECT {values}, a.id, a.key || '-deal', c.start_date + (row_number() OVER (ORDER BY a.key))::int % {days}
  FROM catalog_contract c, foundation_account a
  WHERE c.id = {template} AND a.environment_id = c.environment_id AND a.id <> c.account_id
    AND a.key < 'c' || lpad('{count}', 5, '0');
INSERT INTO catalog_recurringcharge (contract_id, {fee_columns})
  SELECT n.id, {fee_values} FROM catalog_recurringcharge f, catalog_contract n
  WHERE f.contract_id = {template} AND n.rate_card_id = {card} AND n.id <> {template};
INSERT INTO catalog_instrument (contract_id, account_id, start_date, {commit_columns})
  SELECT n.id, n.account_id, n.start_date, {commit_values} FROM catalog_instrument f, catalog_contract n
  WHERE f.contract_id = {template} AND n.rate_card_id = {card} AND n.id <> {template};
ALTER TABLE catalog_contract ENABLE TRIGGER USER;
ALTER TABLE catalog_recurringcharge ENABLE TRIGGER USER;
ALTER TABLE catalog_instrument ENABLE TRIGGER USER;
"""
USAGE = """
INSERT INTO metering_dimensionset (metric_version_id, "values")
  SELECT {version}, jsonb_build_object('model', 'model-' || m, 'kind', k)
  FROM generate_series(1, {sets} / 2) m, unnest(ARRAY['input', 'output']) k ON CONFLICT DO NOTHING;
INSERT INTO metering_hourlyusage (account_id, metric_version_id, dimensions_id, hour, quantity, events, mark)
  SELECT c.account_id, {version}, d.id, c.start_date::timestamptz + h * 672 / {hours} * interval '1 hour',
    1000 + (c.id * 31 + h * 17 + d.n * 7) % 90000, 5, 1
  FROM catalog_contract c CROSS JOIN generate_series(0, {hours} - 1) h
  JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n
        FROM metering_dimensionset WHERE metric_version_id = {version}) d
    ON d.n = (h + c.id) % {sets}
  WHERE c.rate_card_id = {card} ORDER BY 4, 1, 3;
INSERT INTO metering_usagemark (account_id, number, changed_at)
  SELECT account_id, 1, now() FROM catalog_contract WHERE rate_card_id = {card} ON CONFLICT DO NOTHING;
"""
COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
ANALYZE = "VACUUM ANALYZE metering_hourlyusage, catalog_contract, catalog_instrument, catalog_recurringcharge"


@dataclass(frozen=True, slots=True)
class Customers:
    """The contracts' ids; ``at``: when all of their first periods and no second one have started."""

    contracts: tuple[int, ...]
    version_id: int
    month: date
    at: datetime


def customers(count: int) -> Customers:
    """Make so many contracts with their usage."""
    now = datetime.now(UTC)
    month = _months_after(now.date(), 1)
    version, card = _priced(month, now)
    first = _contract(card, month, now)
    names = {
        "template": first.pk, "card": card.pk, "count": count, "days": DAYS, "version": version.pk, "month": month,
        "hours": HOURS, "sets": SETS,
    }  # fmt: skip
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        columns = _columns("catalog_contract", "id", "account_id", "key", "start_date")
        fees = _columns("catalog_recurringcharge", "id", "contract_id")
        commits = _columns("catalog_instrument", "id", "contract_id", "account_id", "start_date")
        cursor.execute(
            COPIES.format(
                **names, columns=columns, values=_of("c", columns), fee_columns=fees, fee_values=_of("f", fees),
                commit_columns=commits, commit_values=_of("f", commits),
            )
        )  # fmt: skip
        cursor.execute(USAGE.format(**names))
        cursor.execute(ANALYZE)
    ids = Contract.objects.filter(rate_card=card).order_by("pk").values_list("pk", flat=True)
    ends = _months_after(month, 1)
    return Customers(tuple(ids), version.pk, month, datetime(ends.year, ends.month, 1, tzinfo=UTC))


def _of(table: str, columns: str) -> str:
    return ", ".join(f"{table}.{each}" for each in columns.split(", "))


def _columns(table: str, *without: str) -> str:
    """Name a table's columns, those that differ from copy to copy left out."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(COLUMNS, [table])
        return ", ".join(name for (name,) in cursor.fetchall() if name not in without)


def _priced(month: date, now: datetime) -> tuple[MetricVersion, RateCard]:
    """Make metric, product and a card whose second version changes some prices inside the month."""
    made, mia = world().environment, _person("mia")
    for kind in ("rate_card", "contract"):
        policies.create_policy(environment=made, kind=kind, name="All", roles={Role.HEAD: 1}, by=None, at=now)
    metric = metrics.create(
        environment=made, key="rated", name="Rated", owner=mia, by=mia, at=now, unseen_reason="bench"
    )
    content = MetricDraft(
        event_type="bench.rated", aggregation=Aggregation.SUM, unit="1M tokens", effective_at=EPOCH,
        measures=(Measure("tokens"),), dimensions=(Dimension("model", "model"), Dimension("kind", "kind")),
        divisor=Decimal(1_000_000),
    )  # fmt: skip
    version = metrics.draft_version(metric=metric, content=content, by=mia, at=now)
    _approve(metrics.submit(version=version, reason="bench", by=mia, at=now), now)
    products.create(environment=made, key="inference", name="Inference", by=mia, at=now)
    card = rate_cards.create(environment=made, key="rated", name="Rated", owner=mia, by=mia, at=now)
    for day, rise in ((date(2016, 1, 1), "0"), (month + timedelta(days=DAYS), "0.05")):
        draft = rate_cards.draft(rate_card=card, by=mia, at=now)
        rate_cards.replace_content(version=draft, charges=[_charge(Decimal(rise))], by=mia, at=now)
        draft = rate_cards.set_effective(version=draft, effective_date=day, by=mia, at=now)
        _approve(rate_cards.submit(version=draft, title="", reason="bench", by=mia, at=now), now)
    return version, card


def _charge(rise: Decimal) -> ChargeDraft:
    """Price four models by kind; the later version changes the output of two."""
    listed = [(f"model-{number}", Decimal(number)) for number in range(1, SETS // 2 + 1)]
    rows = [PriceDraft("EUR", {"model": model, "kind": "input"}, per_unit(price)) for model, price in listed]
    for model, price in listed:
        dearer = rise if price < 3 else 0
        rows.append(PriceDraft("EUR", {"model": model, "kind": "output"}, per_unit(4 * price + dearer)))
    return ChargeDraft("inference", "rated", tuple(rows))


def _contract(card: RateCard, month: date, now: datetime) -> Contract:
    """Make the first account's contract: monthly, with a fee and a commit."""
    rosa, account = _person("rosa"), Account.objects.get(pk=world().accounts[0])
    seller = environments.create_legal_entity(
        environment=world().environment, key="bench", name="Bench", street="Kai 1", postal_code="20457",
        city="Hamburg", country="DE",
        tax_id="DE1", reporting_currency="EUR", number_prefix="B-", by=None, at=now,
    )  # fmt: skip
    draft = contracts.draft(
        account=account, rate_card=card, key="deal", name="Deal", legal_entity=seller, currency="EUR",
        start_date=month, by=rosa, at=now,
    )  # fmt: skip
    product = card.environment.product_set.get(key="inference")
    agreed.add_recurring(
        contract=draft, key="seats", name="Seats", product=product, unit_price=Decimal(20), quantity=Decimal(3),
        by=rosa, at=now,
    )  # fmt: skip
    instruments.add(
        contract=draft, key="welcome", name="Welcome", kind="CREDIT", amount=Decimal(10), by=rosa, at=now
    )  # fmt: skip
    _approve(contracts.submit(contract=draft, reason="bench", by=rosa, at=now), now)
    return draft


def _approve(request: ChangeRequest, at: datetime) -> None:
    changes.decide(
        request=request, verdict=Verdict.APPROVE, seen=request_digest(request), by=_person("chen"), at=at
    )  # fmt: skip


def _person(name: str) -> User:
    return User.objects.get(email=f"{name}@lumen.example")


def _months_after(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
