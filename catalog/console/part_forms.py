"""Forms of a contract's parts: which fields each has; the action says what is wrong with them."""

from catalog.actions import agreed, grants, instruments, own_prices
from catalog.actions.allowances import add_allowance
from catalog.actions.composites import add_composite
from catalog.console import commit_forms
from catalog.console.commit_forms import PERCENT, TAGS
from catalog.console.form_fields import (
    AMOUNT,
    DAYS,
    KEY,
    NAME,
    NONE,
    PRIORITY,
    PRODUCT,
    PRODUCTS,
    QUANTITY,
    RESTS,
    UNIT_PRICE,
    Field,
    Form,
)
from catalog.models import AgreedBound, Contract, Instrument, RecurringCharge

FORMS: dict[str, Form] = {
    "recurring": Form(
        "recurring charge",
        (
            KEY, NAME, PRODUCT, UNIT_PRICE, QUANTITY,
            Field("changes", "Other quantities", "changes", help="2027-01-01: 12, 2027-04-01: 15"),
            Field("timing", "Billed", "choice", options=tuple(RecurringCharge.Timing.choices)),
            Field("cadence", "Every", "choice", options=(NONE, *Contract.Cadence.choices)),
            *DAYS,
        ),
        agreed.add_recurring,
    ),
    "one_time": Form(
        "one-time charge",
        (KEY, NAME, PRODUCT, UNIT_PRICE, QUANTITY, Field("date", "Day", "date", help="Empty: the first.")),
        agreed.add_one_time,
    ),
    "allowance": Form(
        "allowance",
        (
            KEY, NAME, PRODUCT, Field("units", "Free units a period", "number", required=True),
            Field("per", "For each unit of", help="A recurring charge's key, such as seats; empty: none."),
        ),
        add_allowance,
    ),
    "discount": Form(
        "discount",
        (
            KEY, NAME, Field("percent", "Percent", "number"), Field("amount", "Amount a period", "number"), *DAYS,
            Field("periods", "For how many periods", "whole", help="1: once; empty: for ever. A stub counts as one."),
            Field("carry_rest", "What a period leaves of the amount", "yes", options=RESTS), PRODUCTS,
        ),
        agreed.add_discount,
    ),
    "bound": Form(
        "minimum or maximum",
        (KEY, NAME, Field("kind", "Kind", "choice", True, tuple(AgreedBound.Kind.choices)), AMOUNT, *DAYS, PRODUCTS),
        agreed.add_bound,
    ),
    "composite": Form(
        "composite",
        (
            KEY, NAME, PRODUCT, Field("percent", "Percent", "number", required=True, help="Of the lines below."),
            *DAYS, PRODUCTS, TAGS,
        ),
        add_composite,
    ),
    "instrument": Form(
        "credit, or commit of one item",
        (
            KEY, NAME, Field("kind", "Kind", "choice", True, tuple(Instrument.Kind.choices)), AMOUNT,
            Field("invoiced", "Billed for it", "number", help="Only a prepaid commit."), *DAYS, PRIORITY, PRODUCTS,
            TAGS, PERCENT,
        ),
        instruments.add,
    ),
    "commit": commit_forms.COMMIT,
    "grant": commit_forms.GRANT,
}  # fmt: skip
FORMS["multiplier"] = Form(
    "multiplier",
    (
        KEY, NAME, Field("factor", "Factor", "number", required=True, help="0.82 is 18 % off the list."), PRODUCTS,
        Field("tags", "Products with a tag", "words", help="Tags, separated by commas."),
        Field("match", "Only prices that name", "pairs", help="model: gpt-4o, token_type: input"), *DAYS,
        Field("priority", "Priority", "whole", value="0", help="Lower is first."),
    ),
    own_prices.add_multiplier,
)  # fmt: skip
GRANT = Form(
    "credit",
    (
        KEY, NAME, AMOUNT, Field("currency", "Currency", required=True), Field("start_date", "First day", "date", True),
        Field("end_date", "Last day", "date"), PRIORITY, PRODUCTS, Field("reason", "Why", "long", required=True),
    ),
    grants.request,
)  # fmt: skip
