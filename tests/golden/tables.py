"""Tables of tiers: of a case, as a quote takes them."""

from __future__ import annotations

from fractions import Fraction

from tests.golden.members import Body, Members, Unknown, text

Bounds = list[Fraction | None]


def tiers_of(config: Members) -> list[Body]:
    """The tiers of a graduated or volume price, with units, percents and flat fees."""
    rows: list[Body] = []
    for tier in config.children("tiers"):
        row: Body = {"up_to": _bound(tier.take("up_to"))}
        if "rate_pct" in tier:
            row["percent"] = text(tier.number("rate_pct"))
        else:
            row["unit_price"] = text(tier.number("unit", 0))
        row["flat_fee"] = text(tier.number("flat", 0))
        rows.append(row)
    return rows


def blocks_of(tiers: list[Members]) -> list[Body]:
    """Tiers of blocks: each tier has room for its own number of blocks."""
    rows, reached = [], Fraction(0)
    for tier in tiers:
        size, most = tier.number("block"), tier.take("max_blocks", None)
        reached += size * Fraction(most or 0)  # none is the last
        price = text(tier.number("price"))
        rows.append({"up_to": text(reached), "unit_price": price, "flat_fee": "0", "block_size": text(size)})
    return opened(rows)


def single_of(tier: Members) -> tuple[list[Body], int]:
    """A table in which only one tier costs anything: what it brings in by itself; and its place."""
    start, end = tier.number("from"), tier.take("to")
    below = start if tier.take("adjacent", False) else max(start - 1, Fraction(0))
    rows = [_free(text(below))] if below else []
    prices = {"unit_price": text(tier.number("unit")), "flat_fee": text(tier.number("flat", 0))}
    place_of, more = len(rows), [] if end is None else [_free(None)]
    return [*rows, {"up_to": _bound(end), **prices}, *more], place_of


def one_each(rows: list[Body], number: int) -> list[Body]:
    """The same tiers, each unit of one of them at a price of one, and nothing else."""
    return [{**row, "unit_price": str(int(place == number)), "flat_fee": "0"} for place, row in enumerate(rows)]


def opened(rows: list[Body]) -> list[Body]:
    """Let the last tier go on for ever, as it must."""
    return [*rows[:-1], {**rows[-1], "up_to": None}]


def shifted(rows: list[Body], by: Fraction) -> list[Body]:
    """Put a free tier before all others, which begin later by its size."""
    moved = [{**row, "up_to": row["up_to"] and text(Fraction(row["up_to"]) + by)} for row in rows]
    return [_free(text(by)), *moved]


def divided(rows: list[Body], by: Fraction) -> list[Body]:
    """Write the bounds in a larger unit."""
    return [{**row, "up_to": row["up_to"] and text(Fraction(row["up_to"]) / by)} for row in rows]


def without_flats(rows: list[Body]) -> list[Body]:
    """The same tiers without their flat fees."""
    return [{**row, "flat_fee": "0"} for row in rows]


def flats_alone(rows: list[Body]) -> list[Body]:
    """The same tiers with nothing but their flat fees."""
    return [{**row, "unit_price": "0"} for row in rows]


def same(rows: list[Body], minor: list[Members], unit: Fraction) -> None:
    """Refuse a table that is also given in minor units and isn't the same there."""
    for row, other in zip(rows, minor, strict=True):
        prices = Fraction(row["unit_price"]) == other.number("unit") * unit
        if not prices or row["up_to"] != _bound(other.take("up_to")):
            raise Unknown("the two tables differ")


def place(bounds: list[Body], step: Body) -> int:
    """The place in its table of the tier that a step is of."""
    wanted = None if step["up_to"] is None else Fraction(step["up_to"])
    ends = [None if row["up_to"] is None else Fraction(row["up_to"]) for row in bounds]
    return ends.index(wanted)


def _bound(value: str | None) -> str | None:
    return None if value is None else text(Fraction(value))


def _free(up_to: str | None) -> Body:
    return {"up_to": up_to, "unit_price": "0", "flat_fee": "0"}
