"""The sections of parts as they are on the page: what stands in them, and the forms that add to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.console.builder.presets import OFF, SECTIONS, Preset, Section
from catalog.console.commit_rows import PartRow
from catalog.console.form_fields import Field
from catalog.console.part_rows import part_rows
from catalog.models import Contract, Product
from catalog.queries import effective_prices
from monetization.foundation.templatetags.show import dims
from monetization.foundation.web import Outcome
from monetization.values.periods import local_midnight

Options = Sequence[tuple[str, str]]
Chosen = Mapping[str, Options]
MOST_PRICES = 500


@dataclass(frozen=True, slots=True)
class Input:
    """A field of a form: its id on the page, its value, what can be chosen."""

    field: Field
    id: str
    value: str
    options: Options
    chosen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Adding:
    """A form that adds a part; ``is_open`` where it was refused, ``was_used`` where it just added one."""

    preset: Preset
    fields: tuple[Input, ...]
    rare: tuple[Input, ...]
    outcome: Outcome[Any]
    is_open: bool
    was_used: bool

    @property
    def names(self) -> str:
        """Name its fields, for refusals that are about none of them."""
        return " ".join(each.field.name for each in (*self.fields, *self.rare))


@dataclass(frozen=True, slots=True)
class Shown:
    """A section with its rows and its forms."""

    section: Section
    rows: tuple[PartRow, ...]
    adding: tuple[Adding, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """The form that was sent, and what came of it."""

    preset: Preset
    typed: Any
    outcome: Outcome[Any]


def sections_of(contract: Contract, only: Section | None = None, tried: Tried | None = None) -> list[Shown]:
    """Give the sections of parts; of one where it is named."""
    rows = part_rows(contract)
    products = list(Product.objects.filter(environment=contract.environment_id).values_list("key", "name"))
    wanted = SECTIONS if only is None else (only,)
    chosen = {"product": products, "products": products}
    if OFF in wanted[0].presets:
        chosen["prices"] = prices_of(contract)
    return [_shown(each, rows, chosen, tried) for each in wanted]


def prices_of(contract: Contract) -> list[tuple[str, str]]:
    """List what a percentage may be off of: all prices, those of a product, or each of them."""
    start = local_midnight(contract.start_date, contract.account.time_zone)
    listed = [row for row in effective_prices(contract, start) if row.listed is not None]
    each = {f"{row.product}|" + "|".join(f"{key}={value}" for key, value in row.match): row for row in listed}
    whole = {row.product: f"all of {row.name}" for row in listed}
    single = [(key, f"{row.name}: {dims(row.match)}") for key, row in each.items() if row.match]
    return [("", "every list price"), *whole.items(), *single[:MOST_PRICES]]


def _shown(section: Section, rows: Iterable[PartRow], chosen: Chosen, tried: Tried | None) -> Shown:
    mine = tuple(row for row in rows if row.part in section.parts)
    return Shown(section, mine, tuple(_adding(each, chosen, tried) for each in section.presets))


def _adding(preset: Preset, chosen: Chosen, tried: Tried | None) -> Adding:
    mine = tried if tried is not None and tried.preset.key == preset.key else None
    refused = mine is not None and not mine.outcome
    typed = mine.typed if mine is not None and refused else None

    def inputs(fields: Iterable[Field]) -> tuple[Input, ...]:
        return tuple(_input(each, preset, chosen, typed) for each in fields)

    return Adding(
        preset, inputs(preset.fields), inputs(preset.rare), mine.outcome if mine else Outcome(), refused,
        mine is not None and not refused,
    )  # fmt: skip


def _input(field: Field, preset: Preset, chosen: Chosen, typed: Any) -> Input:
    value = typed.get(field.name, "") if typed is not None else field.value
    several = tuple(typed.getlist(field.name)) if typed is not None else ()
    return Input(field, f"{preset.key}-{field.name}", value, chosen.get(field.kind, field.options), several)
