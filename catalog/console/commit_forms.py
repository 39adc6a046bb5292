"""Forms of commits and recurring grants: schedules are written as days and amounts, or made from a whole amount."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from catalog.actions import commits, recurring
from catalog.console.form_fields import AMOUNT, DAYS, KEY, NAME, NONE, PRIORITY, PRODUCTS, Field, Form
from catalog.models import Commit, Contract
from catalog.rules.schedules import Equal, Spread
from monetization.values.errors import DomainError, Invalid, refuse_if
from monetization.values.periods import Cadence

EVERY = (("", "as written above"), *Contract.Cadence.choices)
PERCENT = Field("rollover_percent", "May roll over, %", "number", help="On renewal, of the amount agreed.")
TAGS = Field("tags", "Tags of products", "words", help="Separated by commas; empty: all.")


def add_commit(*, contract: Contract, key: str, name: str, by: Any, at: Any, **said: Any) -> Commit:
    """Read both schedules and agree the commit; what is wrong with an item is said at its field."""
    access, invoices = said.pop("access", ()), said.pop("invoices", ())
    spread, every = said.pop("spread", None), said.pop("spread_every", "")
    equal, number, apart = said.pop("equal", None), said.pop("number", 1), said.pop("apart", "")
    with _at_fields():
        refuse_if(_either(access, spread, "access", "spread_access"))
        refuse_if(_either(invoices, equal, "invoices", "equal_invoices"))
        content = commits.CommitDraft(
            access=Spread(spread, Cadence(every or Cadence.ANNUAL)) if spread is not None else access,
            invoices=Equal(equal, number, Cadence(apart or Cadence.ANNUAL)) if equal is not None else invoices,
            **said,
        )
        return commits.add(contract=contract, key=key, name=name, content=content, by=by, at=at)


def _either(stated: Any, made: Any, one: str, other: str) -> Iterator[Invalid]:
    if stated and made is not None:
        yield Invalid("It is written out or made from an amount", field=other, fix=f"Leave this or {one} empty")


@contextmanager
def _at_fields() -> Iterator[None]:
    """Say what is wrong with an item at the field that holds it, with its place."""
    try:
        yield
    except DomainError as found:
        refuse_if(_placed(each) for each in found.errors)
        raise


def _placed(error: DomainError) -> DomainError:
    name, _, place = (error.field or "").partition("[")
    whole, _, _ = name.partition(".")
    number = place.partition("]")[0]
    message = f"Item {int(number) + 1}: {error.message}" if number.isdigit() else error.message
    fields = {"spread_access": "spread", "equal_invoices": "equal"}
    return type(error)(message, field=fields.get(whole, whole) or None, fix=error.fix)


COMMIT = Form(
    "commit",
    (
        KEY, NAME, Field("kind", "Kind", "choice", True, tuple(Commit.Kind.choices)),
        Field("access", "May be drawn", "access", help="2026-10-01 2027-09-30: 120000, 2027-10-01 2028-09-30: 240000"),
        Field("spread", "… or evenly, in all", "number", help="Over the whole contract."),
        Field("spread_every", "In items", "choice", options=EVERY),
        Field("invoices", "Billed", "invoices", help="2026-10-01: 60000, 2027-04-01: 60000"),
        Field("equal", "… or equally, in all", "number", help="The first on the contract's first day."),
        Field("number", "In how many invoices", "whole", value="1"),
        Field("apart", "Apart", "choice", options=EVERY), PERCENT, PRIORITY, PRODUCTS, TAGS,
    ),
    add_commit,
)  # fmt: skip
GRANT = Form(
    "recurring grant",
    (
        KEY, NAME, AMOUNT, Field("cadence", "Every", "choice", options=(NONE, *Contract.Cadence.choices)),
        Field("rollover_periods", "Its rest serves", "whole", value="0", help="How many more periods; 0: it is lost."),
        *DAYS, PRIORITY, PRODUCTS, TAGS,
    ),
    recurring.add,
)  # fmt: skip
