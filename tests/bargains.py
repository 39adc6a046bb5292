"""Random bargains: seeded bodies of a quote that mix what terms can say, for two raters to disagree about.

`bargain(seed)` gives a valid body; `features(body)` names what it uses, read from the body alone. What the rules leave
open on purpose (see CHOICES of the rater) is kept apart where two honest readings would differ in every body.
"""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Body = dict[str, Any]

MODELS = [
    "PER_UNIT",
    "GRADUATED",
    "VOLUME",
    "PACKAGE",
    "TIERED_FLAT",
    "PERCENTAGE",
    "GRADUATED_PERCENTAGE",
    "DYNAMIC",
]
AGGREGATIONS = ["SUM", "COUNT", "MAX", "MIN", "LATEST", "UNIQUE", "AVERAGE", "TIME_WEIGHTED"]
ADDING = ["SUM", "COUNT", "TIME_WEIGHTED"]
MONEY = ["PERCENTAGE", "GRADUATED_PERCENTAGE", "DYNAMIC"]
TIERED = ["GRADUATED", "VOLUME", "TIERED_FLAT", "GRADUATED_PERCENTAGE"]
REGIONS, SIZES = ["eu", "us", "ap"], ["small", "large"]
ZONES = ["UTC", "UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kolkata"]
SHAPES = [
    *["plain"] * 8,
    *["dated"] * 6,
    *["matched"] * 7,
    *["tier_by"] * 3,
    *["committed"] * 3,
    "window",
    "per",
    "per",
]
CURRENCIES = ["USD", "USD", "USD", "EUR", "EUR", "JPY", "KWD"]
MONTHS = ["2026-01", "2026-03", "2026-10", "2026-11", "2026-11", "2027-02", "2028-02"]


class Dice:
    """A seeded source of choices, without floats."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chance(self, percent: int) -> bool:
        """Say yes in so many of a hundred cases."""
        return self.random.randrange(100) < percent

    def pick(self, items: list[Any]) -> Any:
        """Pick one item."""
        return items[self.random.randrange(len(items))]

    def between(self, low: int, high: int) -> int:
        """Pick a whole number, both ends included."""
        return self.random.randint(low, high)

    def text(self, low: int, high: int, digits: int) -> str:
        """Pick a decimal text: a whole number of units of the last digit."""
        value = str(self.between(low, high)).rjust(digits + 1, "0")
        return f"{value[:-digits]}.{value[-digits:]}" if digits else value


class Frame:
    """The time of a body: its zone, its first and last day, and how it is stated."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.zone = dice.pick(ZONES)
        self.cycled = dice.chance(20)
        self.members: Body = {}
        first = date.fromisoformat(dice.pick(MONTHS) + "-01")
        self.first, self.last = first, month_end(first)
        if self.cycled:
            self.make_cycle()
        else:
            self.make_period()

    def make_period(self) -> None:
        """State one period, sometimes with a stub of service."""
        dice = self.dice
        self.members["period"] = {"start_date": self.first.isoformat(), "end_date": self.last.isoformat()}
        if dice.chance(25):
            self.first += timedelta(days=dice.pick([0, 4, 9, 14]))
            self.last -= timedelta(days=dice.pick([0, 3, 8]))
            self.members["service"] = {"start_date": self.first.isoformat(), "end_date": self.last.isoformat()}

    def make_cycle(self) -> None:
        """State a cycle of one to three invoices."""
        dice = self.dice
        self.first += timedelta(days=dice.pick([0, 9, 14, 27, self.last.day - 1]))
        cycle: Body = {"start_date": self.first.isoformat(), "cadence": dice.pick(["MONTHLY", "MONTHLY", "QUARTERLY"])}
        cycle["anchor"] = dice.pick(["contract_day", "first", "15", "31"])
        if dice.chance(15):
            cycle = {"start_date": self.first.isoformat(), "cadence": "DAYS", "days": dice.pick([7, 30])}
        self.last = self.first + timedelta(days=dice.pick([20, 40, 75]))
        if dice.chance(40):
            cycle["end_date"] = self.last.isoformat()
        cycle["until"] = self.last.isoformat()
        self.members["cycle"] = cycle

    def inside(self) -> date:
        """Pick a day after the first one."""
        days = (self.last - self.first).days
        return self.first + timedelta(days=self.dice.between(1, max(1, days - 1)))

    def moment(self) -> str:
        """Pick an instant or a day that is served."""
        zone = ZoneInfo(self.zone)
        day = self.first + timedelta(days=self.dice.between(0, (self.last - self.first).days))
        if self.dice.chance(15):
            return day.isoformat()
        start = datetime.combine(day, time(), zone).astimezone(UTC)
        return stamp(start + timedelta(seconds=self.dice.between(0, 82_799)))

    def earlier(self) -> str:
        """Pick an instant before the first day."""
        start = datetime.combine(self.first, time(), UTC)
        return stamp(start - timedelta(days=self.dice.between(2, 20)))


def stamp(at: datetime) -> str:
    """Write an instant."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def month_end(first: date) -> date:
    """Give the last day of a month."""
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


# -- usage charges


def tiers(dice: Dice, model: str) -> list[Body]:
    """Make two or three tiers, the last one open."""
    bounds: list[str | None] = [str(dice.pick([5, 10, 20])), str(dice.pick([40, 75, 100])), None]
    made = []
    for bound in bounds[dice.between(0, 1) :]:
        tier: Body = {"up_to": bound}
        if model == "GRADUATED_PERCENTAGE":
            tier["percent"] = dice.text(10, 500, 2)
        if model in ("GRADUATED", "VOLUME"):
            tier["unit_price"] = dice.text(1, 4000, 3)
        if model == "TIERED_FLAT" or dice.chance(35):
            tier["flat_fee"] = dice.text(100, 2500, 2)
        made.append(tier)
    if model == "GRADUATED" and dice.chance(40):
        dice.pick(made)["block_size"] = str(dice.pick([2, 5, 10]))
    return made


def percentage(dice: Dice) -> Body:
    """Make the numbers of a percentage price."""
    row = {"percent": dice.text(50, 500, 2)}
    for name, numbers in {
        "fixed_fee": (5, 60),
        "free_events": (1, 4),
        "free_amount": (1000, 9000),
        "minimum_fee": (10, 90),
        "maximum_fee": (100, 400),
    }.items():
        if dice.chance(40):
            row[name] = dice.text(*numbers, digits=0 if name == "free_events" else 2)
    return row


def numbers(dice: Dice, model: str) -> Body:
    """Make the numbers of a price row."""
    if model in TIERED:
        row: Body = {"tiers": tiers(dice, model)}
        if model == "VOLUME" and dice.chance(15):
            row["retroactive"] = True
        return row
    if model == "PACKAGE":
        row = {"package_size": dice.pick(["5", "7", "10", "12.5"]), "package_price": dice.text(50, 900, 2)}
        return row | ({"rounding": dice.pick(["up", "down", "exact"])} if dice.chance(50) else {})
    if model == "PERCENTAGE":
        return percentage(dice)
    if model == "DYNAMIC":
        return {"multiplier": dice.pick(["1", "1.2", "0.95"])} if dice.chance(70) else {}
    return {"unit_price": dice.text(1, 30_000, 4)}


def price(dice: Dice, model: str, **more: Any) -> Body:
    """Make a price row."""
    row = {"model": model, **numbers(dice, model), **more}
    if model == "PER_UNIT" and dice.chance(50):
        del row["model"]
    return row


def metric(dice: Dice, model: str, aggregation: str) -> Body:
    """Make a metric for a model."""
    made: Body = {} if aggregation == "SUM" and dice.chance(60) else {"aggregation": aggregation}
    if aggregation == "LATEST" and dice.chance(50):
        made["carry"] = True
    if aggregation == "TIME_WEIGHTED" and dice.chance(50):
        made["of"] = "level"
    if model not in MONEY and aggregation != "UNIQUE":
        made |= conversion(dice)
    return made


def conversion(dice: Dice) -> Body:
    """Make a conversion and a rounding, or neither."""
    made: Body = {}
    if dice.chance(18):
        made["divisor"] = dice.pick(["2", "10", "4"])
    if dice.chance(18):
        made |= {"rounding": dice.pick(["up", "down", "half_up"]), "digits": dice.pick([-1, 0, 0, 1])}
    return made


def rows(dice: Dice, frame: Frame, model: str, shape: str) -> list[Body]:
    """Make the price rows of a usage charge, in one of several shapes."""
    if shape == "matched":
        made = [price(dice, model, match={"region": "eu"}), price(dice, model)]
        if dice.chance(40):
            made.insert(0, price(dice, model, match={"region": "eu", "size": "large"}))
        if dice.chance(40):
            made.append(price(dice, model, match={"size": "small"}))
        return made
    made = [price(dice, model)]
    if shape == "dated":
        other = dice.pick(["PER_UNIT", "GRADUATED"]) if model in ("PER_UNIT", "GRADUATED") else model
        day = frame.inside().isoformat()
        made.append(price(dice, other, starts_on=day if dice.chance(75) else day + "T12:30:00Z"))
    return made


def usage_charge(dice: Dice, frame: Frame, key: str) -> Body:
    """Make a usage charge: its shape decides which models and metrics fit."""
    shape = dice.pick(SHAPES)
    model = dice.pick([*MODELS, "PER_UNIT", "GRADUATED", "PER_UNIT"])
    if shape == "tier_by":
        model = dice.pick(["GRADUATED", "GRADUATED", "PACKAGE", "TIERED_FLAT"])
    elif shape in ("window", "per"):
        model = dice.pick(["PER_UNIT", "GRADUATED", "VOLUME"])
    aggregation = "SUM" if model in MONEY or dice.chance(30) else dice.pick(AGGREGATIONS)
    charge: Body = {"key": key, "metric": metric(dice, model, aggregation)}
    if shape in ("tier_by", "window", "per"):
        charge["metric"] = by_shape(dice, shape)
    elif shape == "matched":
        charge["metric"]["dimensions"] = ["region", "size"]
    charge["prices"] = rows(dice, frame, model, shape)
    finish(dice, frame, charge, model, shape)
    if dice.chance(6):
        charge["round"] = "charge"
    return charge


def finish(dice: Dice, frame: Frame, charge: Body, model: str, shape: str) -> None:
    """Add what only fits one shape, or what fits most."""
    if shape == "dated" and charge["metric"].get("aggregation", "SUM") not in ADDING and dice.chance(85):
        cut_rows(dice, frame, charge, model)
    if shape == "tier_by":
        charge["tier_by"] = ["region"]
    elif shape == "committed":
        commit_windows(dice, charge)
    elif model not in MONEY:
        extras(dice, frame, charge, model, shape)


def by_shape(dice: Dice, shape: str) -> Body:
    """Make a metric with dimensions of its own or with windows."""
    if shape == "tier_by":
        return {"aggregation": dice.pick(["SUM", "SUM", "COUNT"]), "dimensions": ["region", "size"]}
    if shape == "per":
        kind = dice.pick(["SUM", "MAX", "LATEST", "UNIQUE", "TIME_WEIGHTED"])
        return {"aggregation": kind, "per": ["region"], "dimensions": ["region", "size"]}
    again = dice.pick(["sum", "max", "average", "p95"])
    kind = dice.pick(["SUM", "MAX", "COUNT", "AVERAGE"])
    return {"aggregation": kind, "window": dice.pick(["hour", "day"]), "again": again}


def cut_rows(dice: Dice, frame: Frame, charge: Body, model: str) -> None:
    """Say how a new price row cuts what doesn't add up."""
    charge["cut"] = "by_time" if model == "PER_UNIT" and not frame.cycled else dice.pick(["increments", "next_period"])
    if charge["cut"] == "by_time":
        charge["prices"] = [price(dice, "PER_UNIT"), price(dice, "PER_UNIT", starts_on=frame.inside().isoformat())]


def commit_windows(dice: Dice, charge: Body) -> None:
    """Commit an amount or a quantity in each hour or day."""
    charge["metric"], charge["prices"] = {}, [price(dice, "PER_UNIT")]
    terms: Body = {"window": dice.pick(["hour", "day"]), "windows": dice.pick(["all", "used"])}
    if dice.chance(50):
        terms |= {"amount": dice.text(10, 900, 2)}
    else:
        terms |= {"quantity": str(dice.between(1, 9)), "unit_price": dice.text(1, 900, 3)}
    charge["windowed_commitment"] = terms


def extras(dice: Dice, frame: Frame, charge: Body, model: str, shape: str) -> None:
    """Add free units, a position, or a flat fee at zero."""
    if dice.chance(22):
        charge["free_units"] = str(dice.pick([3, 10, 25]))
    if shape == "plain" and model in TIERED and dice.chance(70):
        charge["flat_at_zero"] = True
        dice.pick(charge["prices"])["tiers"][0]["flat_fee"] = dice.text(100, 900, 2)
    elif not frame.cycled and model != "VOLUME" and dice.chance(16):
        charge["position"] = str(dice.pick([3, 8, 30, 60]))


# -- other charges


def recurring(dice: Dice, frame: Frame, key: str) -> Body:
    """Make a recurring charge."""
    charge: Body = {"key": key, "kind": "recurring", "quantity": str(dice.between(1, 12))}
    kind = dice.pick(["unit", "unit", "tiers", "dated"])
    if kind == "unit":
        charge["unit_price"] = dice.text(100, 9999, 2)
    elif kind == "tiers":
        charge["prices"] = [price(dice, dice.pick(["GRADUATED", "VOLUME"]))]
    else:
        charge["prices"] = [price(dice, "PER_UNIT"), price(dice, "PER_UNIT", starts_on=frame.inside().isoformat())]
    own = dice.chance(25)
    if own:
        charge["cadence"] = dice.pick(["QUARTERLY", "ANNUAL"])
        charge["prices"] = [price(dice, "PER_UNIT")]
        charge.pop("unit_price", None)
    if not own and dice.chance(40):
        charge["quantities"] = [{"date": frame.inside().isoformat(), "quantity": str(dice.between(1, 15))}]
    if dice.chance(30):
        charge["timing"] = dice.pick(["advance", "arrears"])
    if dice.chance(12):
        charge["proration"] = dice.pick(["none", "first", "last"])
    return charge


def one_time(dice: Dice, frame: Frame, key: str) -> Body:
    """Make a one-time charge."""
    charge: Body = {"key": key, "kind": "one_time"}
    charge |= (
        {"amount": dice.text(500, 20_000, 2)}
        if dice.chance(50)
        else {"unit_price": dice.text(1, 5000, 3), "quantity": str(dice.between(1, 7))}
    )
    return charge | ({"date": frame.inside().isoformat()} if dice.chance(50) else {})


def composite(dice: Dice, keys: list[str], key: str) -> Body:
    """Make a composite charge."""
    charge: Body = {"key": key, "kind": "composite", "percent": dice.text(50, 1500, 2)}
    return charge | ({"of": {"charges": [dice.pick(keys)]}} if dice.chance(50) else {})


def charges(dice: Dice, frame: Frame) -> list[Body]:
    """Make one to four charges."""
    made = [usage_charge(dice, frame, "api")]
    if dice.chance(40):
        made.append(usage_charge(dice, frame, "storage"))
        if dice.chance(25):
            made[0]["highest_of"] = made[1]["highest_of"] = "either"
    if dice.chance(45):
        made.append(recurring(dice, frame, "seats"))
        free = made[0].keys() & {"tier_by", "windowed_commitment"} or made[0]["prices"][0].get("model") in MONEY
        if not free and not frame.cycled and dice.chance(45):
            made[0]["free_units_per"] = {"charge": "seats", "units": str(dice.pick([1, 2, 5]))}
    if dice.chance(15):
        made.append(one_time(dice, frame, "setup"))
    if dice.chance(14) and len(made) < 4:
        made.append(composite(dice, [c["key"] for c in made], "support"))
    for charge in made:
        dress(dice, charge)
    return made


def dress(dice: Dice, charge: Body) -> None:
    """Give a charge a product, tags, a name, a tax category, a minimum or a maximum."""
    if dice.chance(15):
        charge["product"] = "platform"
    if dice.chance(25):
        charge["tags"] = ["core"]
    if dice.chance(10):
        charge["name"] = dice.pick(["Alpha", "Beta"])
    if dice.chance(25):
        charge["tax_category"] = dice.pick(["S", "Z"])
    if dice.chance(6):
        charge["minimum"] = dice.text(500, 30_000, 2)
    elif dice.chance(6):
        charge["maximum"] = dice.text(500, 9000, 2)


# -- what stands on the whole


def scope(dice: Dice, made: list[Body]) -> Body:
    """Make a scope with one member."""
    charge = dice.pick(made)
    kind = dice.pick(["charges", "charges", "products", "tags", "kinds"])
    if kind == "charges":
        return {"charges": sorted({charge["key"], dice.pick(made)["key"]})}
    if kind == "products":
        return {"products": [charge.get("product") or charge["key"]]}
    return {"tags": ["core"]} if kind == "tags" else {"kinds": [charge.get("kind") or "usage"]}


def discounts(dice: Dice, frame: Frame, made: list[Body]) -> list[Body]:
    """Make up to three discounts."""
    found: list[Body] = []
    for percent, member in ((24, "percent"), (10, "percent"), (22, "amount"), (8, "amount")):
        if dice.chance(percent):
            text = dice.text(100, 5000, 2) if member == "percent" else dice.text(50, 3000, 2)
            item: Body = {"id": f"d{len(found)}", member: text}
            if dice.chance(50):
                item["scope"] = scope(dice, made)
            if dice.chance(25):
                item["counts_for_minimum"] = True
            if member == "amount" and dice.chance(30):
                item["remaining"] = dice.text(50, 2000, 2)
            if dice.chance(20):
                item["starts_on"] = (frame.first - timedelta(days=dice.between(0, 40))).isoformat()
            found.append(item)
    return found


def promises(dice: Dice, made: list[Body], low: int, high: int) -> list[Body]:
    """Make one or two minimums or maximums."""
    found: list[Body] = [{"amount": dice.text(low, high, 2)}]
    if dice.chance(40):
        found[0]["scope"] = scope(dice, made)
    if dice.chance(25):
        found.append({"amount": dice.text(low, high, 2), "scope": scope(dice, made)})
    if dice.chance(15):
        found[0]["prorate"] = False
    return found


def can_split(charge: Body) -> bool:
    """Tell whether a charge is safely split in time."""
    kind = (charge.get("metric") or {}).get("aggregation") or "SUM"
    return kind in ADDING and "window" not in (charge.get("metric") or {})


def instrument(dice: Dice, frame: Frame, made: list[Body], kind: str, number: int) -> Body:
    """Make a credit or commit."""
    item: Body = {"id": f"{kind}-{number}", "kind": kind, "balance": dice.text(300, 20_000, 2)}
    if kind == "prepaid":
        item["original"] = dice.text(20_000, 30_000, 2)
        item["invoiced"] = dice.text(0, 30_000, 2)
    if dice.chance(25):
        item["priority"] = dice.between(0, 3)
    if dice.chance(15) and kind != "postpaid":
        item["rolled_over"] = True
    if dice.chance(40):
        item["scope"] = scope(dice, made)
    usage = [c for c in made if (c.get("kind") or "usage") == "usage"]
    if all(can_split(c) for c in usage) and dice.chance(40):
        dated(dice, frame, item)
    elif dice.chance(30):
        item["ends_on"] = frame.last.isoformat()
    own = [c for c in usage if all(row.get("model", "PER_UNIT") == "PER_UNIT" for row in c["prices"])]
    own = [c for c in own if "windowed_commitment" not in c and "pricing_unit" not in c]
    if own and kind != "credit" and dice.chance(65):
        own_price(dice, item, dice.pick(own))
    return item


def dated(dice: Dice, frame: Frame, item: Body) -> None:
    """Let an instrument start or end inside the period."""
    day = frame.inside()
    if dice.chance(60):
        item["starts_on"] = day.isoformat() if dice.chance(70) else day.isoformat() + "T06:00:00Z"
    else:
        item["ends_on"] = day.isoformat() if dice.chance(70) else day.isoformat() + "T18:00:00Z"


def own_price(dice: Dice, item: Body, charge: Body) -> None:
    """Give a commit a price of its own."""
    terms: Body = {"charge": charge["key"]}
    if dice.chance(65):
        terms["unit_price"] = dice.text(1, 15_000, 4)
        if charge["prices"][0].get("match") and dice.chance(50):
            terms["match"] = {"region": "eu"}
    else:
        terms["multiplier"] = dice.pick(["0.8", "0.5", "1"])
    item["prices"] = [terms]
    item["scope"] = {"charges": [charge["key"]]}


def instruments(dice: Dice, frame: Frame, made: list[Body]) -> list[Body]:
    """Make up to three instruments."""
    found: list[Body] = []
    for percent, kind in ((22, "credit"), (24, "prepaid"), (10, "prepaid"), (16, "postpaid")):
        if dice.chance(percent):
            found.append(instrument(dice, frame, made, kind, len(found)))
            if kind == "postpaid" and dice.chance(20):
                found[-1]["true_up"] = False
    literal = [c for c in made if any("region" in (row.get("match") or {}) for row in c.get("prices") or [])]
    if found and literal and dice.chance(40) and "prices" not in found[0]:
        found[0]["scope"] = {"dimensions": {"region": "eu"}}
    return found


def price_in_units(dice: Dice, body: Body) -> None:
    """Price a charge in a unit of its own, with a balance in that unit."""
    charge = body["charges"][0]
    unit = {"key": "token", "rate": dice.pick(["0.01", "0.05", "0.1", "0.5"])}
    dice.chance(30)  # drawn for nothing, so that every seed keeps its bargain
    body["pricing_units"] = [unit]
    charge["pricing_unit"] = "token"
    if dice.chance(60):
        balance = {"id": "tokens", "kind": "credit", "balance": dice.text(50, 900, 0), "pricing_unit": "token"}
        body.setdefault("instruments", []).append(balance | {"scope": {"charges": [charge["key"]]}})


def taxes(dice: Dice) -> list[Body]:
    """Make rates for the categories that charges have."""
    found = [{"category": "S", "percent": dice.pick(["20", "19", "7.7", "8.875"])}]
    if dice.chance(30):
        found.append({"category": "S", "percent": "2.5"})
    if dice.chance(50):
        found.append({"category": "Z", "percent": "0"})
    return found


# -- what a contract makes of the list; drawn by dice of their own, so that every seed keeps the rest of its bargain


def agree_own_prices(dice: Dice, frame: Frame, body: Body) -> None:
    """Add overrides and multipliers."""
    able = [c for c in body["charges"] if "metric" in c and can_override(body, c)]
    if able and dice.chance(22):
        body["overrides"] = overrides(dice, frame, body, dice.pick(able))
    if dice.chance(20):
        body["multipliers"] = multipliers(dice, frame, body)
        if len(body["multipliers"]) > 1:
            body["combine_multipliers"] = dice.pick(["compound", "lowest", "first"])


def can_override(body: Body, charge: Body) -> bool:
    """Tell whether a charge's price may be another on some days without a question that the rules leave open."""
    packages = [row for row in charge["prices"] if row.get("model") == "PACKAGE"]
    whole = "windowed_commitment" in charge or charge.get("cut") == "by_time" or charge.get("position")
    return not whole and not any(row.get("rounding") for row in packages)


def overrides(dice: Dice, frame: Frame, body: Body, charge: Body) -> list[Body]:
    """Make one override of a charge, or two that follow each other or are for other values."""
    model = charge["prices"][0].get("model", "PER_UNIT")
    owned = any(price["charge"] == charge["key"] for i in body["instruments"] for price in i.get("prices") or [])
    if model in ("PER_UNIT", "GRADUATED"):
        model = "PER_UNIT" if owned else dice.pick(["PER_UNIT", "GRADUATED"])
    made = []
    for number in range(dice.pick([1, 1, 1, 2])):
        row = price(dice, model, id=f"o{number}", charge=charge["key"])
        row.pop("rounding", None)
        if "region" in (charge["metric"].get("dimensions") or []) and dice.chance(60):
            row["match"] = dice.pick([{"region": "eu"}, {"region": "us"}, {"size": "small"}])
        made.append(row | override_days(dice, frame, charge, row))
    if len(made) > 1 and made[0].get("match") == made[1].get("match"):
        day = frame.inside()
        made[0]["ends_on"], made[1]["starts_on"] = (day - timedelta(days=1)).isoformat(), day.isoformat()
        made[0].pop("starts_on", None)
        made[1].pop("ends_on", None)
    return made


def override_days(dice: Dice, frame: Frame, charge: Body, row: Body) -> Body:
    """Let an override start or end inside the period, where the counters of its charge stay what they are."""
    found: Body = {}
    if steady(charge, row) and dice.chance(70):
        if dice.chance(65):
            found["starts_on"] = frame.inside().isoformat() + dice.pick(["", "", "T09:15:00Z"])
        elif dice.chance(70):
            found["ends_on"] = frame.inside().isoformat()
    return found


def steady(charge: Body, row: Body) -> bool:
    """Tell whether a row for some days can't give events another counter, or whether that is no question."""
    alone = not any(each.get("match") for each in charge["prices"]) and not row.get("match")
    return alone or row.get("model", "PER_UNIT") in ("PER_UNIT", "GRADUATED")


def multipliers(dice: Dice, frame: Frame, body: Body) -> list[Body]:
    """Make up to three multipliers, each with a price in scope."""
    usage = [c for c in body["charges"] if "metric" in c]
    committed = [*(i for i in body["instruments"] if "prices" in i), *(c for c in usage if "windowed_commitment" in c)]
    least = "0.4" if committed else "0"  # what is free needs no commit
    made: list[Body] = []
    for number in range(dice.pick([1, 1, 2, 2, 3])):
        item: Body = {"id": f"m{number}", "factor": dice.pick(["0.9", "0.82", "0.75", "0.5", "1.1", least])}
        if dice.chance(50):
            item["scope"] = scope(dice, usage)
        literal = [row["match"] for c in usage for row in c["prices"] if row.get("match")]
        if literal and dice.chance(40):
            item["scope"] = {"dimensions": dice.pick(literal)}
        if not any(reaches(item, c) for c in usage):
            item.pop("scope")
        if dice.chance(45):
            item[dice.pick(["starts_on", "ends_on"])] = frame.inside().isoformat()
        if dice.chance(40):
            item["priority"] = dice.between(0, 2)
        made.append(item)
    return made


def reaches(item: Body, charge: Body) -> bool:
    """Tell whether a multiplier has one of a charge's rows in scope."""
    named = item.get("scope") or {}
    fits = {
        "charges": lambda said: charge["key"] in said,
        "products": lambda said: charge.get("product", charge["key"]) in said,
        "tags": lambda said: bool({*said} & {*charge.get("tags", ())}),
        "kinds": lambda said: "usage" in said,
        "dimensions": lambda said: any(said.items() <= (row.get("match") or {}).items() for row in charge["prices"]),
    }
    return all(fits[name](said) for name, said in named.items())


def limit_discounts(dice: Dice, body: Body) -> None:
    """Let discounts stand for some periods, and carry a rest."""
    for item in body["discounts"]:
        if dice.chance(30):
            item["periods"] = dice.pick([1, 1, 2])
        if "amount" in item and dice.chance(35):
            item["carry_rest"] = True


# -- usage


def amount(dice: Dice, charge: Body) -> str:
    """Pick an event's quantity."""
    if charge["prices"][0].get("model") in MONEY:
        return dice.text(500, 9000, 2)
    return str(dice.between(1, 30)) if dice.chance(70) else dice.text(1, 2000, 2)


def event(dice: Dice, frame: Frame, charge: Body, number: int) -> Body:
    """Make one event of a charge."""
    kind = charge["metric"].get("aggregation") or "SUM"
    item: Body = {"charge": charge["key"], "id": f"e{number:02d}", "at": frame.moment()}
    if kind == "UNIQUE":
        item["value"] = dice.pick(["ann", "bob", "cid", "dee", "eve"])
    elif kind != "COUNT":
        item["quantity"] = amount(dice, charge)
    levels = kind == "TIME_WEIGHTED" or charge["metric"].get("carry")
    if levels and dice.chance(20):
        item["at"] = frame.earlier()
    elif takes_back(charge, kind) and dice.chance(5):
        item["quantity"] = "-" + str(dice.between(1, 9))
    if charge["metric"].get("dimensions"):
        item["dimensions"] = {"region": dice.pick(REGIONS), "size": dice.pick(SIZES)}
    if dice.chance(10):
        item["source"] = "batch"
    return item


def takes_back(charge: Body, kind: str) -> bool:
    """Tell whether a charge may see units given back."""
    models = {row.get("model", "PER_UNIT") for row in charge["prices"]}
    return kind == "SUM" and models <= {"PER_UNIT", "GRADUATED"} and "windowed_commitment" not in charge


def usage(dice: Dice, frame: Frame, made: list[Body]) -> list[Body]:
    """Make up to about 25 events, some of them twice."""
    found: list[Body] = []
    for charge in [c for c in made if "metric" in c]:
        for _ in range(dice.pick([0, 2, 4, 6, 9, 12])):
            found.append(event(dice, frame, charge, len(found)))
    if found and dice.chance(8):
        found.append(dict(dice.pick(found)))
    dice.random.shuffle(found)
    return found


def bargain(seed: int) -> Body:
    """Make a valid body of a quote from a seed."""
    dice = Dice(seed)
    frame = Frame(dice)
    body: Body = {"currency": dice.pick(CURRENCIES), "time_zone": frame.zone, **frame.members}
    if dice.chance(12):
        body["proration"] = dice.pick(["none", "first", "last"])
    if dice.chance(12) and (body.get("cycle") or {}).get("cadence", "MONTHLY") == "MONTHLY":
        body["day_count"] = "30"
    if dice.chance(9) and not frame.cycled:
        body["kind"] = "THRESHOLD"
    made = body["charges"] = charges(dice, frame)
    drop_repeats(made)
    body["discounts"] = discounts(dice, frame, made)
    body["minimums"] = promises(dice, made, 1000, 40_000) if dice.chance(22) else []
    body["maximums"] = promises(dice, made, 500, 15_000) if dice.chance(16) else []
    body["instruments"] = instruments(dice, frame, made)
    if dice.chance(12) and not any(i.get("prices") for i in body["instruments"]):
        price_in_units(dice, body)
    body["taxes"] = taxes(dice) if dice.chance(45) else []
    body["usage"] = usage(dice, frame, made)
    if dice.chance(8):
        body["booked"] = dice.text(100, 5000, 2)
    if body["currency"] == "JPY":
        drop_cents(body)
    later = Dice(seed + 1_000_003)
    agree_own_prices(later, frame, body)
    limit_discounts(later, body)
    return {name: value for name, value in body.items() if value != []}


def drop_repeats(charges: list[Body]) -> None:
    """Drop dated rows that change nothing (the line goes on there), and what rules.md doesn't say of packages."""
    for charge in charges:
        seen = set()
        if len(rows := [row for row in charge.get("prices") or [] if row.get("model") == "PACKAGE"]) > 1:
            charge.pop("position", None)
            for row in rows:
                row.pop("rounding", None)
        for row in list(charge.get("prices") or []):
            numbers = {"model": "PER_UNIT", **row}
            if numbers["model"] == "DYNAMIC":
                numbers.setdefault("multiplier", "1")
            name = repr(sorted((key, str(value)) for key, value in numbers.items() if key != "starts_on"))
            if name in seen:
                charge["prices"].remove(row)
            seen.add(name)


def drop_cents(body: Body) -> None:
    """Leave the digits that the currency doesn't have off amounts that are paid or promised."""
    items = [*body["charges"], *body["discounts"], *body["minimums"], *body["maximums"], body]
    items += [item for item in body["instruments"] if "pricing_unit" not in item]
    for item in items:
        for name in ("amount", "remaining", "minimum", "maximum", "balance", "original", "invoiced", "booked"):
            if name in item:
                item[name] = str(max(1, int(item[name].split(".")[0])))


# -- what a body uses

Test = Callable[[Body], bool]


def usage_charges(body: Body) -> list[Body]:
    """List a body's usage charges."""
    return [c for c in body["charges"] if (c.get("kind") or "usage") == "usage"]


def price_rows(body: Body) -> list[Body]:
    """List the price rows of a body's usage charges."""
    return [row for c in usage_charges(body) for row in c["prices"]]


def some_tier(name: str) -> Test:
    """Ask for a tier with a member."""
    return lambda body: any(tier.get(name) for row in price_rows(body) for tier in row.get("tiers") or [])


def some_model(model: str) -> Test:
    """Ask for a price model."""
    return lambda body: any((row.get("model") or "PER_UNIT") == model for row in price_rows(body))


def some_row(name: str) -> Test:
    """Ask for a price row of a usage charge with a member."""
    return lambda body: any(row.get(name) for row in price_rows(body))


def some_charge(name: str, *values: str) -> Test:
    """Ask for a charge with a member, or one of its values."""
    return lambda body: any(c.get(name) in values if values else bool(c.get(name)) for c in body["charges"])


def some_metric(name: str, *values: str) -> Test:
    """Ask for a metric with a member, or one of its values."""

    def test(body: Body) -> bool:
        found = [(c.get("metric") or {}).get(name) for c in usage_charges(body)]
        return any(value in values if values else bool(value) for value in found)

    return test


def some(group: str, name: str, *values: str) -> Test:
    """Ask for an item of a list with a member, or one of its values."""
    return lambda body: any(i.get(name) in values if values else bool(i.get(name)) for i in body.get(group) or [])


def has(name: str, *values: str) -> Test:
    """Ask for a member of the body, or one of its values."""
    return lambda body: body.get(name) in values if values else bool(body.get(name))


def is_stub(body: Body) -> bool:
    """Tell whether a recurring charge meets a stub."""
    cycle = body.get("cycle") or {}
    stub = body.get("service") or cycle.get("end_date") or cycle.get("anchor") in ("first", "15", "31")
    return bool(stub) and some_charge("kind", "recurring")(body)


def sum_metric(body: Body) -> bool:
    """Tell whether a metric adds quantities up."""
    return any((c.get("metric") or {}).get("aggregation", "SUM") == "SUM" for c in usage_charges(body))


def dated_inside(body: Body) -> bool:
    """Tell whether an instrument starts or ends inside the time that is billed."""
    frame = body.get("service") or body.get("period") or body["cycle"]
    last = frame.get("end_date") or frame["until"]
    starts = [i["starts_on"][:10] > frame["start_date"] for i in body.get("instruments") or [] if i.get("starts_on")]
    ends = [i["ends_on"][:10] < last for i in body.get("instruments") or [] if i.get("ends_on")]
    return any(starts + ends)


def repeated(body: Body) -> bool:
    """Tell whether an event is sent twice."""
    keys = [(e.get("source"), e["id"]) for e in body.get("usage") or []]
    return len(keys) > len(set(keys))


TESTS: dict[str, Test] = {
    **{f"model {model}": some_model(model) for model in MODELS},
    **{f"metric {name}": some_metric("aggregation", name) for name in AGGREGATIONS if name != "SUM"},
    "metric SUM": sum_metric,
    "block tiers": some_tier("block_size"),
    "flat fees": some_tier("flat_fee"),
    "flat at zero": some_charge("flat_at_zero"),
    "free units": some_charge("free_units"),
    "pooled free units": some_charge("free_units_per"),
    "dated rows": some_row("starts_on"),
    "match": some_row("match"),
    "tier_by": some_charge("tier_by"),
    "position": some_charge("position"),
    "cut": some_charge("cut"),
    "divisor": some_metric("divisor"),
    "rounding": some_metric("rounding"),
    "windows or per": lambda body: some_metric("window")(body) or some_metric("per")(body),
    "override": has("overrides"),
    "dated override": lambda body: some("overrides", "starts_on")(body) or some("overrides", "ends_on")(body),
    "multiplier": has("multipliers"),
    "several multipliers": lambda body: len(body.get("multipliers") or []) > 1,
    "discount for some periods": some("discounts", "periods"),
    "carried rest": some("discounts", "carry_rest"),
    "percent discount": some("discounts", "percent"),
    "fixed discount": some("discounts", "amount"),
    "counting discount": some("discounts", "counts_for_minimum"),
    "minimum": lambda body: bool(body.get("minimums")) or some_charge("minimum")(body),
    "maximum": lambda body: bool(body.get("maximums")) or some_charge("maximum")(body),
    "credit": some("instruments", "kind", "credit"),
    "prepaid": some("instruments", "kind", "prepaid"),
    "postpaid": some("instruments", "kind", "postpaid"),
    "scoped instrument": some("instruments", "scope"),
    "dated instrument": dated_inside,
    "own price": some("instruments", "prices"),
    "rolled over": some("instruments", "rolled_over"),
    "recurring": some_charge("kind", "recurring"),
    "recurring stub": is_stub,
    "seat change": some_charge("quantities"),
    "own cadence": some_charge("cadence", "QUARTERLY", "ANNUAL"),
    "arrears": some_charge("timing", "arrears"),
    "one-time": some_charge("kind", "one_time"),
    "composite": some_charge("kind", "composite"),
    "pricing unit": has("pricing_units"),
    "round charge": some_charge("round", "charge"),
    "tax": has("taxes"),
    "zone with clock changes": has("time_zone", "Europe/Berlin", "America/New_York"),
    "currency without cents": has("currency", "JPY", "KWD"),
    "windowed commitment": some_charge("windowed_commitment"),
    "highest_of": some_charge("highest_of"),
    "threshold": has("kind", "THRESHOLD"),
    "proration": has("proration"),
    "thirty days": has("day_count", "30"),
    "service": has("service"),
    "cycle": has("cycle"),
    "repeat": repeated,
    "booked": has("booked"),
}
FEATURES = sorted(TESTS)


def features(body: Body) -> set[str]:
    """Name what a body uses."""
    return {name for name, test in TESTS.items() if test(body)}
