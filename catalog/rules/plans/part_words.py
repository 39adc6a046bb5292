"""Each kind of part in a sentence without its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from catalog.rules.plans.package import Allowance, Bound, Cap, Fee, Grant, Money, OneTimeFee, Package, Reduction
from catalog.rules.tariff_words import number, price

Names = Mapping[str, str]
EVERY = {"": "each period", "MONTHLY": "each month", "QUARTERLY": "each quarter", "ANNUAL": "each year"}
WINDOWS = {"DAY": "a day", "BILLING_PERIOD": "a billing period"}


def money(amounts: Money) -> str:
    """Say an amount in each of its currencies."""
    return " / ".join(f"{code} {_priced(amounts, code)}" for code in sorted(amounts)) or "nothing yet"


def _priced(amounts: Money, code: str) -> str:
    return price(amounts[code], code if len(code) == 3 and code.isupper() else "")


def named(count: int, noun: str) -> str:
    """Say a number of things."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _of(products: Sequence[str], names: Names) -> str:
    return f" on {', '.join(names.get(key, key) for key in products)}" if products else ""


def _fee(fee: Fee, names: Names, package: Package) -> str:
    count = "" if fee.quantity == 1 else f"{number(fee.quantity)} × "
    when = "in advance" if fee.timing == "ADVANCE" else "in arrears"
    return f"{count}{money(fee.unit_price)} {EVERY[fee.cadence]}, {when}"


def _one_time(fee: OneTimeFee, names: Names, package: Package) -> str:
    count = "" if fee.quantity == 1 else f"{number(fee.quantity)} × "
    return f"{count}{money(fee.unit_price)} once, on the first paid day"


def _allowance(each: Allowance, names: Names, package: Package) -> str:
    fee = next((fee.name for fee in package.fees if fee.key == each.per), each.per)
    per = f" for each unit of {fee}, pooled" if each.per else ""
    return f"{number(each.units)} priced units of {names.get(each.product, each.product)} free each period{per}"


def _limit(each: Cap, names: Names, package: Package) -> str:
    what = f"{number(each.most)} units of {each.metric}" if each.most is not None else f"{money(each.amount)} of spend"
    where = f" ({', '.join(f'{key} {value}' for key, value in sorted(each.match.items()))})" if each.match else ""
    told = f"; told at {', '.join(f'{percent} %' for percent in sorted(each.thresholds))}" if each.thresholds else ""
    verb = "refused beyond" if each.is_hard else "warned beyond"
    return f"{verb} {what}{where} {WINDOWS[each.window]}{told}"


def _grant(each: Grant, names: Names, package: Package) -> str:
    valid = named(each.months, "month") if each.months else named(each.days, "day") if each.days else ""
    return f"{money(each.amount)} of credit{_of(each.products, names)}, " + (
        f"valid {valid}" if valid else "valid as long as the contract"
    )


def _discount(each: Reduction, names: Names, package: Package) -> str:
    off = f"{number(each.percent)} %" if each.percent is not None else f"{money(each.amount)} a period"
    counts = ", and still counts for the minimum" if each.counts_for_minimum else ""
    return f"{off} off{_of(each.products, names)}{counts}"


def _bound(each: Bound, names: Names, package: Package) -> str:
    kind = "at least" if each.kind == "MINIMUM" else "at most"
    return f"{kind} {money(each.amount)} a period{_of(each.products, names)}" + (
        "" if each.prorates else ", also in a part of one"
    )


WORDS: dict[str, Callable[[Any, Names, Package], str]] = {
    "fees": _fee, "one_time": _one_time, "allowances": _allowance, "limits": _limit, "grants": _grant,
    "discounts": _discount, "bounds": _bound,
}  # fmt: skip
