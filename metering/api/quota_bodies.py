"""What callers of the quota send: decoded and checked by msgspec, exact, within bounds."""

from decimal import Decimal
from typing import TypeVar

import msgspec
from django.http import HttpRequest

from monetization.foundation.rest import Problem
from monetization.values.errors import Invalid
from monetization.values.money import plain

MOST_BYTES = 64 * 1024
DIGITS, PLACES = 20, 18
T = TypeVar("T")


class CheckBody(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody wants to use."""

    account: str
    metric: str
    amount: Decimal = Decimal(0)
    dimensions: dict[str, str] = {}
    spend: Decimal | None = None
    currency: str = ""


class ReserveBody(msgspec.Struct, forbid_unknown_fields=True):
    """The same, to be held under a key; without one the Idempotency-Key is it."""

    account: str
    metric: str
    amount: Decimal
    key: str = ""
    dimensions: dict[str, str] = {}
    hold_seconds: int | None = None
    spend: Decimal | None = None
    currency: str = ""


class EventName(msgspec.Struct, forbid_unknown_fields=True):
    """An event by its name."""

    id: str
    source: str = "api"


class SettleBody(msgspec.Struct, forbid_unknown_fields=True):
    """A reservation and the event that it was for."""

    key: str
    event: EventName


class ReleaseBody(msgspec.Struct, forbid_unknown_fields=True):
    """A reservation."""

    key: str


def decoded(request: HttpRequest, decoder: msgspec.json.Decoder[T]) -> T:
    """Read the body. Raises Problem 400, 413, 415, Invalid (a field)."""
    if (request.content_type or "").lower() != "application/json":
        raise Problem(415, "The body must be JSON", field="Content-Type", fix="Use application/json")
    raw = request.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise Problem(413, "The body is too large", field="body", fix=f"At most {MOST_BYTES:,} bytes")
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at `$")
        raise Invalid(said, field=path.strip("`.") or "body", fix="See /api/v1/docs") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "The body is not JSON", field="body", fix="Send valid JSON") from error


def amount_in(amount: Decimal, field: str = "amount") -> Decimal:
    """Read an amount that a quantity's column holds exactly. Raises Invalid."""
    if not amount.is_finite() or amount < 0:
        raise Invalid("This is no amount", field=field, fix="Send a number from zero on")
    shown = plain(amount) if amount.adjusted() < DIGITS and -amount.as_tuple().exponent < 100 else ""  # type: ignore[operator]
    if not shown or len(shown.partition(".")[2]) > PLACES:
        fix = f"At most {DIGITS} digits before the point and {PLACES} after"
        raise Invalid("This amount has too many digits", field=field, fix=fix)
    return Decimal(shown)


def spend_in(spend: Decimal | None, currency: str) -> tuple[Decimal, str]:
    """Read what a use is expected to cost; nothing said is zero in no currency. Raises Invalid."""
    if spend is None:
        if currency:
            raise Invalid("A currency needs its amount", field="spend", fix="Say what the use is expected to cost")
        return Decimal(0), ""
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise Invalid("Money needs its currency", field="currency", fix="Use a code such as EUR")
    return amount_in(spend, "spend"), currency


def name_in(text: str, field: str) -> str:
    """Read a short text. Raises Invalid."""
    if not (0 < len(text) <= 200 and text.isprintable()):
        raise Invalid("This must be 1–200 printable characters", field=field, fix="Send a short text")
    return text
