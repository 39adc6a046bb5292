"""A tariff as members: `model`, `unit_price`, `tiers`, `package_size` … as docs/quotes.md names them, and back.

The API, the console's form and price files all say a price in these members, with numbers read already. A member
that the model has no use for is refused, so that nothing which somebody wrote is lost in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from catalog.rules.tariffs import Tariff, WrittenModel, tiered
from catalog.rules.terms import PerTransaction, Rounding, Tier
from monetization.values.errors import Invalid
from monetization.values.money import EXACT

ZERO, ONE, CENT, HUNDRED = Decimal(0), Decimal(1), Decimal("0.01"), Decimal(100)
Said = Mapping[str, Any]
ROUNDINGS: Mapping[str, Rounding | None] = {"up": Rounding.UP, "down": Rounding.DOWN, "exact": None}
FEES = ("percent", "fixed_fee", "free_events", "free_amount", "minimum_fee", "maximum_fee")
MEMBERS: Mapping[WrittenModel, tuple[str, ...]] = {
    WrittenModel.PER_UNIT: ("unit_price",),
    WrittenModel.GRADUATED: ("tiers",),
    WrittenModel.VOLUME: ("tiers", "retroactive"),
    WrittenModel.PACKAGE: ("package_size", "package_price", "rounding"),
    WrittenModel.TIERED_FLAT: ("tiers",),
    WrittenModel.PERCENTAGE: FEES,
    WrittenModel.GRADUATED_PERCENTAGE: ("tiers",),
    WrittenModel.DYNAMIC: ("multiplier",),
}
ALL = tuple(dict.fromkeys(name for names in MEMBERS.values() for name in names))
OF_TIERS: Mapping[WrittenModel, tuple[str, ...]] = {
    WrittenModel.GRADUATED: ("up_to", "unit_price", "flat_fee", "block_size"),
    WrittenModel.VOLUME: ("up_to", "unit_price", "flat_fee", "block_size"),
    WrittenModel.TIERED_FLAT: ("up_to", "flat_fee"),
    WrittenModel.GRADUATED_PERCENTAGE: ("up_to", "percent", "flat_fee"),
}
STANDARD: Mapping[str, Any] = {"fixed_fee": ZERO, "rounding": "up", "retroactive": False, "multiplier": ONE}


def tariff_in(said: Said, field: str = "") -> Tariff:
    """Read a tariff from its members; `field` is the path of what they stand in. Raises Invalid, naming the member."""
    if said.get("model") is None:
        return _unnamed(said, field)
    model = WrittenModel(said["model"])
    for name in ALL:
        if name not in MEMBERS[model] and _says(said, name):
            message = f"{model.label} has no {name}"
            raise Invalid(message, field=_at(field, name), fix=f"It takes {', '.join(MEMBERS[model])}")
    return _READERS.get(model, _tiers)(model, said, field)


def said_of(tariff: Tariff) -> dict[str, Any]:
    """Give all members; those that the model has no use for are None, or an empty list of tiers."""
    found: dict[str, Any] = {"model": tariff.model.value, **dict.fromkeys(ALL), "tiers": []}
    return found | _SAYERS.get(tariff.model, _said_tiers)(tariff)


def _unnamed(said: Said, field: str) -> Tariff:
    """Read a price that names no model: per unit, or tiers."""
    others = [name for name in ALL if name not in ("unit_price", "tiers") and _says(said, name)]
    if others:
        raise Invalid(f"{others[0]} needs a model", field=_at(field, "model"), fix="Name the price's model")
    if (said.get("unit_price") is None) == (not said.get("tiers")):
        message = "Give a unit_price, or tiers; one of them"
        raise Invalid(message, field=_at(field, "unit_price"), fix="Or name a model, with its own numbers")
    if said.get("unit_price") is not None:
        return _per_unit(WrittenModel.PER_UNIT, said, field)
    return tiered(_read_tiers(WrittenModel.GRADUATED, said["tiers"], field))


def _says(said: Said, name: str) -> bool:
    """Say whether a member was given a value that isn't its standard one."""
    value = said.get(name)
    return value not in (None, "", [], ()) and value != STANDARD.get(name)


def _at(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


def _needed(said: Said, name: str, field: str) -> Decimal:
    value: Decimal | None = said.get(name)
    if value is None:
        raise Invalid(f"{name.replace('_', ' ').capitalize()} is missing", field=_at(field, name), fix="Give a number")
    return value


def _per_unit(model: WrittenModel, said: Said, field: str) -> Tariff:
    return Tariff(model, (Tier(unit_price=_needed(said, "unit_price", field)),))


def _dynamic(model: WrittenModel, said: Said, field: str) -> Tariff:
    multiplier = said.get("multiplier")
    return Tariff(model, (Tier(unit_price=ONE if multiplier is None else multiplier),))


def _package(model: WrittenModel, said: Said, field: str) -> Tariff:
    tier = Tier(unit_price=_needed(said, "package_price", field), block_size=_needed(said, "package_size", field))
    return Tariff(model, (tier,), ROUNDINGS[said.get("rounding") or "up"])


def _percentage(model: WrittenModel, said: Said, field: str) -> Tariff:
    numbers = {name: said[name] for name in FEES if said.get(name) is not None}
    return Tariff(model, transaction=PerTransaction(**numbers | {"percent": _needed(said, "percent", field)}))


def _tiers(model: WrittenModel, said: Said, field: str) -> Tariff:
    tiers = _read_tiers(model, said.get("tiers") or (), field)
    return Tariff(model, tiers, retroactive=bool(said.get("retroactive")))


def _read_tiers(model: WrittenModel, rows: Sequence[Said], field: str) -> tuple[Tier, ...]:
    if not rows:
        raise Invalid("A price needs at least one tier", field=_at(field, "tiers"), fix="Add one without an end")
    return tuple(_tier(model, row, f"{_at(field, 'tiers')}[{number}]") for number, row in enumerate(rows))


def _tier(model: WrittenModel, row: Said, path: str) -> Tier:
    for name in ("unit_price", "flat_fee", "percent", "block_size"):
        if name not in OF_TIERS[model] and row.get(name):
            fix = f"A tier has {', '.join(OF_TIERS[model])}"
            raise Invalid(f"{model.label} has no {name.replace('_', ' ')}", field=f"{path}.{name}", fix=fix)
    price = row.get("unit_price") or ZERO
    if model is WrittenModel.GRADUATED_PERCENTAGE:
        price = EXACT.multiply(_needed(row, "percent", path), CENT)
    return Tier(row.get("up_to"), price, row.get("flat_fee") or ZERO, row.get("block_size"))


def _said_tiers(tariff: Tariff) -> dict[str, Any]:
    is_percent = tariff.model is WrittenModel.GRADUATED_PERCENTAGE
    rows = [
        {
            "up_to": tier.up_to,
            "unit_price": tier.unit_price,
            "flat_fee": tier.flat_fee,
            "percent": EXACT.multiply(tier.unit_price, HUNDRED) if is_percent else None,
            "block_size": tier.block_size,
        }
        for tier in tariff.tiers
    ]
    names = ("up_to", "unit_price", "flat_fee", *(["percent"] if is_percent else []), "block_size")
    shown = [{name: row[name] for name in names if not (is_percent and name == "unit_price")} for row in rows]
    return {"tiers": shown} | ({"retroactive": tariff.retroactive} if tariff.model is WrittenModel.VOLUME else {})


def _said_package(tariff: Tariff) -> dict[str, Any]:
    (tier,) = tariff.tiers
    rounding = tariff.packages.value if tariff.packages is not None else "exact"
    return {"package_size": tier.block_size, "package_price": tier.unit_price, "rounding": rounding}


def _said_percentage(tariff: Tariff) -> dict[str, Any]:
    return {name: getattr(tariff.transaction, name) for name in FEES}


_READERS: Mapping[WrittenModel, Callable[[WrittenModel, Said, str], Tariff]] = {
    WrittenModel.PER_UNIT: _per_unit,
    WrittenModel.DYNAMIC: _dynamic,
    WrittenModel.PACKAGE: _package,
    WrittenModel.PERCENTAGE: _percentage,
}
_SAYERS: Mapping[WrittenModel, Callable[[Tariff], dict[str, Any]]] = {
    WrittenModel.PER_UNIT: lambda tariff: {"unit_price": tariff.tiers[0].unit_price},
    WrittenModel.DYNAMIC: lambda tariff: {"multiplier": tariff.tiers[0].unit_price},
    WrittenModel.PACKAGE: _said_package,
    WrittenModel.PERCENTAGE: _said_percentage,
}
