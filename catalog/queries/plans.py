"""Plans: which version is in force on a day, what it packs, in values and in words, and who uses it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet

from catalog.models import Contract, Plan, PlanVersion, Product
from catalog.rules.plans.changes import Changed, changes
from catalog.rules.plans.package import KINDS, Package, parts_of
from catalog.rules.plans.reading import read
from catalog.rules.plans.words import Said, said


def package_of(version: PlanVersion) -> Package:
    """Give what a version packs."""
    return read(version.content)


def version_on(plan: Plan, day: date) -> PlanVersion | None:
    """Find the version that a contract starting on a local day is made from; None before the first."""
    begun = plan.versions.filter(status="APPROVED", effective_date__lte=day)
    return (
        begun.select_related("plan", "rate_card", "pinned_version", "legal_entity").order_by("-effective_date").first()
    )


def newest_approved(plan: Plan, but: PlanVersion | None = None) -> PlanVersion | None:
    """Give the version that was approved last."""
    found = plan.versions.filter(status="APPROVED").order_by("-number")
    return (found.exclude(pk=but.pk) if but is not None else found).first()


def words_of(version: PlanVersion) -> list[Said]:
    """Say what a version packs: who sells, by which prices, and the package."""
    prices = "none yet"
    if version.rate_card is not None:
        pinned = version.pinned_version
        prices = f"{version.rate_card}, " + (f"pinned to v{pinned.number}" if pinned else "each new version")
    seller = str(version.legal_entity) if version.legal_entity is not None else "nobody yet"
    head = [Said("Terms", "Sold by", "Sold by", seller), Said("Terms", "Prices", "Prices", prices)]
    package = package_of(version)
    return [*head, *said(package, _names(version, package))]


def plan_changes(old: PlanVersion | None, new: PlanVersion) -> list[Changed]:
    """Compare a version with another one, or with nothing, in words."""
    return changes(words_of(old) if old is not None else (), words_of(new))


def version_before(version: PlanVersion) -> PlanVersion | None:
    """Find what a version is read against: the one that it was approved after, or the newest approved so far."""
    return version.based_on if version.status == "APPROVED" else newest_approved(version.plan, but=version)


def contracts_of(plan: Plan) -> "QuerySet[Contract]":
    """List the approved contracts that were made from any version of a plan."""
    found = Contract.objects.filter(plan_version__plan=plan, status="APPROVED")
    return found.select_related("account", "plan_version").order_by("-start_date", "-pk")


def products_named(package: Package) -> set[str]:
    """Give the keys of all products that a package names."""
    parts: Sequence[Any] = [part for kind in KINDS for part in parts_of(package, kind)]
    single = {part.product for part in parts if hasattr(part, "product")}
    return single | {key for part in parts for key in getattr(part, "products", ())}


def _names(version: PlanVersion, package: Package) -> Mapping[str, str]:
    rows = Product.objects.filter(environment=version.plan.environment_id, key__in=products_named(package))
    return dict(rows.values_list("key", "name"))
