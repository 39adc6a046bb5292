"""Why an amendment can't be: each refusal names the field and what to choose instead."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from catalog.actions.agreed import PARTS
from catalog.actions.bound_errors import crossing_errors
from catalog.actions.contracts import overlapping, price_errors
from catalog.actions.part_errors import outside
from catalog.models import Amendment, PartEnd, QuantityChange, RateCard
from catalog.queries.amended import Amended, amended
from catalog.queries.amended_parts import KINDS, parts_of
from monetization.values.errors import Conflict, DomainError, Invalid

DAY = timedelta(days=1)
SETTINGS = ("rate_card", "pinned_version", "net_days", "purchase_order")


def errors(amendment: Amendment, at: datetime) -> list[DomainError]:
    """List why an amendment can't be submitted or approved as the contract is now."""
    found = content_errors(amendment)
    if not (_says_something(amendment) or parts_of(amendment) or amendment.ends.exists()):
        fix = "Add or end a part, or change a term"
        found.append(Invalid("This amendment changes nothing", field="kind", fix=fix))
    return found


def content_errors(amendment: Amendment) -> list[DomainError]:
    """List what is wrong with what an amendment says so far."""
    known = amended(amendment.contract, amendment)
    found = field_errors(amendment)
    for number, end in enumerate(amendment.ends.all()):
        found += _under(f"ends[{number}]", end_errors(amendment, end))
    return [*found, *crossing_errors(known)]


def field_errors(amendment: Amendment) -> list[DomainError]:
    """List what is wrong with its days and with the terms that it sets."""
    return [*_day_errors(amendment), *_end_errors(amendment), *_price_errors(amendment)]


def quantity_errors(amendment: Amendment, change: QuantityChange, key: str) -> Iterable[DomainError]:
    """Refuse a quantity of a charge that isn't there, or of a day on which another amendment has changed it."""
    if change.charge_id is None or not amended(amendment.contract, amendment).holds(change.charge):
        yield Invalid(f"The contract has no recurring charge “{key}”", field="key", fix="Name one of its charges")
        return
    yield from outside(amendment.contract, [("start_date", change.start_date)], amendment=amendment)
    if change.charge.changes.filter(start_date=change.start_date).exists():
        message = f"Its quantity changes on {change.start_date} already"
        yield Invalid(message, field="start_date", fix="Choose another day")


def end_errors(amendment: Amendment, end: PartEnd) -> Iterable[DomainError]:
    """Refuse to end a part that isn't there, that ends anyway, or before the amendment takes effect."""
    contract = amendment.contract
    others = Amended(contract, tuple(each for each in amended(contract).amendments if each.pk != amendment.pk))
    model = PARTS.get(end.part) if end.part in KINDS.values() else None
    row = model._default_manager.filter(contract=contract, key=end.key).first() if model is not None else None
    if row is None or not others.holds(row):
        yield Invalid(f"The contract has no such part “{end.key}”", field="key", fix="Name one of its parts")
        return
    if end.last_date < amendment.effective_date - DAY:
        fix = f"Choose {amendment.effective_date - DAY} or later"
        yield Invalid("Nothing before the amendment changes", field="last_date", fix=fix)
    if others.ends_on(end.part, end.key) is not None:
        message = f"Another amendment ends it on {others.ends_on(end.part, end.key)}"
        yield Invalid(message, field="key", fix="Leave it out")
    last = getattr(row, "end_date", None)
    if last is not None and last <= end.last_date:
        yield Invalid(f"It ends on {last} anyway", field="last_date", fix="Choose an earlier day, or leave it out")


def _day_errors(amendment: Amendment) -> Iterable[DomainError]:
    contract, day = amendment.contract, amendment.effective_date
    last = contract.served_until
    if day < contract.start_date or (last is not None and day > last):
        fix = f"Choose a day from {contract.start_date}" + (f" to {last}" if last else " on")
        yield Invalid(f"The contract doesn't serve {day}", field="effective_date", fix=fix)
    elif contract.billed_until is not None and day < contract.billed_until:
        fix = f"Choose {contract.billed_until} or later"
        message = f"An invoice is frozen for the days before {contract.billed_until}"
        yield Invalid(message, field="effective_date", fix=fix)


def _end_errors(amendment: Amendment) -> Iterable[DomainError]:
    contract, last, kind = amendment.contract, amendment.end_date, Amendment.Kind
    before: date | None = contract.served_until
    if last is not None and last < amendment.effective_date:
        fix = f"Choose {amendment.effective_date} or later"
        yield Invalid("The last day lies before the amendment takes effect", field="end_date", fix=fix)
    if amendment.is_open and last is not None:
        yield Invalid("A contract that stays open has no last day", field="end_date", fix="Leave one of them out")
    if amendment.kind == kind.CANCELLATION and (last is None or (before is not None and last > before)):
        fix = f"Choose a day up to {before}" if before else "Choose the last day served"
        yield Invalid("A cancellation names an earlier last day", field="end_date", fix=fix)
    if amendment.kind == kind.RENEWAL and not amendment.moves_end:
        yield Invalid("A renewal names a new last day", field="end_date", fix="Choose one, or leave it open")
    if amendment.moves_end:
        other = overlapping(contract, contract.start_date, last)
        if other is not None:
            yield Conflict(f"{other} covers some of these days already", field="end_date", fix="Choose an earlier day")


def _price_errors(amendment: Amendment) -> Iterable[DomainError]:
    card, pinned, contract = amendment.rate_card, amendment.pinned_version, amendment.contract
    if card is not None and card.environment_id != contract.environment_id:
        yield Invalid("It belongs to another environment", field="rate_card", fix="Choose one of this environment")
        return
    known = card or RateCard.objects.get(pk=amended(contract).settings().rate_card_id)
    if pinned is not None and (pinned.rate_card_id != known.pk or pinned.status != "APPROVED"):
        fix = "Choose an approved version of the contract's rate card"
        yield Invalid("This version can't be pinned", field="pinned_version", fix=fix)
    if amendment.pinned_until is not None and (pinned is None or amendment.pinned_until <= amendment.effective_date):
        fix = "Pin a version, to a day after the amendment takes effect"
        yield Invalid("The pin ends before it begins", field="pinned_until", fix=fix)
    if card is not None or pinned is not None:
        yield from price_errors(known, pinned, contract.currency)


def _says_something(amendment: Amendment) -> bool:
    return amendment.moves_end or amendment.unpins or any(getattr(amendment, name) is not None for name in SETTINGS)


def _under(path: str, found: Iterable[DomainError]) -> list[DomainError]:
    return [Invalid(each.message, field=f"{path}.{each.field}", fix=each.fix) for each in found]
