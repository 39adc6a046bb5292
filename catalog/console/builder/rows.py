"""The sections of parts as they are on the page: what stands in them, and the forms that add to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.console.builder.presets import SECTIONS, Preset, Section
from catalog.console.part_forms import Field
from catalog.console.part_rows import PartRow, part_rows
from catalog.models import Contract, Product
from monetization.foundation.web import Outcome

Options = Sequence[tuple[str, str]]


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
    return [_shown(each, rows, products, tried) for each in wanted]


def _shown(section: Section, rows: Iterable[PartRow], products: Options, tried: Tried | None) -> Shown:
    mine = tuple(row for row in rows if row.part in section.parts)
    return Shown(section, mine, tuple(_adding(each, products, tried) for each in section.presets))


def _adding(preset: Preset, products: Options, tried: Tried | None) -> Adding:
    mine = tried if tried is not None and tried.preset.key == preset.key else None
    refused = mine is not None and not mine.outcome
    typed = mine.typed if mine is not None and refused else None

    def inputs(fields: Iterable[Field]) -> tuple[Input, ...]:
        return tuple(_input(each, preset, products, typed) for each in fields)

    return Adding(
        preset, inputs(preset.fields), inputs(preset.rare), mine.outcome if mine else Outcome(), refused,
        mine is not None and not refused,
    )  # fmt: skip


def _input(field: Field, preset: Preset, products: Options, typed: Any) -> Input:
    value = typed.get(field.name, "") if typed is not None else field.value
    chosen = tuple(typed.getlist(field.name)) if typed is not None else ()
    options = products if field.kind in ("product", "products") else field.options
    return Input(field, f"{preset.key}-{field.name}", value, options, chosen)
