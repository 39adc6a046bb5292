"""What one part of a package, or two together, can't mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from catalog.rules.plans.package import Fee, OneTimeFee, Package
from monetization.values.errors import DomainError, Invalid

Fault = Iterator[DomainError]
MOST_THRESHOLDS, HIGHEST_THRESHOLD = 10, 1_000
FINEST = Decimal("0.0001")


def faults_of_parts(package: Package) -> Fault:
    """Yield them in the order of the document."""
    yield from _fees(package)
    yield from _allowances(package)
    yield from _limits(package)
    yield from _grants(package)
    yield from _discounts(package)
    yield from _bounds(package)


def _fees(package: Package) -> Fault:
    listed: tuple[tuple[str, Sequence[Fee | OneTimeFee]], ...] = (
        ("fees", package.fees),
        ("one_time", package.one_time),
    )
    for kind, fees in listed:
        for number, fee in enumerate(fees):
            if not fee.unit_price:
                fix = 'Give it for each currency: {"EUR": "49"}'
                yield Invalid("It has no price", field=f"{kind}[{number}].unit_price", fix=fix)


def _allowances(package: Package) -> Fault:
    fees = {fee.key for fee in package.fees}
    for number, each in enumerate(package.allowances):
        path = f"allowances[{number}]"
        if not each.units:
            yield Invalid("Nothing is free in it", field=f"{path}.units", fix="Give more than zero")
        if each.per and each.per not in fees:
            fix = f"Name one of: {', '.join(sorted(fees))}" if fees else "Leave it out, or add the fee"
            yield Invalid(f"“{each.per}” is no recurring fee here", field=f"{path}.per", fix=fix)


def _limits(package: Package) -> Fault:
    for number, each in enumerate(package.limits):
        path = f"limits[{number}]"
        if bool(each.metric) == bool(each.amount):
            fix = "Name a metric with “most”, or give an amount of money"
            yield Invalid("A limit is of a metric or of spend", field=f"{path}.metric", fix=fix)
        elif bool(each.metric) != (each.most is not None):
            fix = "Give how many units" if each.metric else "Leave it out: the amount says it"
            yield Invalid("“most” counts units of a metric", field=f"{path}.most", fix=fix)
        if each.match and not each.metric:
            yield Invalid("A limit of spend counts everything", field=f"{path}.match", fix="Leave it out")
        if len(each.thresholds) > MOST_THRESHOLDS:
            yield Invalid("Too many thresholds", field=f"{path}.thresholds", fix=f"At most {MOST_THRESHOLDS}")
        for place, percent in enumerate(each.thresholds):
            if not 1 <= percent <= HIGHEST_THRESHOLD:
                fix = f"From 1 to {HIGHEST_THRESHOLD} percent"
                yield Invalid("This is out of bounds", field=f"{path}.thresholds[{place}]", fix=fix)


def _grants(package: Package) -> Fault:
    for number, each in enumerate(package.grants):
        path = f"grants[{number}]"
        if not each.amount or not all(each.amount.values()):
            fix = "Give more than zero in each currency"
            yield Invalid("A credit needs an amount", field=f"{path}.amount", fix=fix)
        if min(each.months, each.days) < 0 or each.months > 600 or each.days > 3660:
            fix = "Up to 600 months or 3,660 days"
            yield Invalid("This is out of bounds", field=f"{path}.months", fix=fix)
        if each.months and each.days:
            fix = "Give one of them"
            yield Invalid("It is valid for months or for days", field=f"{path}.days", fix=fix)


def _discounts(package: Package) -> Fault:
    for number, each in enumerate(package.discounts):
        path = f"discounts[{number}]"
        if (each.percent is None) == (not each.amount):
            fix = "Give one of the two"
            yield Invalid("It is a percentage or an amount", field=f"{path}.percent", fix=fix)
        elif each.percent is not None and (not 0 < each.percent <= 100 or each.percent % FINEST):
            fix = "Above 0, up to 100, at most 4 decimal places"
            yield Invalid("This is no discount", field=f"{path}.percent", fix=fix)
        elif not all(each.amount.values()):
            yield Invalid("It takes nothing off", field=f"{path}.amount", fix="Give more than zero in each currency")


def _bounds(package: Package) -> Fault:
    least = {(tuple(sorted(each.products)), code): amount for each in package.bounds if each.kind == "MINIMUM"
             for code, amount in each.amount.items()}  # fmt: skip
    for number, each in enumerate(package.bounds):
        path = f"bounds[{number}].amount"
        if not each.amount:
            yield Invalid("It has no amount", field=path, fix="Give it for each currency")
        for code, amount in each.amount.items():
            if each.kind == "MAXIMUM" and amount < least.get((tuple(sorted(each.products)), code), amount):
                fix = "Raise it, or lower the minimum of the same products"
                yield Invalid("The maximum lies below the minimum", field=f"{path}.{code}", fix=fix)
