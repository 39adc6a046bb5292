"""The form of a price: its model, the fields that this model has, and what the price says as it stands.

What a model has no use for is neither shown nor read. Changing the model keeps what was typed for both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.http import QueryDict

from catalog.rules.surprises import Surprise
from catalog.rules.tariff_errors import tariff_errors
from catalog.rules.tariff_warnings import tariff_warnings
from catalog.rules.tariff_words import costs, number, price, words_of
from catalog.rules.tariffs import Tariff, WrittenModel
from catalog.rules.written import MEMBERS, OF_TIERS, said_of, tariff_in
from monetization.foundation.web import number_in
from monetization.values.errors import DomainError
from monetization.values.money import minor_digits, plain, round_half_away

Row = dict[str, str]
SPARE = 2
LABELS = {
    "unit_price": "New price", "package_size": "Units in a package", "package_price": "Price of a package",
    "percent": "Percent", "fixed_fee": "Fixed fee", "free_events": "Free transactions",
    "free_amount": "Free amount", "minimum_fee": "At least", "maximum_fee": "At most", "multiplier": "Times",
}  # fmt: skip
COLUMNS = {
    "up_to": ("Up to and including", "up to"), "unit_price": ("Unit price", "unit price"),
    "percent": ("Percent", "percent"), "flat_fee": ("Flat fee", "flat fee"),
    "block_size": ("Per block of", "block size"),
}  # fmt: skip
MODELS = [(each.value, each.label) for each in WrittenModel]
ROUNDED = [("up", "Begun packages count in full"), ("down", "Only full packages count"), ("exact", "In exact parts")]
EXAMPLES = (Decimal(1000), Decimal(10_000))
PAYMENTS = (Decimal(100), Decimal(1000))


@dataclass(frozen=True, slots=True)
class PriceForm:
    """A price as it was typed, or as it is kept."""

    model: WrittenModel
    typed: Mapping[str, str]
    rows: tuple[Row, ...]

    @property
    def fields(self) -> list[tuple[str, str, str]]:
        """List the model's single numbers: (name, label, what stands in it)."""
        return [(name, LABELS[name], self.typed.get(name, "")) for name in MEMBERS[self.model] if name in LABELS]

    @property
    def columns(self) -> list[tuple[str, str, str]]:
        """List the columns of the model's tiers: (name, heading, name for a reader of one field)."""
        return [(name, *COLUMNS[name]) for name in OF_TIERS.get(self.model, ())]

    @property
    def shown_rows(self) -> list[Row]:
        """Give the tiers with spare lines below them; a price per unit stands in the first."""
        rows = [*self.rows]
        if not rows and self.typed.get("unit_price"):
            rows = [{"unit_price": self.typed["unit_price"]}]
        return [*rows, *[dict[str, str]()] * SPARE]

    @property
    def names(self) -> str:
        """Name all fields that show their own refusals."""
        return " ".join(("model", *MEMBERS[self.model]))


def form_of(tariff: Tariff) -> PriceForm:
    """Show a tariff as a form."""
    said = said_of(tariff)
    rows = tuple({name: _text(value) for name, value in row.items()} for row in said["tiers"])
    return PriceForm(tariff.model, {name: _text(said[name]) for name in said if name != "tiers"}, rows)


def typed_form(typed: QueryDict) -> PriceForm:
    """Show a form as it was typed."""
    names = {*LABELS, "rounding", "retroactive"}
    found = {name: typed.get(name, "").strip() for name in names}
    return PriceForm(_model(typed), found, tuple(row for row in _rows(typed) if any(row.values())))


def tariff_typed(form: PriceForm) -> Tariff:
    """Read what was typed. Raises Invalid, naming the field."""
    said: dict[str, Any] = {"model": form.model.value}
    for name in MEMBERS[form.model]:
        if name in LABELS:
            said[name] = number_in(form.typed.get(name, ""), name)
    said |= {"rounding": form.typed.get("rounding"), "retroactive": form.typed.get("retroactive")}
    if form.model.has_tiers:
        said["tiers"] = [_tier(form, row, f"tiers[{index}]") for index, row in enumerate(form.rows)]
    kept = (*MEMBERS[form.model], "model")
    return tariff_in({name: value for name, value in said.items() if name in kept})


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a price that holds together says: in words, as examples, with what to know before; and its tiers drawn."""

    words: str
    examples: tuple[str, ...]
    warnings: tuple[Surprise, ...]
    steps: tuple[SimpleNamespace, ...]


def spoken(form: PriceForm, unit: str, currency: str) -> Spoken | None:
    """Say what stands in a form; None where it is no price yet."""
    try:
        tariff = tariff_typed(form)
    except DomainError:
        return None
    if tariff_errors(tariff, ""):
        return None
    known = currency if _is_currency(currency) else ""
    steps = tuple(_steps(tariff)) if tariff.model.has_tiers else ()
    warnings = tuple(tariff_warnings(tariff, known))
    return Spoken(words_of(tariff, unit, known), tuple(_examples(tariff, known)), warnings, steps)


def _examples(tariff: Tariff, currency: str) -> Iterator[str]:
    rule = tariff.transaction
    if rule is not None:
        plainly = replace(tariff, transaction=replace(rule, free_events=None, free_amount=None))
        for amount, cost in costs(plainly, PAYMENTS):
            yield f"a transaction of {number(amount)} costs {_money(cost, currency)}"
        return
    noun = "of amounts" if tariff.model is WrittenModel.DYNAMIC else "units"
    for quantity, cost in costs(tariff, EXAMPLES):
        yield f"{number(quantity)} {noun} cost {_money(cost, currency)}"


def _money(value: Any, currency: str) -> str:
    return price(round_half_away(value, minor_digits(currency) if currency else 2), currency)


def _is_currency(code: str) -> bool:
    try:
        minor_digits(code)
    except DomainError:
        return False
    return True


def _steps(tariff: Tariff) -> Iterator[SimpleNamespace]:
    for tier in tariff.tiers:
        value = tier.flat_fee if tariff.model is WrittenModel.TIERED_FLAT else tier.unit_price
        yield SimpleNamespace(old_unit_price=None, new_unit_price=value)


def _model(typed: QueryDict) -> WrittenModel:
    wanted = typed.get("model", "")
    if wanted in WrittenModel.__members__:
        return WrittenModel(wanted)
    return WrittenModel.GRADUATED if "tier_up_to" in typed else WrittenModel.PER_UNIT


def _rows(typed: QueryDict) -> Iterator[Row]:
    columns = {name: typed.getlist(f"tier_{name}") for name in COLUMNS}
    for index in range(max(map(len, columns.values()))):
        yield {name: each[index].strip() if index < len(each) else "" for name, each in columns.items()}


def _tier(form: PriceForm, row: Row, field: str) -> dict[str, Decimal | None]:
    return {name: number_in(row.get(name, ""), f"{field}.{name}") for name in OF_TIERS[form.model]}


def _text(value: Any) -> str:
    if value is None or value is False:
        return ""
    return plain(value) if isinstance(value, Decimal) else str(value)
