"""The way of metrics, prices and contracts from draft to force: who, when, what binds, what is refused."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product as pairs_of

import pytest

from catalog.actions import changes, contracts, governed, metrics, rate_cards
from catalog.models import Contract, Metric, PriceRow, RateCardVersion
from catalog.queries import difference, version_content
from catalog.queries.content import content_digest
from catalog.rules.drafts import ChargeDraft
from catalog.rules.terms import Dimension, Measure, Tier
from catalog.rules.versions import ARROWS, VersionStatus, guard
from monetization.foundation.models import AuditEntry, Decision
from monetization.foundation.queries import request_digest
from monetization.foundation.rules.approvals import Verdict
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from tests import deals, make
from tests.make import AT, World

LATER = AT + timedelta(days=3)
SAID = {"currency": ["EUR"], "product_tag": []}


@pytest.fixture
def base(world: World) -> World:
    deals.metric(world)
    deals.product(world)
    return world


@pytest.fixture
def first(base: World) -> RateCardVersion:
    return deals.approved(base, deals.version(base, deals.card(base)))


def proposed(world: World, card, rows=None, **times) -> tuple[RateCardVersion, object]:
    times = times or {"effective_date": date(2026, 2, 1)}
    draft = deals.version(world, card, rows=rows or deals.prices([("gpt-4o", "", "3")]), **times)
    request = rate_cards.submit(version=draft, title="", reason="Cheaper", by=world.mia, at=AT)
    draft.refresh_from_db()
    return draft, request


def say(world: World, request, verdict: Verdict, by, at=AT, reason="No"):
    return changes.decide(request=request, verdict=verdict, seen=request_digest(request), by=by, at=at, reason=reason)


# -- the way through


def test_a_first_version_goes_live_with_one_approval(base: World) -> None:
    draft = deals.version(base, deals.card(base))
    assert (draft.number, draft.status, draft.based_on) == (1, "DRAFT", None)
    request = rate_cards.submit(version=draft, title="First prices", reason="Launch", by=base.mia, at=AT)
    draft.refresh_from_db()
    item = request.items.get()
    assert (draft.status, request.status, request.kind, request.title) == (
        "SUBMITTED", "SUBMITTED", "rate_card", "First prices",
    )  # fmt: skip
    assert (item.subject, item.label) == (f"catalog.rate_card_version:{draft.pk}", "List prices v1")
    assert item.facts == {"rows_changed": "4", "max_change_percent": "0", **SAID}
    assert bytes(item.digest) == bytes(draft.content_digest) == content_digest(draft)
    request = say(base, request, Verdict.APPROVE, base.chen)
    draft.refresh_from_db()
    assert (draft.status, request.status) == ("APPROVED", "LIVE")
    verbs = list(AuditEntry.objects.filter(subject=item.subject).order_by("pk").values_list("action", flat=True))
    assert verbs == [
        "rate_card_version.drafted", "rate_card_version.content_replaced", "rate_card_version.dated",
        "rate_card_version.submitted", "rate_card_version.approved",
    ]  # fmt: skip
    assert [(h.status, h.history_user) for h in draft.history.all()[:2]] == [
        ("APPROVED", base.chen),
        ("SUBMITTED", base.mia),
    ]


def test_a_later_price_is_scheduled_until_its_time(base: World, first) -> None:
    _, request = proposed(base, first.rate_card)
    assert say(base, request, Verdict.APPROVE, base.chen).status == "SCHEDULED"


def test_a_big_change_needs_finance_too(base: World, first) -> None:
    rows = deals.prices([("gpt-4o", "input", "4"), ("gpt-4o", "output", "10"), ("claude", "input", "3")])
    draft, request = proposed(base, first.rate_card, rows)
    assert request.items.get().facts == {"rows_changed": "2", "max_change_percent": "60", **SAID}  # 2.50 → 4
    assert say(base, request, Verdict.APPROVE, base.chen).status == "SUBMITTED"
    draft.refresh_from_db()
    assert draft.status == "SUBMITTED"
    assert say(base, request, Verdict.APPROVE, base.finn).status == "SCHEDULED"


def test_a_change_from_zero_has_no_percentage_so_every_policy_applies(base: World) -> None:
    card = deals.card(base)
    deals.approved(base, deals.version(base, card, rows=deals.prices([("gpt-4o", "", "0")])))
    draft = deals.version(base, card, rows=deals.prices([("gpt-4o", "", "1")]), effective_date=date(2026, 2, 1))
    assert rate_cards.facts_of(draft) == {"rows_changed": Decimal(1)}


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.VETO])
def test_a_no_ends_it(base: World, first, verdict: Verdict) -> None:
    draft, request = proposed(base, first.rate_card)
    assert say(base, request, verdict, base.chen).status == "REJECTED"
    draft.refresh_from_db()
    assert draft.status == "REJECTED"
    with pytest.raises(WrongState):
        rate_cards.set_effective(version=draft, effective_date=date(2026, 3, 1), by=base.mia, at=AT)


def test_sent_back_it_is_a_draft_again_and_earlier_approvals_count_no_more(base: World, first) -> None:
    rows = deals.prices([("gpt-4o", "input", "9")])
    draft, request = proposed(base, first.rate_card, rows)
    say(base, request, Verdict.APPROVE, base.chen)
    request = changes.send_back(request=request, by=base.finn, at=AT, reason="Too much")
    draft.refresh_from_db()
    assert (draft.status, request.status) == ("DRAFT", "DRAFT")
    price = PriceRow.objects.get(charge__version=draft)
    rate_cards.set_price(price=price, unit_price=Decimal("3.75"), by=base.mia, at=AT)
    again = rate_cards.submit(version=draft, title="", reason="Less", by=base.mia, at=AT)
    assert again.pk == request.pk
    assert again.items.get().facts["max_change_percent"] == "50"
    assert say(base, again, Verdict.APPROVE, base.chen).status == "SCHEDULED"  # 50 % isn't above 50 %
    assert Decision.objects.filter(subject=f"foundation.change_request:{request.pk}").count() == 2


def test_withdrawn_it_stays_so(base: World, first) -> None:
    draft, request = proposed(base, first.rate_card)
    assert changes.withdraw(request=request, by=base.mia, at=AT, reason="Mistake").status == "WITHDRAWN"
    draft.refresh_from_db()
    assert draft.status == "WITHDRAWN"
    with pytest.raises(WrongState):
        say(base, request, Verdict.APPROVE, base.chen)


# -- makers and deciders


def test_whoever_touched_it_does_not_decide(base: World, first) -> None:
    """Chen edits mia's draft; mia submits; then chen is a maker too, superuser or not."""
    draft = deals.version(base, first.rate_card, effective_date=date(2026, 2, 1))
    rate_cards.note(version=draft, notes="Rounder", by=base.chen, at=AT)
    request = rate_cards.submit(version=draft, title="", reason="Rounder", by=base.mia, at=AT)
    base.chen.is_superuser = True
    base.chen.save()
    for maker in (base.mia, base.chen):
        with pytest.raises(NotAllowed, match="somebody else decides"):
            say(base, request, Verdict.APPROVE, maker)
    draft.refresh_from_db()
    assert draft.status == "SUBMITTED"
    assert not Decision.objects.filter(subject=f"foundation.change_request:{request.pk}").exists()


@pytest.mark.parametrize("name", ["finn", "rosa", "eli", "sal", "uma", "audra", "noel", "pat"])
def test_only_the_asked_roles_decide(base: World, first, name: str) -> None:
    _, request = proposed(base, first.rate_card)
    with pytest.raises(NotAllowed):
        say(base, request, Verdict.APPROVE, getattr(base, name))


@pytest.mark.parametrize("name", ["finn", "rosa", "eli", "sal", "uma", "audra", "noel", "pat"])
def test_others_do_not_draft_prices(base: World, first, name: str) -> None:
    somebody = getattr(base, name)
    draft = deals.version(base, first.rate_card, effective_date=date(2026, 2, 1))
    price = PriceRow.objects.filter(charge__version=draft).first()
    before = content_digest(draft)
    for attempt in (
        lambda: rate_cards.draft(rate_card=first.rate_card, by=somebody, at=AT),
        lambda: rate_cards.set_price(price=price, unit_price=Decimal(1), by=somebody, at=AT),
        lambda: rate_cards.remove_price(price=price, by=somebody, at=AT),
        lambda: rate_cards.replace_content(version=draft, charges=[], by=somebody, at=AT),
        lambda: rate_cards.submit(version=draft, title="", reason="", by=somebody, at=AT),
        lambda: rate_cards.create(environment=base.live, key="x", name="X", owner=somebody, by=somebody, at=AT),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert content_digest(draft) == before
    assert first.rate_card.versions.count() == 2


def test_the_owner_of_a_card_drafts_on_it_without_any_role(base: World) -> None:
    card = rate_cards.create(environment=base.live, key="own", name="Own", owner=base.noel, by=base.mia, at=AT)
    other = deals.card(base, "other")
    assert rate_cards.draft(rate_card=card, by=base.noel, at=AT).number == 1
    with pytest.raises(NotAllowed):
        rate_cards.draft(rate_card=other, by=base.noel, at=AT)


# -- what binds


def test_a_decision_about_something_else_counts_not(base: World, first) -> None:
    _, request = proposed(base, first.rate_card)
    seen = request_digest(request)
    request = changes.send_back(request=request, by=base.mia, at=AT)
    draft = RateCardVersion.objects.get(request=request)
    rate_cards.submit(version=draft, title="", reason="Again", by=base.mia, at=AT)
    with pytest.raises(Conflict, match="changed since you looked"):
        changes.decide(request=request, verdict=Verdict.APPROVE, seen=seen, by=base.chen, at=AT)


def test_the_effective_time_lies_after_the_last_approval(base: World, first) -> None:
    draft = deals.version(base, first.rate_card, effective_at=AT + timedelta(hours=1))
    request = rate_cards.submit(version=draft, title="", reason="Soon", by=base.mia, at=AT)
    with pytest.raises(Invalid, match="before its approval") as refusal:
        say(base, request, Verdict.APPROVE, base.chen, at=AT + timedelta(hours=1))
    assert refusal.value.field == "effective_at"
    draft.refresh_from_db()
    assert draft.status == "SUBMITTED"
    assert not Decision.objects.filter(subject=f"foundation.change_request:{request.pk}").exists()
    assert say(base, request, Verdict.APPROVE, base.chen, at=AT + timedelta(minutes=59)).status == "SCHEDULED"


def test_a_date_counts_from_the_earliest_midnight_of_the_cards_accounts(base: World, first) -> None:
    deals.contract(base, base.globex, first.rate_card)  # Tokyo: midnight nine hours before UTC's
    draft = deals.version(base, first.rate_card, effective_date=date(2026, 1, 10))
    noon = datetime(2026, 1, 9, 15, tzinfo=UTC)
    with pytest.raises(Invalid, match="before its approval"):
        rate_cards.submit(version=draft, title="", reason="", by=base.mia, at=noon)
    rate_cards.submit(version=draft, title="", reason="", by=base.mia, at=noon - timedelta(seconds=1))


def test_a_draft_from_an_outdated_version_must_be_drafted_anew(base: World, first) -> None:
    late = deals.version(base, first.rate_card, effective_date=date(2026, 3, 1))
    _, request = proposed(base, first.rate_card)
    with_old_base = rate_cards.submit(version=late, title="", reason="", by=base.mia, at=AT)
    say(base, request, Verdict.APPROVE, base.chen)
    with pytest.raises(Conflict, match="Version 3 was approved since"):
        say(base, with_old_base, Verdict.APPROVE, base.chen)
    with pytest.raises(Conflict, match="Version 3 was approved since"):
        draft = deals.version(base, first.rate_card, effective_date=date(2026, 4, 1))
        draft.based_on = first
        draft.save()
        rate_cards.submit(version=draft, title="", reason="", by=base.mia, at=AT)


def test_a_draft_copies_the_newest_prices(base: World) -> None:
    rows = [
        *deals.prices([("gpt-4o", "", "2")], ["EUR", "USD"]),
        deals.graduated("EUR", {}, ("10", "5", "1"), (None, "4", "0")),
    ]
    first = deals.approved(base, deals.version(base, deals.card(base), rows=rows))
    copy = rate_cards.draft(rate_card=first.rate_card, by=base.mia, at=AT)
    assert (copy.number, copy.based_on, copy.effective_date) == (2, first, None)
    assert difference(first, copy).is_empty
    assert len(version_content(copy)[0].prices) == 3


# -- what publishing refuses


def refusal_of(world: World, draft) -> list[tuple[str | None, str]]:
    with pytest.raises(Invalid) as refusal:
        rate_cards.submit(version=draft, title="", reason="", by=world.mia, at=AT)
    draft.refresh_from_db()
    assert (draft.status, draft.request) == ("DRAFT", None)
    return [(error.field, error.message) for error in refusal.value.errors]


def test_wrong_prices_are_refused_each_with_its_field(base: World) -> None:
    rows = [
        *deals.prices([("gpt-4o", "thinking", "1"), ("claude", "", "-1")], ["EUR"]),
        deals.graduated("EUR", {"model": "x"}, ("10", "5", "0"), ("10", "4", "0")),
        *deals.prices([("gpt-4o", "input", "1")], ["ZZZ"]),
    ]
    draft = deals.version(base, deals.card(base), rows=rows)
    assert refusal_of(base, draft) == [
        ("charges[0].prices[0].match.token_type", "“thinking” is no value of token_type"),
        ("charges[0].prices[1].tiers[0].unit_price", "A price can't be negative"),
        ("charges[0].prices[2].tiers[1].up_to", "The last tier must be open"),
        ("charges[0].prices[3].currency", "“ZZZ” is not a currency that money is kept in"),
    ]


def test_a_currency_that_contracts_need_must_be_priced(base: World, first) -> None:
    deals.contract(base, base.acme, first.rate_card)
    draft = deals.version(
        base, first.rate_card, rows=deals.prices([("gpt-4o", "", "1")], ["USD"]), effective_date=date(2026, 2, 1)
    )
    assert refusal_of(base, draft) == [
        ("charges[0].prices", "Model inference has no price in EUR, which contracts on this card need")
    ]


def test_a_metric_nobody_has_seen_is_not_priced(base: World) -> None:
    metric = deals.metric_of()
    metrics.price_unseen(metric=metric, reason="", by=base.mia, at=AT)
    draft = deals.version(base, deals.card(base))
    assert refusal_of(base, draft) == [("charges[0].metric", "No event of llm-tokens was ever seen")]
    with pytest.raises(NotAllowed):
        metrics.price_unseen(metric=metric, reason="Trust me", by=base.eli, at=AT)
    Metric.objects.filter(pk=metric.pk).update(first_seen_at=AT)
    rate_cards.submit(version=draft, title="", reason="", by=base.mia, at=AT)


def test_a_metric_without_an_approved_meaning_is_not_priced(base: World) -> None:
    metric = metrics.create(
        environment=base.live, key="calls", name="Calls", owner=base.mia, unseen_reason="New", by=base.mia, at=AT
    )
    metrics.draft_version(metric=metric, content=deals.tokens(), by=base.mia, at=AT)
    charges = [ChargeDraft("inference", "calls", deals.prices([("gpt-4o", "", "1")]))]
    draft = deals.version(base, deals.card(base), charges=charges)
    assert refusal_of(base, draft) == [("charges[0].metric", "Nobody has approved yet what Calls counts")]


def test_an_empty_card_and_one_without_a_time_are_refused(base: World) -> None:
    draft = rate_cards.draft(rate_card=deals.card(base), by=base.mia, at=AT)
    assert refusal_of(base, draft) == [
        ("effective_date", "It has no effective time"), ("charges", "There is nothing on this rate card"),
    ]  # fmt: skip
    for both in ({}, {"effective_date": date(2026, 2, 1), "effective_at": LATER}):
        with pytest.raises(Invalid, match="one of them"):
            rate_cards.set_effective(version=draft, by=base.mia, at=AT, **both)


# -- single rows


def test_rows_are_added_changed_and_removed(base: World) -> None:
    draft = rate_cards.draft(rate_card=deals.card(base), by=base.mia, at=AT)
    product, metric = deals.product(base, "batch"), deals.metric_of()
    charge = rate_cards.add_charge(version=draft, product=product, metric=metric, by=base.mia, at=AT)
    with pytest.raises(Conflict):
        rate_cards.add_charge(version=draft, product=product, metric=metric, by=base.mia, at=AT)
    price = rate_cards.add_price(
        charge=charge, currency="EUR", match={"model": "gpt-4o", "token_type": ""}, unit_price=Decimal("2.5"),
        by=base.mia, at=AT,
    )  # fmt: skip
    assert (price.match, price.model, price.unit_price) == ({"model": "gpt-4o"}, "PER_UNIT", Decimal("2.5"))
    with pytest.raises(Conflict):
        rate_cards.add_price(
            charge=charge, currency="EUR", match={"model": "gpt-4o"}, unit_price=Decimal(1), by=base.mia, at=AT
        )
    steps = [Tier(Decimal(10), Decimal(2)), Tier(None, Decimal(1), Decimal(5))]
    price = rate_cards.set_price(price=price, tiers=steps, by=base.mia, at=AT)
    assert (price.model, price.unit_price) == ("GRADUATED", None)
    assert [(t.up_to, t.unit_price, t.flat_fee) for t in price.tiers.all()] == [
        (Decimal(10), Decimal(2), Decimal(0)), (None, Decimal(1), Decimal(5)),
    ]  # fmt: skip
    price = rate_cards.set_price(price=price, unit_price=Decimal("0.000000000000000001"), by=base.mia, at=AT)
    assert (price.model, price.unit_price, price.tiers.count()) == ("PER_UNIT", Decimal("1e-18"), 0)
    rate_cards.remove_price(price=price, by=base.mia, at=AT)
    rate_cards.remove_charge(charge=charge, by=base.mia, at=AT)
    draft.refresh_from_db()
    assert (draft.charges.count(), draft.last_edited_by) == (0, base.mia)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"unit_price": Decimal(-1)}, "unit_price"),
        ({"unit_price": Decimal("1e-19")}, "unit_price"),
        ({"unit_price": Decimal("1e20")}, "unit_price"),
        ({"unit_price": Decimal("NaN")}, "unit_price"),
        ({"unit_price": None}, "unit_price"),
        ({"tiers": [Tier(Decimal(5), Decimal(1)), Tier(Decimal(5), Decimal(1))]}, "tiers[1].up_to"),
        ({"tiers": [Tier(None, Decimal(1)), Tier(None, Decimal(1))]}, "tiers[0].up_to"),
        ({"unit_price": Decimal(1), "currency": "EURO"}, "currency"),
        ({"unit_price": Decimal(1), "match": {"colour": "red"}}, "match.colour"),
    ],
)
def test_a_wrong_row_is_refused_at_its_field(base: World, given, field: str) -> None:
    draft = rate_cards.draft(rate_card=deals.card(base), by=base.mia, at=AT)
    charge = rate_cards.add_charge(
        version=draft, product=deals.product(base, "batch"), metric=deals.metric_of(), by=base.mia, at=AT
    )
    with pytest.raises(Invalid) as refusal:
        rate_cards.add_price(charge=charge, by=base.mia, at=AT, **{"currency": "EUR", "match": {}} | given)
    assert refusal.value.field == field
    assert charge.prices.count() == 0


# -- metrics


def test_a_metric_version_is_written_edited_and_approved(world: World) -> None:
    version = deals.metric(world)
    assert (version.number, version.status, version.measures.count()) == (1, "APPROVED", 2)
    second = metrics.draft_version(metric=version.metric, content=deals.tokens(LATER), by=world.eli, at=AT)
    content = deals.tokens(LATER, dimensions=(Dimension("size", "input_tokens", (Decimal(1000),)),))
    metrics.edit_version(version=second, content=content, by=world.mia, at=AT)
    request = metrics.submit(version=second, reason="By size", by=world.mia, at=AT)
    with pytest.raises(NotAllowed):
        say(world, request, Verdict.APPROVE, world.eli)
    assert say(world, request, Verdict.APPROVE, world.chen).status == "SCHEDULED"
    assert second.dimensions.get().thresholds == [Decimal(1000)]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"measures": ()}, "measures"),
        ({"measures": (Measure("a", "x"), Measure("b", "x"))}, "measures"),
        ({"measure_dimension": ""}, "measure_dimension"),
        ({"divisor": Decimal(0)}, "divisor"),
        ({"dimensions": (Dimension("model", "a"), Dimension("model", "b"))}, "dimensions"),
        ({"dimensions": (Dimension("size", "n", (Decimal(2), Decimal(1))),)}, "dimensions[0].thresholds"),
    ],
)
def test_nonsense_in_a_metric_is_refused_at_its_field(world: World, more, field: str) -> None:
    metric = metrics.create(environment=world.live, key="m", name="M", owner=world.mia, by=world.mia, at=AT)
    with pytest.raises(Invalid) as refusal:
        metrics.draft_version(metric=metric, content=replace(deals.tokens(), **more), by=world.mia, at=AT)
    assert refusal.value.field == field
    assert metric.versions.count() == 0


def test_a_new_meaning_starts_after_its_approval(world: World) -> None:
    metric = deals.metric(world).metric
    second = metrics.draft_version(metric=metric, content=deals.tokens(AT - timedelta(days=9)), by=world.mia, at=AT)
    with pytest.raises(Invalid, match="after its approval"):
        metrics.submit(version=second, reason="", by=world.mia, at=AT)


# -- contracts


def test_overlapping_contracts_are_refused(base: World, first) -> None:
    deals.contract(base, base.acme, first.rate_card, end_date=date(2026, 6, 30))
    touching = {"key": "next", "start_date": date(2026, 6, 30)}
    draft = deals.draft_contract(base, base.acme, first.rate_card, **touching)
    with pytest.raises(Conflict, match="covers some of these days"):
        contracts.submit(contract=draft, reason="", by=base.chen, at=AT)
    draft = contracts.edit(contract=draft, start_date=date(2026, 7, 1), by=base.chen, at=AT)
    request = contracts.submit(contract=draft, reason="", by=base.chen, at=AT)
    assert say(base, request, Verdict.APPROVE, base.rosa).status == "LIVE"


def test_two_contracts_in_flight_and_only_one_gets_through(base: World, first) -> None:
    requests = []
    for key in ("one", "two"):
        draft = deals.draft_contract(base, base.acme, first.rate_card, key=key)
        requests.append(contracts.submit(contract=draft, reason="", by=base.chen, at=AT))
    assert say(base, requests[0], Verdict.APPROVE, base.rosa).status == "LIVE"
    with pytest.raises(Conflict, match="covers some of these days"):
        say(base, requests[1], Verdict.APPROVE, base.rosa)
    assert Contract.objects.filter(account=base.acme, status="APPROVED").count() == 1


def test_a_discount_above_the_policy_needs_the_head(base: World, first) -> None:
    draft = deals.draft_contract(base, base.acme, first.rate_card, discount_percent=Decimal("20.5"))
    request = contracts.submit(contract=draft, reason="", by=base.rosa, at=AT)
    assert request.items.get().facts == {"credits": "0", "discount_percent": "20.5", **SAID}
    with pytest.raises(NotAllowed):  # chen drafted it, rosa submitted it
        say(base, request, Verdict.APPROVE, base.chen)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"currency": "USD"}, "currency"),
        ({"currency": "ABC"}, "currency"),
        ({"anchor": "day"}, None),
        ({"anchor": "day", "anchor_day": 32}, "anchor_day"),
        ({"discount_percent": Decimal("100.1")}, "discount_percent"),
        ({"end_date": date(2025, 12, 31)}, "end_date"),
        ({"pinned_until": date(2026, 5, 1)}, "pinned_version"),
        ({"key": "Not A Key"}, "key"),
    ],
)
def test_wrong_terms_are_refused_at_their_field(base: World, first, terms, field) -> None:
    with pytest.raises(Invalid) as refusal:
        draft = deals.draft_contract(base, base.acme, first.rate_card, **terms)
        contracts.submit(contract=draft, reason="", by=base.chen, at=AT)
    assert field is None or field in [error.field for error in refusal.value.errors]
    assert not Contract.objects.exclude(status="DRAFT").exists()


def test_a_contract_stays_in_its_environment_and_with_people_who_see_the_account(base: World, first) -> None:
    with pytest.raises(Invalid) as refusal:
        deals.draft_contract(base, base.acme_sandbox, first.rate_card)
    assert [error.field for error in refusal.value.errors] == ["legal_entity", "rate_card"]
    make.people.grant_role(user=base.noel, role=Role.SALES, by=None, at=AT)
    draft = deals.draft_contract(base, base.acme, first.rate_card)
    for name in ("mia", "finn", "sal", "noel", "audra"):
        with pytest.raises((NotAllowed, NotFound)):
            contracts.edit(contract=draft, net_days=1, by=getattr(base, name), at=AT)
    with pytest.raises(Invalid) as unknown:
        contracts.edit(contract=draft, status="APPROVED", account=base.globex, by=base.chen, at=AT)
    assert [error.field for error in unknown.value.errors] == ["account", "status"]
    draft.refresh_from_db()
    assert (draft.net_days, draft.status, draft.account) == (30, "DRAFT", base.acme)


# -- states


@pytest.mark.parametrize(("before", "after"), list(pairs_of(VersionStatus, VersionStatus)))
def test_every_pair_of_statuses(world: World, before: VersionStatus, after: VersionStatus) -> None:
    """The table, the action and the database agree about every change of status."""
    allowed = after in ARROWS[before]
    if allowed:
        guard(before, after)
    else:
        with pytest.raises(WrongState):
            guard(before, after)
    version = metrics.draft_version(
        metric=metrics.create(environment=world.live, key="m", name="M", owner=world.mia, by=world.mia, at=AT),
        content=deals.tokens(), by=world.mia, at=AT,
    )  # fmt: skip
    version.status = before.value
    if not allowed:
        with pytest.raises(WrongState):
            governed.move(version, after, by=world.mia, at=AT)
