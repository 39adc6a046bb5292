"""What a case sells: its price model and options as charges of a quote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from tests.golden import tables
from tests.golden.members import Body, Members, Unknown, text

KEY = "usage"
ROUNDINGS = {None: None, "ceiling": "up", "ceil": "up", "floor": "down", "half_up": "half_up", "round": "half_up"}
Place = tuple[str, Body]


@dataclass
class Offer:
    """The charges, and where usage belongs that a case gives by name.

    ``names``: charge and dimensions of each name; ``grouped``: usage comes in parts, each a value of
    this dimension; ``plain``: the charges without a markup; ``fixed``: units are bought, not measured;
    ``money``: events carry money in minor units; ``least``: fewer units can't be bought; ``single``: the
    place of the only tier that is asked for.
    """

    charges: list[Body]
    names: dict[str, Place] = field(default_factory=dict)
    grouped: str | None = None
    plain: list[Body] | None = None
    fixed: bool = False
    money: bool = False
    least: Fraction = Fraction(0)
    single: int | None = None

    @property
    def price(self) -> Body:
        """The first price row of the first charge."""
        row: Body = self.charges[0]["prices"][0]
        return row

    @property
    def bounds(self) -> list[Body]:
        """The tiers of that row."""
        return list(self.price["tiers"])


def usage_charge(prices: list[Body], key: str = KEY, **members: object) -> Body:
    """A charge for usage."""
    return {"key": key, "kind": "usage", "prices": prices, **members}


def row(model: str, **members: object) -> Body:
    """A price row."""
    return {"model": model, **members}


def offer_of(model: str, config: Members) -> Offer:
    """Read the price model of a case; what it doesn't know stays untaken."""
    if model not in MODELS:
        raise Unknown(f"model: {model}")
    return MODELS[model](config)


def _standard(config: Members) -> Offer:
    if config.word("charge_type", {"fixed": True, "usage": False}, "usage"):
        charge = {"key": KEY, "kind": "recurring", "unit_price": text(config.number("unit"))}
        return Offer([charge], fixed=True)
    return _metered(config, row("PER_UNIT", unit_price=text(config.number("unit"))))


def _tiered(kind: str) -> Callable[[Members], Offer]:
    def read(config: Members) -> Offer:
        if "single_tier" in config:
            # The case asks for the part of a tier that was entered, and the first always is.
            rows, place = tables.single_of(config.child("single_tier"))
            return Offer([usage_charge([row(kind, tiers=rows)], flat_at_zero=True)], single=place)
        config.expect("allow_negative", True, False)
        config.take("bounds", None)  # says how the other system writes them down
        rows = tables.opened(tables.tiers_of(config))
        if "tiers_cents" in config:
            tables.same(rows, config.children("tiers_cents"), Fraction(1, 100))
        if config.take("allowance_shifts_tiers", False):
            rows = tables.shifted(rows, config.number("included_allowance"))
        offer = _metered(config, row(kind, tiers=rows))
        offer.least = config.number("minimum_seats", 0)
        return offer

    return read


def _metered(config: Members, price: Body) -> Offer:
    """Put the options around a price that any model may have."""
    charge = usage_charge([price])
    metric: Body = {}
    if "unit_conversion" in config:
        conversion = config.child("unit_conversion")
        metric["divisor"] = text(conversion.number("divide"))
        metric["rounding"] = conversion.word("rounding", ROUNDINGS, None)
    if "billing_units" in config:
        size = config.number("billing_units")
        metric |= {"divisor": text(size), "rounding": "up"}
        price |= {"tiers": tables.divided(price["tiers"], size)}
    if config.take("zero_usage_charges_first_flat", False):
        charge["flat_at_zero"] = True
    if free := config.number("free", 0) or config.number("included_allowance", 0):
        charge["free_units"] = text(free / Fraction(metric.get("divisor", 1)))
    grouped = "group" if config.take("per_group", False) else None
    if config.take("bucketed_max", False):
        metric["aggregation"], grouped = "MAX", "bucket"
    if grouped:
        # Each value, or each bucket of time, has its own counter.
        metric["dimensions"] = charge["tier_by"] = [grouped]
    if metric:
        charge["metric"] = metric
    return Offer([charge], grouped=grouped)


def _package(config: Members) -> Offer:
    rounding = config.word("rounding", {"up": "up", "down": "down", "exact": "exact"}, "up")
    size, price = text(config.number("size")), text(config.number("price"))
    return _metered(config, row("PACKAGE", package_size=size, package_price=price, rounding=rounding))


def _percentage(config: Members) -> Offer:
    config.expect("granularity", "per_event")
    known = {"fixed_per_event": "fixed_fee", "free_amount": "free_amount", "min": "minimum_fee", "max": "maximum_fee"}
    price = row("PERCENTAGE", percent=text(config.number("rate_pct")))
    price |= {ours: text(config.number(theirs)) for theirs, ours in known.items() if theirs in config}
    if "free_events" in config:
        price["free_events"] = int(config.number("free_events"))
    return Offer([usage_charge([price])])


def _graduated_percentage(config: Members) -> Offer:
    return _metered(config, row("GRADUATED_PERCENTAGE", tiers=tables.opened(tables.tiers_of(config))))


def _dynamic(config: Members) -> Offer:
    config.expect("amount_source", "event precise amount (cents)")
    config.expect("round_once_at", "total")
    price = row("DYNAMIC", multiplier=text(config.number("multiplier", 1)))
    offer = Offer([usage_charge([price])], money=True)
    if "group_by" in config:
        (offer.grouped,) = config.take("group_by")
        offer.charges[0]["metric"] = {"dimensions": [offer.grouped]}
    return offer


def _tiered_flat(config: Members) -> Offer:
    """One charge for each unit, of which only the dearest is billed."""
    config.expect("policy", "CAPACITY")
    tiers = [(tier.number("price"), tier.take("max")) for tier in config.children("tiers")]
    units = dict.fromkeys(name for _, ends in tiers for name in ends)
    charges = []
    for unit in units:
        bounded = [(fee, ends[unit]) for fee, ends in tiers[:-1] if unit in ends]
        rows = [{"up_to": text(Fraction(end)), "flat_fee": text(fee)} for fee, end in [*bounded, (tiers[-1][0], 0)]]
        charges.append(usage_charge([row("TIERED_FLAT", tiers=tables.opened(rows))], unit, highest_of="capacity"))
    return Offer(charges, names={unit: (unit, {}) for unit in units})


def _blocks(kind: str, policy: str) -> Callable[[Members], Offer]:
    def read(config: Members) -> Offer:
        config.expect("policy", policy)
        config.expect("max_blocks_is_per_tier_size", True)
        if "units" not in config:
            return Offer([usage_charge([row(kind, tiers=tables.blocks_of(config.children("tiers")))])])
        units = config.child("units")
        found = {unit: units.inside({"tiers": rows}, unit) for unit, rows in units.rest().items()}
        charges = [
            usage_charge([row(kind, tiers=tables.blocks_of(inner.children("tiers")))], unit)
            for unit, inner in found.items()
        ]
        return Offer(charges, names={unit: (unit, {}) for unit in found})

    return read


def _matrix(config: Members) -> Offer:
    """A price for each value of a dimension, in millions, with a markup on all of them."""
    prices = config.take("per_million")
    markup = 1 + config.number("markup_pct", 0) / 100

    def charge(factor: Fraction) -> Body:
        rows = [
            row("PER_UNIT", match={"type": name}, unit_price=text(Fraction(price) * factor))
            for name, price in prices.items()
        ]
        return usage_charge(rows, metric={"dimensions": ["type"], "divisor": "1000000"})

    names = {name: (KEY, {"type": name}) for name in prices}
    return Offer([charge(markup)], names=names, plain=[charge(Fraction(1))])


MODELS: dict[str, Callable[[Members], Offer]] = {
    "standard": _standard,
    "graduated": _tiered("GRADUATED"),
    "volume": _tiered("VOLUME"),
    "package": _package,
    "percentage": _percentage,
    "graduated_percentage": _graduated_percentage,
    "dynamic": _dynamic,
    "tiered_flat": _tiered_flat,
    "graduated_block": _blocks("GRADUATED", "ALL_TIERS"),
    "volume_block": _blocks("VOLUME", "TOP_TIER"),
    "matrix": _matrix,
}
