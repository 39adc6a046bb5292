"""Coupons: percentages and fixed amounts off the lines of an invoice."""

from __future__ import annotations

from fractions import Fraction

from tests.golden import spans
from tests.golden.answers import ZERO, Answer, Desk, Line, Money, total_of
from tests.golden.members import Body, Members, Unknown, text

NOTHING = Fraction(0)
ORDERS = ("metric-limited, then plan-limited, then unlimited; each allocated on what is left",)


def coupon(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Take coupons off fees that are due once."""
    config.expect("method", "largest remainder")
    config.expect("order", *ORDERS)
    fees, categories = _fees(desk, usage)
    discounts = [{"id": f"coupon-{number}", **one} for number, one in enumerate(_coupons(desk, config))]
    percents = {**categories, **({"S": config.number("tax_pct")} if "tax_pct" in config else {})}
    taxes = [{"category": category, "percent": text(percent)} for category, percent in percents.items()]
    answer = desk.ask(fees, discounts=discounts, taxes=taxes, period=spans.period(max(len(fees), 30)))
    return _figures(desk, answer, len(fees), percents)


def _fees(desk: Desk, usage: Members) -> tuple[list[Body], dict[str, Fraction]]:
    """The fees, and the percentages of their tax categories."""
    known: dict[Fraction, str] = {}
    fees = []
    for number, one in enumerate(_listed(usage)):
        day = spans.FIRST + number * spans.DAY  # lines stand in the order of the list
        amount = text(desk.major(one.number("cents")))
        fee = {"key": f"fee-{number}", "kind": "one_time", "amount": amount, "date": day.isoformat()}
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
        kind = one.word("type", TYPES)
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


def _off(answer: Answer, index: int, line: Line) -> Money:
    """What was taken off a line, before and after its rounding."""
    inside = Money(_listed_of(line).exact - line.money.exact, _listed_of(line).exact - line.money.printed)
    return inside.less(answer.lowered(index, "discount").negative)


def _left(answer: Answer, index: int, line: Line) -> Money:
    return line.money.less(answer.lowered(index, "discount"))


def _listed_of(line: Line) -> Money:
    return Money(line.number("list_exact"), line.number("list_exact"))


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


TYPES = {"fixed": _fixed, "fixed_remaining": _remaining, "percentage": _percent, "pct": _percent}


def _figures(desk: Desk, answer: Answer, fees: int, percents: dict[str, Fraction]) -> Body:
    found = [answer.line(f"fee-{number}") for number in range(fees)]
    lines = [one for one in found if one is not None]
    off = [_off(answer, *one) if one is not None else ZERO for one in found]
    listed = total_of(_listed_of(line) for _, line in lines)
    net, tax, total = (Money(value, value) for value in (answer.net, answer.tax, answer.total))
    discount = listed.less(net)
    left = [_left(answer, *one) if one is not None else ZERO for one in found]
    due = [percents.get(one[1].raw["tax_category"], NOTHING) / 100 if one is not None else NOTHING for one in found]
    return {
        "coupon_per_fee": off,
        "per_fee": off,
        "taxable": left,
        "tax_per_fee": [desk.round(part.exact * tax) for part, tax in zip(left, due, strict=True)],
        "coupon_total": discount,
        "coupons": discount,
        "credit": discount,
        "discount": discount,
        "fees": listed,
        "subtotal_ex_tax": net,
        "tax": tax,
        "total": total,
    }
