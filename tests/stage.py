"""A stage for the route matrix: the cast, and one object of every kind that an address can name.

Objects are acme's in LIVE; `theirs` are globex's. Dates lie in the past, so that everything may happen now.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.test import Client
from django.utils import timezone

from billing.actions import documents, impacts
from billing.models import AccountImpact, Document, Impact, Invoice, Payment, TaxRate, Transfer
from catalog.actions import (
    agreed,
    amendments,
    bundles,
    commits,
    instruments,
    metrics,
    own_prices,
    plans,
    rate_cards,
    recurring,
)
from catalog.actions.allowances import add_allowance
from catalog.actions.composites import add_composite
from catalog.models import (
    Amendment,
    Contract,
    Metric,
    MetricVersion,
    Plan,
    PlanVersion,
    PriceRow,
    Product,
    RateCard,
    RateCardVersion,
)
from catalog.rules.schedules import Equal, Item
from catalog.rules.tariffs import per_unit
from metering.actions import backfill, corrections, holds, inbox, limits
from metering.actions.ingest import ingest
from metering.actions.limits import LimitDraft
from metering.models import Event, EventRemoval, HourlyUsage, Quarantined
from monetization.foundation.actions import customers, delegations, outbox, policies, requests
from monetization.foundation.models import (
    Account,
    AccountAlias,
    ApiKey,
    AuditEntry,
    ChangeItem,
    ChangeRequest,
    Customer,
    Delivery,
    Endpoint,
    LegalEntity,
    Membership,
    Message,
    Policy,
    RoleGrant,
    User,
)
from monetization.foundation.rules.policies import Asked
from monetization.foundation.rules.roles import Role
from monetization.values.periods import Cadence
from tests import deals, filed, make, planned, priced
from tests.make import AT, World

LONG_AGO = AT + timedelta(days=1)


@dataclass
class Stage:
    """Clients by actor, and the arguments of addresses by name."""

    world: World
    actors: dict[str, Client] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    theirs: dict[str, Any] = field(default_factory=dict)


def build() -> Stage:
    """Set the stage: prices in force and in draft, an issued and a reviewed invoice, keys, messages."""
    world = make.world()
    terms = priced.priced(world)
    priced.use(world, [*priced.october(), *priced.october("globex")])
    issued = priced.issued(world, terms.acme)
    reviewed = priced.reviewed(world, terms.globex)
    document = Document.objects.get(invoice=issued)
    documents.make(document_id=document.pk, at=priced.NOVEMBER_5)
    ingest(environment=world.live, events=[priced.event("nobody", priced.OCTOBER)], by=None, at=priced.NOVEMBER_4)
    stage = Stage(world, actors=_actors(world))
    stage.own = _own(world, terms, issued)
    stage.theirs = {"invoice": reviewed.pk, "account": world.globex.pk, "contract": terms.globex.pk,
                    "bucket": HourlyUsage.objects.filter(account=world.globex)[0].pk}  # fmt: skip
    return stage


def _actors(world: World) -> dict[str, Client]:
    world.people["omni"] = make.person("omni", list(Role))
    clients = {name: make.signed_in(user) for name, user in world.people.items()}
    clients["anonymous"] = Client(raise_request_exception=False)
    keys: Mapping[str, Callable[[], str]] = {
        "key": lambda: make.token(world.people["omni"], world.live, name="all"),
        "key-sandbox": lambda: make.token(world.people["omni"], world.sandbox, name="sandbox"),
        "key-narrow": lambda: make.token(world.people["omni"], world.live, "events:write", name="narrow"),
        "key-expired": lambda: make.token(world.people["omni"], world.live, name="old", expires_at=LONG_AGO),
    }
    for name, text in keys.items():
        clients[name] = Client(headers={"authorization": f"Bearer {text()}"}, raise_request_exception=False)
    return clients


def _parts(world: World, unsigned: Contract, now: datetime) -> None:
    """Agree one of each in the draft, all of one key."""
    by: dict[str, Any] = {"contract": unsigned, "key": "there", "name": "There", "by": world.chen, "at": now}
    fee = {"product": Product.objects.filter(environment=world.live)[0], "unit_price": Decimal(1)}
    agreed.add_recurring(**by, **fee)
    agreed.add_one_time(**by, **fee)
    add_allowance(product=fee["product"], units=Decimal(1), **by)
    agreed.add_discount(percent=Decimal(1), **by)
    agreed.add_bound(kind="MINIMUM", amount=Decimal(1), **by)
    add_composite(product=fee["product"], percent=Decimal(1), **by)
    inference = Product.objects.get(environment=world.live, key="inference")
    own_prices.add_override(product=inference, tariff=per_unit(Decimal(1)), match={"model": "gpt-4o"}, **by)
    own_prices.add_multiplier(factor=Decimal("0.9"), **by)
    instruments.add(kind="CREDIT", amount=Decimal(1), **by)
    recurring.add(amount=Decimal(1), **by)
    items = [Item(Decimal(1), unsigned.start_date, None)] * 2
    commits.add(content=commits.CommitDraft("PREPAID", items, Equal(Decimal(1), 1, Cadence.ANNUAL)), **by)


def _own(world: World, terms: priced.Priced, issued: Invoice) -> dict[str, Any]:
    """Return the arguments of every kind of address."""
    live, now = terms.card.versions.get(number=1), timezone.now()
    draft = rate_cards.draft(rate_card=terms.card, by=world.mia, at=now)
    waiting = _waiting(world, now)
    held = _held(world, now)
    _impact(world, waiting, now)
    starter = planned.starter(world)
    meaning = MetricVersion.objects.filter(metric__key="llm-tokens").get()
    unsigned = deals.draft_contract(
        world, world.acme_us, terms.card, at=now, key="unsigned", start_date=(now + timedelta(days=9)).date()
    )
    deals.contract(world, world.acme_us, terms.card, at=now, key="earlier", end_date=now.date())
    _parts(world, unsigned, now)
    return {
        "amendment": _amendments(world, terms.acme, now).pk,
        "account": world.acme.pk,
        "alias": _alias(world).pk,
        "bucket": HourlyUsage.objects.filter(account=world.acme)[0].pk,
        "contract": terms.acme.pk,
        "contract_draft": unsigned.pk,
        "invoice": issued.pk,
        "key": ApiKey.objects.get(name="narrow").pk,
        "meaning": meaning.pk,
        "meaning_draft": _meaning(world, meaning, now).pk,
        "metric": meaning.metric_id,
        "person": world.vera.pk,
        **_governing(world, now),
        "price": PriceRow.objects.filter(charge__version=live)[0].pk,
        "price_draft": PriceRow.objects.filter(charge__version=draft)[0].pk,
        "quarantined": Quarantined.objects.get().pk,
        "receipt": _receipt(world, now),
        "request": waiting.pk,
        "request_draft": held.request_id,
        "request_item": held.pk,
        "version": live.pk,
        "plan": starter.plan_id,
        "plan_version": starter.pk,
        "plan_draft": plans.draft(plan=starter.plan, by=world.mia, at=now).pk,
        "version_draft": draft.pk,
        "charge": draft.charges.earliest("pk").pk,
        "rate_card": terms.card.pk,
        "correction": corrections.deprecate(
            environment=world.live,
            keys=[("api", Event.objects.filter(account=world.acme)[5].event_id)],
            reason="A load test",
            by=world.eli,
            at=now,
        ).pk,
        "backfill": backfill.begin(version=meaning, reason="To be sure", by=world.mia, at=now).pk,
        "import": filed.prices(world, card="imported", effective_date=date(2099, 1, 1)).pk,
        "event_id": Event.objects.filter(account=world.acme)[0].event_id,
    } | _rows(world, now)


def _amendments(world: World, contract: Contract, now: datetime) -> Amendment:
    """Draft two amendments of a contract; the second has a part."""
    day = (now + timedelta(days=40)).date()
    said: dict[str, Any] = {"contract": contract, "kind": "CHANGE", "effective_date": day, "by": world.chen, "at": now}
    amendments.draft(net_days=45, **said)
    bound = {"key": "cap", "name": "Cap", "kind": "MAXIMUM", "amount": Decimal(9)}
    return amendments.draft(adds=[("bound", bound)], reason="Tried", **said)


def _governing(world: World, now: Any) -> dict[str, Any]:
    """Draft a policy's new version, and name a delegate of who holds every role."""
    policy, spare = Policy.objects.filter(environment=world.live)[:2]
    content = policies.Content([Asked(Role.FINANCE)])
    version = policies.draft_version(policy=policy, content=content, by=world.chen, at=now)
    omni = world.people["omni"]
    away = delegations.delegate(
        person=omni, delegate=world.noel, starts_at=now, ends_at=now + timedelta(days=1), by=omni, at=now
    )
    return {"policy": spare.pk, "policy_draft": version.pk, "delegation": away.pk}


def _waiting(world: World, now: Any) -> ChangeRequest:
    card = deals.card(world, key="other")
    version: RateCardVersion = deals.version(world, card, rows=deals.prices(currencies=("EUR",)), at=now)
    return rate_cards.submit(version=version, title="A change that waits", reason="Test", by=world.mia, at=now)


def _held(world: World, now: Any) -> ChangeItem:
    """Open a request by itself and put a draft into it."""
    request = requests.open_request(environment=world.live, title="Several at once", by=world.mia, at=now)
    version = deals.version(world, deals.card(world, key="held"), rows=deals.prices(currencies=("EUR",)), at=now)
    return bundles.add(request=request, row=version, by=world.mia, at=now)


def _impact(world: World, request: ChangeRequest, now: Any) -> None:
    """Reckon its impact: workers are at it, and have found something of both customers."""
    impact = impacts.start(request=request, by=world.mia, at=now)
    Impact.objects.filter(pk=impact.pk).update(status=Impact.Status.RUNNING, accounts=2, ended_at=None)
    found = dict.fromkeys(("before", "covered_before", "covered_after"), Decimal(1))
    for account in (world.acme, world.globex):
        AccountImpact.objects.create(impact=impact, account=account, currency="EUR", after=Decimal(2), **found)


def _receipt(world: World, now: Any) -> Any:
    body = inbox.Body(b"{}", "application/json", "", {})
    return inbox.accept(environment=world.live, key=None, body=body, at=now).receipt


def _alias(world: World) -> AccountAlias:
    return customers.add_alias(account=world.acme, alias="acme-prod", by=world.rosa, at=AT)


def _meaning(world: World, meaning: MetricVersion, now: Any) -> MetricVersion:
    content = deals.tokens(now + timedelta(days=30))
    return metrics.draft_version(metric=meaning.metric, content=content, by=world.mia, at=now)


def _rows(world: World, now: Any) -> dict[str, Any]:
    """Return the primary keys of rows that only the lists of the console name, by model."""
    message: Message = outbox.publish(
        environment=world.live, topic="invoice.issued", subject="billing.invoice:1", payload={}, at=now
    )
    endpoint = Endpoint.objects.create(environment=world.live, name="Books", url="https://example.com/h", secret="x")
    delivery = Delivery.objects.create(message=message, endpoint=endpoint, next_attempt_at=now)
    models: dict[str, Any] = {
        "billing_document": Document, "billing_invoice": Invoice, "billing_taxrate": TaxRate,
        "billing_transfer": Transfer, "catalog_contract": Contract, "catalog_metricversion": MetricVersion,
        "foundation_apikey": ApiKey, "foundation_auditentry": AuditEntry, "foundation_membership": Membership,
        "foundation_policy": Policy, "foundation_rolegrant": RoleGrant, "foundation_user": User,
        "foundation_changerequest": ChangeRequest, "foundation_accountalias": AccountAlias,
        "foundation_account": Account, "foundation_customer": Customer, "foundation_legalentity": LegalEntity,
        "catalog_metric": Metric, "catalog_product": Product, "catalog_ratecard": RateCard,
        "catalog_plan": Plan, "catalog_planversion": PlanVersion, "catalog_ratecardversion": RateCardVersion,
        "metering_hourlyusage": HourlyUsage,
        "metering_eventremoval": EventRemoval,
    }  # fmt: skip
    found = {name: model.objects.order_by("pk")[0].pk for name, model in models.items()}
    return found | {
        "foundation_message": message.pk, "foundation_endpoint": endpoint.pk, "foundation_delivery": delivery.pk,
        "billing_payment": _payment(world, now).pk,
    } | _limits(world, now)  # fmt: skip


def _limits(world: World, now: Any) -> dict[str, Any]:
    """Set a limit of acme's contract, one of acme's own, and hold something."""
    metric = Metric.objects.get(key="llm-tokens")
    content = LimitDraft("Tokens of Acme Robotics", Decimal(100), metric=metric)
    made = [
        limits.set_limit(environment=world.live, account=world.acme, content=content, by=None, at=now, set_by=set_by)
        for set_by in ("CONTRACT", "CUSTOMER")
    ]
    wanted = holds.Use(world.acme.pk, "llm-tokens", Decimal(1), {})
    holds.reserve(environment=world.live, key="held", use=wanted, seconds=3600, at=now)
    return {"limit": made[0].pk, "own_limit": made[1].pk}


def _payment(world: World, now: Any) -> Payment:
    invoice = Invoice.objects.get(account=world.acme, status="ISSUED")
    return Payment.objects.create(
        environment=world.live, invoice=invoice, amount=1, currency="EUR", received_date=now.date(),
        reference="stage", recorded_by=world.finn, recorded_at=now,
    )  # fmt: skip
