"""Why a plan version can't be approved now, and what policies ask about it."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from catalog.models import Metric, PlanVersion, Product, RateCardVersion
from catalog.queries.beside import stands_with
from catalog.queries.cards import read_charges
from catalog.queries.plans import newest_approved, package_of, products_named
from catalog.rules.plans.faults import faults, products_of
from catalog.rules.plans.package import KINDS, Package, parts_of
from monetization.values.errors import Conflict, DomainError, Invalid
from monetization.values.money import total_of

Fault = Iterator[DomainError]


def errors(version: PlanVersion, at: datetime) -> list[DomainError]:
    """List them. Raises Conflict if it is based on an outdated version."""
    newest = newest_approved(version.plan, but=version)
    if newest is not None and version.based_on_id != newest.pk:
        raise Conflict(
            f"Version {newest.number} was approved since this draft was started.",
            fix="Draft a new version from it and enter your changes again.",
        )
    package = package_of(version)
    return [*_time(version, newest, at), *_sold(version, package), *faults(package), *_named(version, package)]


def facts_of(version: PlanVersion) -> dict[str, Decimal]:
    """Give what policies ask about a plan: percentages off, days of trial, and the largest credit, in any currency."""
    package = package_of(version)
    percents = [each.percent for each in package.discounts if each.percent is not None]
    credits = [max(each.amount.values()) for each in package.grants if each.amount]
    fixed = any(each.percent is None for each in package.discounts)
    facts = {"trial_days": Decimal(package.trial_days), "credits": total_of(credits)}
    return facts if fixed else facts | {"discount_percent": max(percents, default=Decimal(0))}


def _time(version: PlanVersion, newest: PlanVersion | None, at: datetime) -> Fault:
    if version.effective_date is None:
        yield Invalid("It has no effective date", field="effective_date", fix="Choose the first day of sign-ups")
    elif newest is not None and version.effective_date <= at.date():
        fix = "Choose a day after the approval; who signed up before keeps what they have"
        yield Invalid("Its effective date lies before its approval", field="effective_date", fix=fix)


def _sold(version: PlanVersion, package: Package) -> Fault:
    """Want a seller, and a card with a price of every product in every currency that is offered."""
    if version.legal_entity is None:
        yield Invalid("Nobody sells it", field="legal_entity", fix="Name the legal entity that invoices")
    if version.rate_card is None:
        yield Invalid("It has no prices", field="rate_card", fix="Name a rate card")
        return
    pinned = version.pinned_version
    usable = version.rate_card.versions.filter(stands_with(version))
    if pinned is not None and not usable.filter(pk=pinned.pk).exists():
        fix = "Choose an approved version of the plan's rate card"
        yield Invalid("This version can't be pinned", field="pinned_version", fix=fix)
        return
    priced = pinned or usable.order_by("-number").first()
    if priced is None:
        fix = "Have its first version approved"
        yield Invalid(f"{version.rate_card} has no approved prices yet", field="rate_card", fix=fix)
    else:
        yield from _priced(priced, package)


def _priced(priced: RateCardVersion, package: Package) -> Fault:
    for number, code in enumerate(package.currencies):
        if not all(charge.rows for charge in read_charges([priced.pk], code).get(priced.pk, ())):
            fix = "Don't offer it, or add its prices to the card"
            message = f"{priced} has no price in {code} for every product"
            yield Invalid(message, field=f"currencies[{number}]", fix=fix)
    sold = set(priced.charges.values_list("product__key", flat=True))
    for number, each in enumerate(package.allowances):
        if each.product not in sold:
            fix = f"Name one of: {', '.join(sorted(sold))}"
            yield Invalid(f"{priced} doesn't price “{each.product}”", field=f"allowances[{number}].product", fix=fix)


def _named(version: PlanVersion, package: Package) -> Fault:
    """Refuse products and metrics that aren't there."""
    place = {"environment": version.plan.environment_id}
    named = products_named(package)
    known = set(Product.objects.filter(**place, key__in=named).values_list("key", flat=True))
    for kind in KINDS:
        for number, part in enumerate(parts_of(package, kind)):
            for member, key in products_of(part).items():
                if key not in known:
                    fix = "Name a product by its key"
                    yield Invalid(f"There is no product “{key}”", field=f"{kind}[{number}].{member}", fix=fix)
    metrics = Metric.objects.filter(**place, versions__status="APPROVED", key__in=[x.metric for x in package.limits])
    defined = set(metrics.values_list("key", flat=True))
    for number, limit in enumerate(package.limits):
        if limit.metric and limit.metric not in defined:
            fix = "Name one by its key, and have its version approved"
            yield Invalid(f"No metric “{limit.metric}” is in force", field=f"limits[{number}].metric", fix=fix)
