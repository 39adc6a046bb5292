"""What a price row costs, apart from the usage that it is for: its model as people write it, with all its numbers.

People choose among eight models, the engine knows six: a graduated percentage is graduated with percent ÷ 100 as
the price, and a dynamic price is one per unit of the events' own amounts. A tariff remembers what was written.
`catalog.rules.written` reads one from the members of a body, a form or a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from catalog.rules.terms import Dims, Level, PerTransaction, Price, PriceModel, Rounding, Source, Tier


class WrittenModel(StrEnum):
    """How a price is written down."""

    PER_UNIT = "PER_UNIT"
    GRADUATED = "GRADUATED"
    VOLUME = "VOLUME"
    PACKAGE = "PACKAGE"
    TIERED_FLAT = "TIERED_FLAT"
    PERCENTAGE = "PERCENTAGE"
    GRADUATED_PERCENTAGE = "GRADUATED_PERCENTAGE"
    DYNAMIC = "DYNAMIC"

    @property
    def engine(self) -> PriceModel:
        """The model that prices it."""
        return ENGINE.get(self) or PriceModel(self.value)

    @property
    def label(self) -> str:
        """What people call it."""
        return LABELS.get(self, self.value.replace("_", " ").capitalize())

    @property
    def has_tiers(self) -> bool:
        """Say whether it is written as a table."""
        return self in TIERED

    @property
    def is_single(self) -> bool:
        """Say whether one number says it all."""
        return self in (WrittenModel.PER_UNIT, WrittenModel.DYNAMIC)


ENGINE = {
    WrittenModel.GRADUATED_PERCENTAGE: PriceModel.GRADUATED,
    WrittenModel.DYNAMIC: PriceModel.PER_UNIT,
}
LABELS = {
    WrittenModel.PER_UNIT: "One price per unit",
    WrittenModel.GRADUATED: "Graduated tiers",
    WrittenModel.VOLUME: "Volume: all units at one tier's price",
    WrittenModel.PACKAGE: "Packages",
    WrittenModel.TIERED_FLAT: "One flat fee by tier",
    WrittenModel.PERCENTAGE: "Percentage of each transaction",
    WrittenModel.DYNAMIC: "The amount that each event carries",
}
TIERED = frozenset(
    {
        WrittenModel.GRADUATED,
        WrittenModel.VOLUME,
        WrittenModel.TIERED_FLAT,
        WrittenModel.GRADUATED_PERCENTAGE,
    }
)


@dataclass(frozen=True, slots=True)
class Tariff:
    """A model with its numbers, shaped as `Price` says; nothing is checked here."""

    model: WrittenModel
    tiers: tuple[Tier, ...] = ()
    packages: Rounding | None = None
    retroactive: bool = False
    transaction: PerTransaction | None = None

    def price(self, row_id: int, key: str, match: Dims, source: Source, level: Level = Level.CARD) -> Price:
        """Make the price of a row."""
        return Price(
            row_id, key, match, self.model.engine, self.tiers, source, self.packages, self.retroactive,
            self.transaction, level,
        )  # fmt: skip

    @property
    def alone(self) -> Price:
        """Give it as a price of no row, for examples and warnings."""
        return self.price(0, "", (), NOWHERE)


NOWHERE = Source("", 0, 0)


def per_unit(price: Decimal) -> Tariff:
    """One price for every unit."""
    return Tariff(WrittenModel.PER_UNIT, (Tier(unit_price=price),))


def tiered(tiers: Sequence[Tier], model: PriceModel | WrittenModel | None = None) -> Tariff:
    """Give tiers the model that was named, else the one that they look like; nothing named is graduated."""
    if model is None:
        single = all(tier == Tier(unit_price=tier.unit_price) for tier in tiers) and len(tiers) <= 1
        model = WrittenModel.PER_UNIT if single else WrittenModel.GRADUATED
    return Tariff(WrittenModel(model.value), tuple(tiers))


def tariff_from(
    unit_price: Decimal | None, tiers: Sequence[Tier], model: PriceModel | WrittenModel | None = None
) -> Tariff:
    """Give tiers, where there are any, or else a price per unit; neither is a price without anything."""
    if unit_price is not None and not tiers:
        tiers = (Tier(unit_price=unit_price),)
    return tiered(tiers, model)


def tariff_of(price: Price, model: WrittenModel | None = None) -> Tariff:
    """Give what a price costs; `model` is how it was written, if that is known."""
    written = model or WrittenModel(price.model.value)
    return Tariff(written, price.tiers, price.packages, price.retroactive, price.transaction)
