"""Bodies of quotes as the API, the console and the portal take them: JSON decoded by its types, within bounds.

What a body means is `docs/quotes.md`, how it is rated `billing.rules.quotes`. Here is only what an open door needs:
the path of what is wrong, and that nobody can ask for more work than a few seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from billing.rules.quotes.bodies import QuoteBody, decoder
from billing.rules.quotes.bodies.prices import PriceBody
from billing.rules.quotes.days import spans_of
from billing.rules.quotes.moments import day_in
from catalog.rules.spans import Span
from monetization.values.errors import Invalid
from monetization.values.periods import zone_of

MOST_BYTES = 1_000_000
MOST_CHARGES, MOST_ROWS, MOST_TIERS, MOST_EVENTS = 500, 5_000, 20_000, 20_000
MOST_OTHERS = 100  # overrides, discounts, minimums, maximums, instruments, pricing units, taxes: of each
MOST_MULTIPLIERS = 20
MOST_WORK = 400_000  # events and price rows, once for each period
MOST_DAYS = 3_700
DIGITS, PLACES = 20, 30
YEARS = range(1970, 2201)
DATE = re.compile(r"^(\d{4})-\d\d-\d\d")
OTHERS = ("overrides", "discounts", "minimums", "maximums", "instruments", "pricing_units", "taxes")
T = TypeVar("T")


class NotJson(Invalid):
    """The text can't be read at all."""

    code = "bad_request"


def read(raw: bytes | str, today: date) -> QuoteBody:
    """Read a body. Raises Invalid, naming the member; NotJson."""
    body = decoded(raw, decoder)
    check(body, today)
    return body


def decoded(raw: bytes | str, by: msgspec.json.Decoder[T]) -> T:
    """Decode JSON by its types. Raises Invalid, naming the member; NotJson."""
    try:
        return by.decode(raw)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, UnicodeEncodeError, RecursionError) as error:
        raise NotJson("The body is not JSON", field="body", fix="Send valid JSON") from error


def _refusal(words: str) -> Invalid:
    said, _, path = words.partition(" - at `$")
    field = path.strip("`.")
    if member := re.fullmatch(r"Object (contains unknown|missing required) field `(.*)`", said, re.S):
        field = f"{field}.{member[2]}".lstrip(".")
        said = "There is no such member" if member[1].startswith("contains") else "This member is missing"
    return Invalid(said, field=field or "body", fix="See docs/quotes.md for its members")


def check(body: QuoteBody, today: date) -> None:
    """Refuse more than can be answered in a few seconds, and numbers and days without measure. Raises Invalid."""
    rows: list[PriceBody] = [*(row for charge in body.charges for row in charge.prices), *body.overrides]
    most(len(body.charges), MOST_CHARGES, "charges")
    most(len(rows), MOST_ROWS, "charges.prices")
    most(sum(len(row.tiers) for row in rows), MOST_TIERS, "charges.prices.tiers")
    for name in OTHERS:
        most(len(getattr(body, name)), MOST_OTHERS, name)
    most(len(body.multipliers), MOST_MULTIPLIERS, "multipliers")
    bounded(body, len(body.usage))
    spans = _spans(body, today)
    if len(spans) * (len(body.usage) + len(rows)) > MOST_WORK:
        raise Invalid("Too much for one quote", field="cycle.until", fix="Send fewer periods, events or price rows")
    if any((span.ends - span.starts).days > MOST_DAYS for span in spans):
        raise Invalid("The period is too long", field="period.end_date", fix="At most ten years")


def _spans(body: QuoteBody, today: date) -> list[Span]:
    try:
        zone_of(body.time_zone)
    except Invalid as error:
        raise Invalid(error.message, field="time_zone", fix=error.fix) from error
    return spans_of(body, today)


def bounded(body: msgspec.Struct, events: int) -> None:
    """Refuse too many events, and numbers and days without measure. Raises Invalid."""
    most(events, MOST_EVENTS, "usage")
    for path, value in _leaves(body, ""):
        _measured(value, path)


def most(count: int, limit: int, field: str) -> None:
    """Refuse too many. Raises Invalid."""
    if count > limit:
        raise Invalid(f"{count:,} are too many", field=field, fix=f"Send at most {limit:,}")


def _leaves(value: object, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every number and text, with its path."""
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _leaves(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _leaves(each, f"{path}[{number}]")
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}")
    elif isinstance(value, Decimal | int | str):
        yield path, value


def _measured(value: Decimal | int | str, path: str) -> None:
    if isinstance(value, Decimal):
        places = value.as_tuple().exponent
        if not value.is_finite() or value.adjusted() >= DIGITS or not isinstance(places, int) or places < -PLACES:
            fix = f"At most {DIGITS} digits before the point and {PLACES} after"
            raise Invalid("This is no number that can be reckoned with", field=path, fix=fix)
    elif isinstance(value, str):
        _of_our_time(value, path)
    elif abs(value) > MOST_DAYS:
        raise Invalid("This number is out of bounds", field=path, fix=f"At most {MOST_DAYS:,}")


def _of_our_time(text: str, path: str) -> None:
    name = path.rpartition(".")[2]
    if name not in ("starts_on", "ends_on", "date", "at", "start_date", "end_date", "until"):
        return
    if (found := DATE.match(text)) and int(found[1]) not in YEARS:
        raise Invalid("This day is too far away", field=path, fix=f"Choose a year of {YEARS[0]} to {YEARS[-1]}")
    if len(text) == 10:
        day_in(text, path)
