"""Random amendments of a contract with one of each: terms of periods before their day are the same with and without."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.db import transaction

from catalog.actions import agreed
from catalog.models import Product
from catalog.queries import periods_of, terms_for
from monetization.values.errors import DomainError
from monetization.values.periods import local_midnight
from tests import agreements, amending, priced
from tests.make import World

D = Decimal
ROUNDS = 12


def change(chance: Random, day: date) -> dict[str, Any]:
    """Make up what an amendment says."""
    product = Product.objects.get()
    days = {"start_date": day + timedelta(days=chance.randrange(40))}
    fee = {"key": "more", "name": "More", "unit_price": D(chance.randrange(1, 50)), "product": product, **days}
    choices: list[dict[str, Any]] = [
        {"quantities": [{"key": "seats", "quantity": D(chance.randrange(30))}]},
        {"adds": [("recurring", fee)]},
        {"adds": [("recurring", fee | {"cadence": "ANNUAL"})], "net_days": 60},
        {"adds": [("discount", {"key": "off", "name": "Off", "percent": D(10), **days})]},
        {"adds": [("bound", {"key": "lid", "name": "Lid", "kind": "MAXIMUM", "amount": D(9999), **days})]},
        {"adds": [("instrument", {"key": "gift", "name": "Gift", "kind": "CREDIT", "amount": D(5)})]},
        {"ends": [{"part": chance.choice(["recurring", "bound", "discount"]), "key": "seats"}]},
        {"kind": "CANCELLATION", "end_date": day + timedelta(days=chance.randrange(60))},
        {"kind": "RENEWAL", "is_open": True},
    ]
    return choices[chance.randrange(len(choices))]


def test_terms_before_an_amendment_are_the_same_with_and_without(world: World) -> None:
    product, chance, tried = priced.list_card(world) and Product.objects.get(), Random(7), 0
    fee = {"name": "Seats", "unit_price": D(31), "quantity": D(10), "product": product}
    contract = agreements.contract(
        world,
        (agreed.add_recurring, fee | {"key": "seats", "cadence": "QUARTERLY"}),
        (agreed.add_bound, {"key": "seats", "name": "Floor", "kind": "MINIMUM", "amount": D(100)}),
        (agreed.add_discount, {"key": "seats", "name": "Early", "percent": D(5)}),
        end_date=date(2027, 6, 30),
    )
    for _ in range(ROUNDS):
        day = date(2026, 10, 1) + timedelta(days=chance.randrange(200))
        until = local_midnight(day, contract.account.time_zone)
        earlier = [each for each in periods_of(contract, until) if each.ends_at is not None and each.ends_at <= until]
        before = [terms_for(contract=contract, period=each) for each in earlier]
        with transaction.atomic():
            point = transaction.savepoint()
            try:
                amendment = amending.draft(world, contract, day, **change(chance, day))
            except DomainError:
                transaction.savepoint_rollback(point)
                continue
            tried += 1
            assert [terms_for(contract=contract, period=each, also=amendment) for each in earlier] == before
            transaction.savepoint_rollback(point)
    assert tried > ROUNDS // 2
