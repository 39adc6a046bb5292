"""The parts of a contract as rows: those agreed with it, and those that an amendment adds."""

from typing import Any

from catalog.models import Amendment, Contract, QuantityChange

# name of the relation, kind in addresses
KINDS = {
    "recurring_charges": "recurring", "one_time_charges": "one_time", "discounts": "discount", "bounds": "bound",
    "composites": "composite",
    "instruments": "instrument", "overrides": "override", "multipliers": "multiplier",
}  # fmt: skip


def agreed_with(contract: Contract, amendment: Amendment | None, name: str) -> Any:
    """List the parts of one kind that were agreed with the contract itself, or that an amendment adds.

    A commit's items stand with it, and those of a recurring grant follow from it.
    """
    found = getattr(contract, name).order_by("key")
    if name not in KINDS:
        return found if amendment is None else found.none()
    found = found.filter(amendment=amendment)
    return found.filter(commit=None, recurring=None) if name == "instruments" else found


def quantities_of(amendment: Amendment) -> list[QuantityChange]:
    """List the quantities that an amendment changes of charges that it didn't add."""
    found = QuantityChange.objects.filter(amendment=amendment).exclude(charge__amendment=amendment)
    return list(found.select_related("charge").order_by("charge__key", "start_date"))


def parts_of(amendment: Amendment) -> list[Any]:
    """List everything that an amendment adds."""
    added = [row for name in KINDS for row in agreed_with(amendment.contract, amendment, name)]
    return [*added, *quantities_of(amendment)]
