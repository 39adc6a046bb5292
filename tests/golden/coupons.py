"""Coupons: percentages and fixed amounts off the lines of an invoice."""

from __future__ import annotations

from fractions import Fraction

from tests.golden.answers import Answer, Desk, Money, total_of
from tests.golden.members import Body, Members, Unknown, text

ORDERS = ("metric-limited, then plan-limited, then unlimited; each allocated on what is left",)


def coupon(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Take coupons off fees that are due once."""
    config.expect("method", "largest remainder")
    config.expect("order", *ORDERS)
    fees, categories = _fees(desk, usage)
    discounts = [{"id": f"coupon-{number}", **one} for number, one in enumerate(_coupons(desk, config))]
    percents = {**categories, **({"S": config.number("tax_pct")} if "tax_pct" in config else {})}
    taxes = [{"category": category, "percent": text(percent)} for category, percent in percents.items()]
    return _figures(desk.ask(fees, discounts=discounts, taxes=taxes), len(fees), percents)


def _fees(desk: Desk, usage: Members) -> tuple[list[Body], dict[str, Fraction]]:
    """The fees, and the percentages of their tax categories."""
    known: dict[Fraction, str] = {}
    fees = []
    for number, one in enumerate(_listed(usage)):
        fee = {"key": f"fee-{number}", "kind": "one_time", "amount": text(desk.major(one.number("cents")))}
        if "tax_pct" in one:
            percent = one.number("tax_pct")
            fee["tax_category"] = known.setdefault(percent, "S" if not known else f"S{len(known)}")
        fees.append(fee)
    return fees, {category: percent for percent, category in known.items()}


def _listed(usage: Members) -> list[Members]:
    if "fees" in usage:
        return usage.children("fees")
    if "subtotal_cents" in usage:
        return [usage.inside({"cents": usage.take("subtotal_cents")}, "subtotal")]
    amounts = usage.take("fees_cents" if "fees_cents" in usage else "lines_cents")
    return [usage.inside({"cents": amount}, f"fees[{number}]") for number, amount in enumerate(amounts)]


def _coupons(desk: Desk, config: Members) -> list[Body]:
    """The coupons in the forms in which cases write them: fixed ones in minor units, or a kind beside a value."""
    if "coupon" in config:
        one = config.child("coupon")
        kind = one.word("type", {"fixed": _fixed, "fixed_remaining": _remaining, "percentage": _percent})
        value = one.number("value")
        return [kind(value if kind is _percent else desk.major(value))]
    if "coupons_fixed_cents" in config:
        return [_fixed(desk.major(cents)) for cents in config.numbers("coupons_fixed_cents")]
    if "discount_cents" in config:
        return [_fixed(desk.major(config.number("discount_cents")))]
    found = []
    for number, value in enumerate(config.take("coupons")):
        if isinstance(value, dict):
            one = config.inside(value, f"coupons[{number}]")
            found.append(_fixed(desk.major(one.number("cents"))) | _scope(one.take("applies_to", "all")))
        else:
            kind, off = value
            word = config.inside({"kind": kind}, f"coupons[{number}]").word("kind", {"pct": _percent, "fix": _fixed})
            found.append(word(Fraction(off)))
    return found


def _fixed(amount: Fraction) -> Body:
    return {"amount": text(amount)}


def _remaining(amount: Fraction) -> Body:
    return {"amount": text(amount), "remaining": text(amount)}


def _percent(value: Fraction) -> Body:
    return {"percent": text(value)}


def _scope(places: str | list[int]) -> Body:
    if places == "all":
        return {}
    if isinstance(places, str):
        raise Unknown(f"a coupon for {places}")
    return {"scope": {"charges": [f"fee-{place}" for place in places]}}


def _figures(answer: Answer, fees: int, percents: dict[str, Fraction]) -> Body:
    lines = [answer.line(f"fee-{number}") for number in range(fees)]
    off = [
        answer.lowered(index, "discount").less(Money(line.money.exact - line.number("list_exact"), Fraction(0)))
        for index, line in lines
    ]
    listed = total_of(Money(line.number("list_exact"), line.number("list_exact")) for _, line in lines)
    net, tax, total = (Money(value, value) for value in (answer.net, answer.tax, answer.total))
    discount = listed.less(net)
    taxable = [line.money.less(answer.lowered(index, "discount")) for index, line in lines]
    due = [percents.get(line.raw.get("tax_category", "S"), Fraction(0)) / 100 for _, line in lines]
    return {
        "coupon_per_fee": off,
        "per_fee": off,
        "taxable": taxable,
        "tax_per_fee": [Money(part.exact * tax, part.printed * tax) for part, tax in zip(taxable, due, strict=True)],
        "coupon_total": discount,
        "coupons": discount,
        "credit": discount,
        "discount": discount,
        "fees": listed,
        "subtotal_ex_tax": net,
        "tax": tax,
        "total": total,
    }
