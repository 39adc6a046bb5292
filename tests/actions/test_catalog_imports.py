"""Files of rate cards and contracts: previewed as they are, applied once, all or nothing, never in force at once."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from catalog.actions import imports
from catalog.actions.imports.claims import claim
from catalog.models import Contract, Import, RateCard, RateCardVersion
from catalog.queries import version_content
from catalog.queries.exports import contract_file, price_file
from catalog.queries.imports import imports_for
from monetization.foundation.models import AuditEntry
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Conflict, Invalid, NotAllowed, WrongState
from tests import deals, filed, make
from tests.make import AT, World

pytestmark = pytest.mark.django_db
D = Decimal
FORMS = ["csv", "xlsx"]


@pytest.fixture
def world() -> World:
    made = make.world()
    deals.metric(made)
    deals.product(made)
    return made


@pytest.fixture
def listed(world: World) -> World:
    deals.approved(world, deals.version(world, deals.card(world)))
    return world


# -- prices


def test_a_new_card_is_drafted_by_its_file(world: World) -> None:
    row = filed.prices(world)
    assert (row.status, row.added, row.fault_count, row.rows) == ("READY", 4, 0, 4)
    assert not RateCard.objects.filter(key="filed").exists()
    done = imports.apply(imported=row, by=world.mia, at=AT)
    version = RateCardVersion.objects.get(rate_card__key="filed")
    assert (done.status, done.version, version.status, version.created_by) == ("APPLIED", version, "DRAFT", world.mia)
    assert [row.price.tiers[0].unit_price for row in version_content(version)[0].prices] == [D("2.5"), 10, 3, 15]
    assert version.effective_date == date(2026, 2, 1)
    assert AuditEntry.objects.filter(action__startswith="import.").count() == 2


def test_the_difference_names_what_moves(listed: World) -> None:
    text = filed.PRICES.replace("10,gpt", "12,gpt").replace("inference,llm-tokens,EUR,3,claude,input\n", "")
    row = filed.prices(listed, text + "inference,llm-tokens,EUR,1,gpt-5,input\n", card="list")
    assert (row.added, row.changed, row.removed, row.unchanged) == (1, 1, 1, 2)
    changed = row.lines.get(change="CHANGED")
    assert (changed.old, changed.new, changed.percent, changed.row) == ("10.00 per unit", "12.00 per unit", D(20), 3)
    assert row.lines.get(change="ADDED").row == 5


def test_every_tier_that_moves_is_a_line(world: World) -> None:
    head = "product,metric,currency,up_to,unit_price\n"
    rows = "inference,llm-tokens,EUR,{},{}\n"
    first = head + rows.format(10, 4) + rows.format(20, 3) + rows.format(30, 2) + rows.format("", 1)
    filed_once = imports.apply(imported=filed.prices(world, first), by=world.mia, at=AT, reason="First")
    version = RateCardVersion.objects.get(pk=filed_once.version_id)
    request = version.request
    assert request is not None
    deals.approve(request, world.chen, at=AT)
    row = filed.prices(world, first.replace("30,2", "30,2.5"))
    assert [(line.what, line.old, line.new) for line in row.lines.exclude(what="")] == [
        ("above 20 up to 30", "2", "2.5")
    ]  # fmt: skip
    assert row.changed == 1


@pytest.mark.parametrize("form", FORMS)
def test_an_export_of_prices_changes_nothing(listed: World, form: str) -> None:
    version = RateCardVersion.objects.get(rate_card__key="list")
    row = filed.prices(listed, price_file(version, form), card="list")  # type: ignore[arg-type]
    assert (row.status, row.unchanged, row.added + row.changed + row.removed) == ("READY", 4, 0)


def test_what_cannot_be_priced_is_named_by_its_cell(world: World) -> None:
    text = f"{filed.PRICE_HEAD}\nnothing,llm-tokens,EUR,1,a,input\ninference,nowhere,EUR,1,a,input\n"
    row = filed.prices(world, text + "inference,llm-tokens,EUR,-1,a,side\n")
    assert filed.faults(row) == [
        ("", 2, "product"), ("", 3, "metric"), ("", 4, "unit_price"), ("", 4, "match.token_type"),
    ]  # fmt: skip
    with pytest.raises(WrongState):
        imports.apply(imported=row, by=world.mia, at=AT)
    assert not RateCard.objects.filter(key="filed").exists()


def test_a_currency_that_contracts_need_is_missed(listed: World) -> None:
    card = RateCard.objects.get(key="list")
    deals.contract(listed, listed.acme, card)
    row = filed.prices(listed, filed.PRICES.replace("EUR", "USD"), card="list")
    assert {column for _, _, column in filed.faults(row)} == {"currency"}


def test_applied_twice_does_nothing(world: World) -> None:
    row = filed.prices(world)
    imports.apply(imported=row, by=world.mia, at=AT)
    again = imports.apply(imported=row, by=world.mia, at=AT)
    assert (again.status, RateCardVersion.objects.filter(rate_card__key="filed").count()) == ("APPLIED", 1)


def test_a_base_that_moved_is_looked_at_again(listed: World) -> None:
    row = filed.prices(listed, card="list")
    twice = deals.prices([(model, kind, str(D(price) * 2)) for model, kind, price in deals.PRICES])
    other = deals.version(listed, RateCard.objects.get(key="list"), rows=twice, effective_date=date(2026, 3, 1))
    deals.approved(listed, other)
    with pytest.raises(Conflict):
        imports.apply(imported=row, by=listed.mia, at=AT)
    assert RateCardVersion.objects.filter(rate_card__key="list", status="DRAFT").count() == 0
    row = imports.check_again(imported=row, by=listed.mia, at=AT)
    row = imports.check(imported=row, at=AT)
    assert (row.status, row.changed) == ("READY", 4)
    assert imports.apply(imported=row, by=listed.mia, at=AT).status == "APPLIED"


def test_prices_need_the_right_on_the_card(listed: World) -> None:
    for name in ("rosa", "noel", "sal"):
        with pytest.raises(NotAllowed):
            filed.prices(listed, card="list", by=name)
    row = filed.prices(listed, card="list")
    with pytest.raises(NotAllowed):
        imports.apply(imported=row, by=listed.rosa, at=AT)
    assert Import.objects.count() == 1


def test_the_maker_of_a_file_never_approves_it(world: World) -> None:
    chen = imports.apply(imported=filed.prices(world, by="chen"), by=world.chen, at=AT, reason="Mine")
    assert chen.version is not None
    request = RateCardVersion.objects.get(pk=chen.version_id).request
    assert request is not None
    with pytest.raises(NotAllowed):
        deals.approve(request, world.chen, at=AT)


# -- contracts


def test_contracts_with_their_parts_are_drafted(listed: World) -> None:
    row = filed.contracts(listed)
    assert (row.status, filed.faults(row), row.added) == ("READY", [], 6)
    imports.apply(imported=row, by=listed.chen, at=AT)
    acme, globex = Contract.objects.filter(key__endswith="-27").order_by("key")
    assert (acme.status, acme.name, acme.discount_percent, acme.created_by) == ("DRAFT", "Acme 2027", D(5), listed.chen)
    assert acme.recurring_charges.get().quantity == 25
    assert (acme.instruments.get().amount, acme.instruments.get().invoiced) == (12000, 10000)
    assert (globex.bounds.get().amount, globex.discounts.get().percent, globex.end_date) == (500, 3, None)


@pytest.mark.parametrize("form", FORMS)
def test_an_export_of_contracts_changes_nothing(listed: World, form: str) -> None:
    imports.apply(imported=filed.contracts(listed), by=listed.chen, at=AT)
    content = contract_file(Contract.objects.filter(key__endswith="-27"), form)
    row = filed.contracts(listed, content)  # type: ignore[arg-type]
    assert (row.status, filed.faults(row), row.unchanged, row.added + row.changed) == ("READY", [], 6, 0)
    touched = list(Contract.objects.values_list("edited_at", flat=True))
    imports.apply(imported=row, by=listed.chen, at=AT)
    assert list(Contract.objects.values_list("edited_at", flat=True)) == touched


def test_a_draft_is_changed_and_a_part_replaced(listed: World) -> None:
    imports.apply(imported=filed.contracts(listed), by=listed.chen, at=AT)
    row = filed.contracts(listed, filed.CONTRACTS.replace("2027-12-31,5,", "2027-12-31,8,").replace("40,25", "30,25"))
    lines = [(line.key, line.what, line.old, line.new, line.percent) for line in row.lines.filter(change="CHANGED")]
    assert lines == [
        ("acme-27", "discount_percent", "5", "8", D(60)), ("acme-27", "unit_price", "40", "30", D(-25)),
    ]  # fmt: skip
    assert (row.changed, row.unchanged) == (2, 4)
    imports.apply(imported=row, by=listed.chen, at=AT)
    acme = Contract.objects.get(key="acme-27")
    assert (acme.discount_percent, acme.recurring_charges.get().unit_price) == (8, 30)


def test_an_approved_contract_is_not_changed_by_a_file(listed: World) -> None:
    card = RateCard.objects.get(key="list")
    made = deals.contract(listed, listed.acme, card, key="acme-27", name="Acme 2027", start_date=date(2027, 1, 1))
    row = filed.contracts(listed, "\n".join(filed.CONTRACTS.splitlines()[:2]))
    assert {column for _, _, column in filed.faults(row)} == {"end_date", "discount_percent"}
    content = contract_file(Contract.objects.filter(pk=made.pk), "csv")
    assert filed.contracts(listed, content).unchanged == 1  # type: ignore[arg-type]


BAD = f"""{filed.CONTRACT_HEAD},{filed.PART_HEAD}
,a,,nobody,A,gmbh,list,EUR,2027-01-01,,,,,,,,,
,b,,acme,B,nobody,nothing,EUR,2027-01-01,,,,,,,,,
,c,,acme,C,gmbh,list,EUR,2027-01-01,2026-01-01,,,,,,,,
,d,,acme,D,gmbh,list,JPY,2028-01-01,2028-12-31,130,,,,,,,
,e,,acme-us,E,gmbh,list,EUR,2028-06-01,,,,,,,,,
,f,,acme-us,F,gmbh,list,EUR,2029-06-01,,,,,,,,,
,e,,globex,E,gmbh,list,EUR,2028-06-01,,,,,,,,,
recurring,s,e,,S,,,,,,,nothing,1,1,,,,
commits,c,e,,C,,,,2020-01-01,,,,,,PREPAID,100,120,
bounds,m,zzz,,M,,,,,,,,,,MINIMUM,1,,
discounts,x,e,,X,,,,,,,,,,,,,
"""


def test_every_mistake_of_a_file_of_contracts_is_named(listed: World) -> None:
    row = filed.contracts(listed, BAD)
    assert filed.faults(row) == [
        ("", 2, "account"), ("", 3, "legal_entity"), ("", 3, "rate_card"), ("", 4, "end_date"),
        ("", 5, "discount_percent"), ("", 7, "start_date"), ("", 8, "key"), ("", 9, "product"), ("", 10, "invoiced"),
        ("", 10, "start_date"), ("", 11, "contract"), ("", 12, "percent"),
    ]  # fmt: skip


def test_a_mistake_that_only_applying_finds_leaves_nothing(listed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    row = filed.contracts(listed)
    before = Contract.objects.count()
    monkeypatch.setattr("catalog.actions.agreed.minor_errors", lambda *a: [Invalid("Not today", field="amount")])
    with pytest.raises(Invalid) as refused:
        imports.apply(imported=row, by=listed.chen, at=AT)
    assert refused.value.field is not None
    assert "row 6" in refused.value.field
    assert (Contract.objects.count(), Import.objects.get(pk=row.pk).status) == (before, "READY")


def test_applied_with_a_reason_it_asks_for_approval(listed: World) -> None:
    imports.apply(imported=filed.contracts(listed), by=listed.chen, at=AT, reason="Signed")
    waiting = Contract.objects.filter(key__endswith="-27", status="SUBMITTED")
    assert waiting.count() == 2
    assert {each.request.reason for each in waiting if each.request} == {"Signed"}
    assert not Contract.objects.filter(key__endswith="-27", status="APPROVED").exists()


def test_accounts_of_others_and_of_other_environments_are_unknown(listed: World) -> None:
    seller = make.person("sally", [Role.SALES])
    assert not imports_for(seller, listed.live).exists()
    with pytest.raises(NotAllowed):
        filed.contracts(listed, by="sal")
    row = filed.contracts(listed, environment=listed.sandbox)
    assert {column for _, _, column in filed.faults(row)} == {"account", "legal_entity", "rate_card"}
    assert not imports_for(listed.chen, listed.live).exists()


def test_only_who_sees_all_customers_sees_the_files_of_others(listed: World) -> None:
    row = filed.contracts(listed)
    assert list(imports_for(listed.uma, listed.live)) == [row]
    assert not imports_for(listed.sal, listed.live).exists()


# -- own prices


@pytest.fixture
def drafted(listed: World) -> World:
    imports.apply(imported=filed.contracts(listed), by=listed.chen, at=AT)
    return listed


def test_own_prices_of_many_contracts(drafted: World) -> None:
    row = filed.own(drafted)
    assert (row.status, filed.faults(row), row.added) == ("READY", [], 3)
    imports.apply(imported=row, by=drafted.chen, at=AT)
    acme, globex = Contract.objects.filter(key__endswith="-27").order_by("key")
    big = acme.overrides.get()
    assert [(tier.up_to, tier.unit_price) for tier in big.tiers.all()] == [(1000, 2), (None, D("1.5"))]
    assert (big.match, big.start_date) == ({"model": "gpt-4o", "token_type": "input"}, date(2027, 1, 1))
    assert (globex.overrides.get().unit_price, globex.overrides.get().end_date) == (12, date(2027, 6, 30))
    assert globex.multipliers.get().factor == D("0.82")


@pytest.mark.parametrize("form", FORMS)
def test_an_export_with_own_prices_changes_nothing(drafted: World, form: str) -> None:
    imports.apply(imported=filed.own(drafted), by=drafted.chen, at=AT)
    content = contract_file(Contract.objects.filter(key__endswith="-27"), form)
    row = filed.contracts(drafted, content)  # type: ignore[arg-type]
    assert (row.status, filed.faults(row), row.unchanged, row.added + row.changed) == ("READY", [], 9, 0)


def test_an_own_price_is_replaced(drafted: World) -> None:
    imports.apply(imported=filed.own(drafted), by=drafted.chen, at=AT)
    row = filed.own(drafted, filed.OWN.replace(",12,", ",15,"))
    (line,) = row.lines.filter(change="CHANGED")
    assert (line.key, line.what, line.percent, line.row) == ("globex-27", "tariff", D(25), 4)
    imports.apply(imported=row, by=drafted.chen, at=AT)
    assert Contract.objects.get(key="globex-27").overrides.get().unit_price == 15


def test_mistakes_of_own_prices_are_named_by_their_cell(drafted: World) -> None:
    text = filed.OWN.replace("1000,2,", "0,2,").replace("claude,output", "claude,aside").replace("0.82", "-1")
    row = filed.own(drafted, text + "overrides,nobody,x,X,inference,,,1,,,,,\noverrides,acme-27,y,Y,nothing,,,1,,,,,\n")
    assert filed.faults(row) == [
        ("", 2, "up_to"), ("", 4, "match.token_type"), ("", 5, "factor"), ("", 6, "contract"), ("", 7, "product"),
    ]  # fmt: skip


# -- work


def test_more_contracts_than_a_task_has_time_for_are_refused(listed: World) -> None:
    row = filed.contracts(listed, "key,account\n" + "c,acme\n" * 3001)
    assert [(fault.row, fault.message) for fault in row.faults.all()] == [(0, "There are more than 3,000 rows")]


def test_an_applied_file_never_changes(world: World) -> None:
    row = filed.prices(world)
    imports.apply(imported=row, by=world.mia, at=AT)
    for change in (
        lambda: Import.objects.filter(pk=row.pk).update(rate_card_key="other"),
        lambda: row.lines.update(new="0"),
        lambda: Import.objects.filter(pk=row.pk).update(status="READY"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    with pytest.raises(WrongState):
        imports.check_again(imported=row, by=world.mia, at=AT)


def test_a_worker_takes_a_file_once_and_hands_back_what_it_cannot_apply(listed: World) -> None:
    row = filed.contracts(listed)
    assert not claim(imported=row, at=AT)
    imports.order(imported=row, by=listed.chen, at=AT, reason="Go")
    assert claim(imported=row, at=AT)
    assert not claim(imported=row, at=AT)
    back = imports.hand_back(imported=row, error=Conflict("It moved", fix="Look again"), at=AT)
    assert (back.status, back.trouble, back.applied_by) == ("READY", "It moved Look again", None)


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\x\\prices.csv", "a\x00b", "", "x" * 300])
def test_a_name_of_a_file_is_only_a_name(world: World, name: str) -> None:
    row = filed.prices(world, file_name=name)
    assert 0 < len(row.file_name) <= 120
    assert not set(row.file_name) & set("/\\\0")


def test_what_is_no_upload_is_refused(world: World) -> None:
    for kind, card, content in (
        ("NOTHING", "a", b"x"),
        ("RATE_CARD", "", b"x"),
        ("RATE_CARD", "A b", b"x"),
        ("RATE_CARD", "a", b""),
    ):
        with pytest.raises(Invalid) as refused:
            imports.upload(
                environment=world.live,
                kind=kind,
                file_name="f",
                content=content,
                rate_card_key=card,
                by=world.mia,
                at=AT,
            )
        assert refused.value.field
