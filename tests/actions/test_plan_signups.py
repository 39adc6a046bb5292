"""Sign-ups: one call and one transaction make everything that a plan version packs, and nothing else."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.queries.first_bills import first_bill
from billing.queries.rated import rated
from catalog.actions import agreed, contracts
from catalog.actions.allowances import add_allowance
from catalog.models import Contract, Product
from catalog.queries import period_of
from metering.models import Limit
from monetization.foundation.models import Account, AuditEntry, Customer
from monetization.foundation.rules.newcomers import Newcomer
from monetization.values.errors import Conflict, DomainError, Invalid, NotAllowed
from tests import deals, planned, priced
from tests.make import World

D = Decimal
AT = datetime(2026, 10, 1, 9, tzinfo=UTC)


def test_one_call_makes_everything(world: World) -> None:
    version = planned.starter(world)
    made = planned.signed_up(world, version.plan, at=AT)
    contract = made.contract
    assert made.is_new
    assert (contract.status, contract.plan_version, contract.request_id) == ("APPROVED", version, version.request_id)
    assert (contract.start_date, contract.trial_until, contract.end_date) == (
        date(2026, 10, 1),
        date(2026, 10, 15),
        None,
    )
    assert (contract.currency, contract.net_days, contract.key) == ("EUR", 14, "fresh-starter-20261001")
    assert contract.account.customer.key == "fresh"
    fee, once = contract.recurring_charges.get(), contract.one_time_charges.get()
    assert (fee.unit_price, once.unit_price, once.date) == (D(49), D(99), date(2026, 10, 15))
    assert contract.allowances.get().units == 2
    credit = contract.instruments.get()
    assert (credit.kind, credit.amount, credit.start_date, credit.end_date) == (
        "CREDIT", 10, date(2026, 10, 15), date(2027, 1, 14),
    )  # fmt: skip
    limit = Limit.objects.get(account=contract.account)
    assert (limit.most, limit.metric and limit.metric.key, limit.set_by) == (500, "llm-tokens", "CONTRACT")
    entry = AuditEntry.objects.get(action="contract.signed_up")
    assert (entry.actor, entry.after["approval"]) == (world.rosa, version.request_id)


def test_the_first_paid_month_by_hand(world: World) -> None:
    """Anchored on 15 October: fee 49, set-up 99, 3M input tokens at 2.50 of which 2M are free, 10 of credit.

    Usage of 30 M in the trial costs nothing and uses up nothing. 49 + 99 + 2.50 = 150.50; credit −10; tax 19 %: 26.70.
    """
    version = planned.starter(world)
    contract = planned.signed_up(world, version.plan, at=AT).contract
    events = [
        priced.event("fresh", datetime(2026, 10, 3, 9, tzinfo=UTC), input=30_000_000),
        priced.event("fresh", datetime(2026, 10, 20, 9, tzinfo=UTC), input=3_000_000),
    ]
    priced.use(world, events, at=datetime(2026, 10, 21, tzinfo=UTC))
    trial = rated(contract=contract, period=period_of(contract, AT))
    [line] = trial.lines
    assert (line.list_exact, line.amount, line.discounts) == (D(75), 0, ("Free trial until 14 October 2026",))
    assert (trial.totals.total, trial.terms.fees, trial.terms.instruments) == (0, (), ())
    period = period_of(contract, datetime(2026, 10, 20, tzinfo=UTC))
    assert period.starts_at == datetime(2026, 10, 14, 22, tzinfo=UTC)
    assert period.ends_at == datetime(2026, 11, 14, 23, tzinfo=UTC)
    month = rated(contract=contract, period=period)
    amounts = sorted(line.amount for line in month.lines)
    assert amounts == [D("-7.50"), D("-2.50"), D("2.50"), D("49.00"), D("99.00")]
    assert (month.totals.net, month.totals.tax, month.totals.total) == (D("140.50"), D("26.70"), D("167.20"))
    first = first_bill(contract)
    assert (first.period, first.totals.net) == (period, D("138.00"))


def test_the_same_sign_up_again_is_the_same_contract(world: World) -> None:
    version = planned.starter(world)
    made = planned.signed_up(world, version.plan, at=AT)
    again = planned.signed_up(world, version.plan, at=AT)
    assert (again.contract, again.is_new) == (made.contract, False)
    assert Limit.objects.count() == Contract.objects.count() == 1
    tomorrow = planned.signed_up(world, version.plan, at=datetime(2026, 10, 2, 9, tzinfo=UTC))
    assert (tomorrow.contract, tomorrow.is_new) == (made.contract, False)


def test_an_account_that_exists_is_taken_as_it_is(world: World) -> None:
    version = planned.starter(world)
    made = planned.signed_up(world, version.plan, at=AT, newcomer=Newcomer("acme"))
    assert made.contract.account == world.acme
    assert Customer.objects.filter(environment=world.live).count() == 2


ACCOUNT = {"name": "Fresh", "time_zone": "Europe/Berlin", "country": "DE"}
CUSTOMER = {"key": "fresh", "name": "Fresh"}
REFUSED: list[tuple[str, type[DomainError], dict[str, Any]]] = [
    ("currency", Invalid, {"currency": "USD"}),
    ("start_date", Invalid, {"start_date": date(2026, 9, 1)}),
    ("account.country", Invalid, {"newcomer": Newcomer("fresh", ACCOUNT | {"country": "XX"}, CUSTOMER)}),
    ("account.country", Invalid, {"newcomer": Newcomer("fresh", {"name": "F", "time_zone": "UTC"}, CUSTOMER)}),
    ("account.time_zone", Invalid, {"newcomer": Newcomer("fresh", ACCOUNT | {"time_zone": "Mars"}, CUSTOMER)}),
    ("customer.key", Invalid, {"newcomer": Newcomer("fresh", ACCOUNT)}),
    ("customer.name", Invalid, {"newcomer": Newcomer("fresh", ACCOUNT, {"key": "fresh"})}),
    ("account.country", Conflict, {"newcomer": Newcomer("acme", {"country": "FR"})}),
    ("customer.key", Conflict, {"newcomer": Newcomer("acme", {}, {"key": "globex"})}),
]


@pytest.mark.parametrize(("field", "kind", "said"), REFUSED)
def test_what_is_wrong_is_named_and_nothing_is_made(
    world: World, field: str, kind: type[DomainError], said: dict[str, Any]
) -> None:
    version = planned.starter(world)
    before = (Account.objects.count(), Customer.objects.count(), AuditEntry.objects.count())
    with pytest.raises(kind) as refused:
        planned.signed_up(world, version.plan, at=AT, **said)
    assert refused.value.field == field
    assert refused.value.fix
    assert (Account.objects.count(), Customer.objects.count(), AuditEntry.objects.count()) == before
    assert not Contract.objects.exists()


def test_a_plan_that_is_not_in_force_yet_says_from_when(world: World) -> None:
    plan = planned.plan(world)
    planned.approved(world, planned.draft(world, plan, day=date(2026, 12, 1)))
    with pytest.raises(Invalid) as refused:
        planned.signed_up(world, plan, at=AT)
    assert (refused.value.field, refused.value.fix) == ("start_date", "Choose 2026-12-01 or later")


def test_days_of_another_contract_are_refused_with_its_name(world: World) -> None:
    version = planned.starter(world)
    deals.contract(world, world.acme, version.rate_card, start_date=date(2026, 9, 1))
    with pytest.raises(Conflict) as refused:
        planned.signed_up(world, version.plan, at=AT, newcomer=Newcomer("acme"))
    assert refused.value.field == "start_date"
    assert "Acme Robotics GmbH 2026 runs from 2026-09-01 without an end" in refused.value.message


def test_who_may_not_sign_up_makes_nothing(world: World) -> None:
    version = planned.starter(world)
    for name in ("mia", "eli", "finn", "sal", "noel"):
        with pytest.raises(NotAllowed):
            planned.signed_up(world, version.plan, at=AT, by=getattr(world, name))
    assert not Contract.objects.exists()


def test_a_new_version_touches_new_sign_ups_only(world: World) -> None:
    """Who signed up before keeps what they have; the next one gets the version of its first day."""
    first = planned.starter(world)
    contract = planned.signed_up(world, first.plan, at=AT).contract
    dearer = planned.STARTER | {"fees": [planned.STARTER["fees"][0] | {"unit_price": {"EUR": "59", "JPY": "9000"}}]}
    second = planned.draft(world, first.plan, dearer, day=date(2026, 11, 1), at=AT)
    planned.approved(world, second, at=AT)
    contract.refresh_from_db()
    assert (contract.plan_version, contract.recurring_charges.get().unit_price) == (first, 49)
    october = planned.signed_up(world, first.plan, at=AT, newcomer=Newcomer("acme")).contract
    november = planned.signed_up(
        world, first.plan, at=AT, newcomer=Newcomer("globex"), currency="JPY", start_date=date(2026, 11, 1)
    ).contract
    assert (october.plan_version, november.plan_version) == (first, second)
    assert november.recurring_charges.get().unit_price == 9000


def test_free_units_for_each_seat_follow_the_seats_from_day_to_day(world: World) -> None:
    """November has 30 days: 2 seats for 10 of them, 5 for 20. 3 units a seat: 6 × 10/30 + 15 × 20/30 = 12, and 1 more.

    Of 20 units used at 2.50, 13 are free: 7 × 2.50 = 17.50.
    """
    card = priced.list_card(world)
    draft = deals.draft_contract(world, world.acme, card, start_date=date(2026, 10, 1), anchor="first")
    by: dict[str, Any] = {"contract": draft, "by": world.chen, "at": deals.AT}
    inference = Product.objects.get(key="inference")
    agreed.add_recurring(
        key="seats", name="Seats", product=inference, unit_price=D(0), quantity=D(2),
        changes=[(date(2026, 11, 11), D(5))], **by,
    )  # fmt: skip
    add_allowance(key="pool", name="Per seat", product=inference, units=D(3), per="seats", **by)
    add_allowance(key="more", name="More", product=inference, units=D(1), **by)
    with pytest.raises(Invalid) as refused:
        agreed.remove(contract=draft, part="recurring", key="seats", by=world.chen, at=deals.AT)
    assert refused.value.field == "key"
    deals.approve(
        contracts.submit(contract=draft, reason="Signed", by=world.chen, at=deals.AT), world.rosa, at=deals.AT
    )
    contract = Contract.objects.select_related("account", "legal_entity").get()
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    priced.use(world, [priced.event("acme", noon, input=20_000_000)], at=noon)
    found = rated(contract=contract, period=period_of(contract, noon))
    assert found.totals.net == D("17.50")
