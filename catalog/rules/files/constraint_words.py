"""What a constraint of the database says about a row of a file: which column it lies in, and what mends it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from monetization.values.errors import DomainError, Invalid

NAME = re.compile(r"Constraint “(\w+)” is violated\.")
ENDS = ("end_date", "It ends before it starts", "Choose a later last day")
WORDS: Mapping[str, tuple[str, str, str]] = {
    "contract_ends_after_it_starts": ENDS,
    "instrument_ends_after_it_starts": ENDS,
    "override_ends_after_it_starts": ENDS,
    "multiplier_ends_after_it_starts": ENDS,
    "contract_discount_is_a_percentage": ("discount_percent", "A percentage lies from 0 to 100", "Write 5 for 5 %"),
    "contract_anchor_day_where_stated": (
        "anchor_day", "Only the anchor “day” has a day", "Give both of them, or neither",
    ),
    "recurring_charge_is_not_negative": ("unit_price", "A fee can't be negative", "Use zero or more"),
    "one_time_charge_is_not_negative": ("unit_price", "A fee can't be negative", "Use zero or more"),
    "discount_is_a_percentage_or_an_amount": (
        "percent", "A discount is a percentage above zero, or an amount", "Give one of them",
    ),
    "only_an_amount_leaves_a_rest": ("carry_rest", "A percentage leaves no rest", "Empty the cell"),
    "discount_has_a_period": ("periods", "It holds for one period at least", "Write 1, or leave it empty"),
    "bound_is_not_negative": ("amount", "An amount can't be negative", "Use zero or more"),
    "instrument_is_positive": ("amount", "Nothing can be drawn from it", "Give an amount above zero"),
    "only_prepaid_is_bought": (
        "invoiced", "Only a prepaid commit is billed, with more than zero and no more than may be drawn",
        "Lower it, or empty the cell",
    ),
    "a_promise_of_spend_ends": ("end_date", "A postpaid commit ends", "Give its last day"),
    "multiplier_is_a_factor": ("factor", "A factor lies from 0 to 100", "0.82 is 18 % off"),
}  # fmt: skip


def in_words(error: DomainError) -> DomainError:
    """Say a violated constraint as its column's mistake; any other error stays as it is."""
    found = NAME.fullmatch(error.message)
    if found is None or found[1] not in WORDS:
        return error
    column, message, fix = WORDS[found[1]]
    return Invalid(message, field=column, fix=fix)
