"""What a catalog file would change, in lines: a line for each thing, price, sentence or number that differs.

What a file doesn't name stays as it is; in what it names, a price that it leaves out is removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from catalog.rules import meaning
from catalog.rules.cards import CardCharge, CardPrice
from catalog.rules.diff import Change, difference, percent_change
from catalog.rules.drafts import ChargeDraft
from catalog.rules.files.previews import Line, cell_of
from catalog.rules.files.price_lines import lines_of
from catalog.rules.listings.shapes import Card, Listing, Metric, Plan, Product
from catalog.rules.plans.changes import changes
from catalog.rules.plans.words import said
from catalog.rules.terms import Source, dims_of


@dataclass(frozen=True, slots=True)
class Differences:
    """The lines by the path of the thing that they are about: `rate_cards.list`."""

    lines: Mapping[str, tuple[Line, ...]]

    @property
    def is_empty(self) -> bool:
        """Say whether the catalog says all this already."""
        return not any(self.lines.values())

    def of(self, section: str, key: str) -> tuple[Line, ...]:
        """Give the lines about one thing."""
        return self.lines.get(f"{section}.{key}", ())

    def all(self) -> list[Line]:
        """Give all lines in the order of the file."""
        return [line for lines in self.lines.values() for line in lines]


def differences(now: Listing, asked: Listing) -> Differences:
    """Lay what a file says beside what stands."""
    both = asked.over(now)
    found: dict[str, tuple[Line, ...]] = {}
    for key, product in asked.products.items():
        found[f"products.{key}"] = tuple(_product(key, now.products.get(key), product))
    for key, metric in asked.metrics.items():
        found[f"metrics.{key}"] = tuple(_metric(key, now.metrics.get(key), metric))
    for key, card in asked.rate_cards.items():
        found[f"rate_cards.{key}"] = tuple(_card(key, now.rate_cards.get(key), card, both))
    for key, plan in asked.plans.items():
        found[f"plans.{key}"] = tuple(_plan(key, now.plans.get(key), plan, both))
    return Differences(found)


def contents_of(card: Card, listing: Listing) -> list[CardCharge]:
    """Give a card's charges as what the rules compare; those without a known metric are left out."""
    found = [_content(each, listing) for each in card.charges or ()]
    return [each for each in found if each is not None]


def _product(key: str, old: Product | None, new: Product) -> Iterator[Line]:
    yield from _thing(f"products.{key}", old, new, ("name", "description", "tags", "tax_category"))


def _metric(key: str, old: Metric | None, new: Metric) -> Iterator[Line]:
    path = f"metrics.{key}"
    yield from _thing(path, old, new, ("name", "description"))
    was = old.meaning if old is not None else None
    if new.meaning is None or new.meaning == was:
        return
    if was is None:
        yield Line(Change.ADDED, path, path, "meaning", "", meaning.sentence(new.meaning.terms(key, 1)))
        return
    for each in meaning.changes(was.terms(key, 1), new.meaning.terms(key, 2)):
        yield Line(Change.CHANGED, path, path, each.what.lower(), each.old, each.new)
    yield from _fields(path, was, new.meaning, ("effective_at",))


def _card(key: str, old: Card | None, new: Card, both: Listing) -> Iterator[Line]:
    path = f"rate_cards.{key}"
    yield from _thing(path, old, new, ("name", "description"))
    if new.charges is None:
        return
    before = old if old is not None else Card("")
    yield from _fields(path, before, new, ("effective_date", "effective_at"))
    was, becomes = contents_of(before, both), contents_of(new, both)
    found = lines_of(difference(was, becomes), {})
    yield from (replace(each, key=path, subject=f"{path} · {each.subject}") for each in found if _moves(each))
    yield from _charges(path, before, new)


def _charges(path: str, old: Card, new: Card) -> Iterator[Line]:
    """Name products that come or go without a price."""
    before, after = ({each.product for each in card.charges or () if not each.prices} for card in (old, new))
    priced = {each.product for card in (old, new) for each in card.charges or () if each.prices}
    for change, keys in ((Change.ADDED, after - before), (Change.REMOVED, before - after)):
        for key in sorted(keys - priced):
            yield Line(change, path, f"{path} · {key}", "", "", "without a price")


def _plan(key: str, old: Plan | None, new: Plan, both: Listing) -> Iterator[Line]:
    path = f"plans.{key}"
    yield from _thing(path, old, new, ("name", "description"))
    if new.package is None:
        return
    before = old if old is not None else Plan("")
    yield from _fields(path, before, new, ("effective_date", "legal_entity", "rate_card", "pinned_version"))
    names = {name: each.name for name, each in both.products.items()}
    was = said(before.package, names) if before.package is not None else ()
    for each in changes(was, said(new.package, names)):
        if each.kind != "same":
            change = Change(each.kind.upper())
            yield Line(change, path, f"{path} · {each.section.lower()}", each.what, each.old, each.new)
    if before.package is not None and was == said(new.package, names) and before.package != new.package:
        yield Line(Change.CHANGED, path, path, "package", "as it is called now", "as it is called in the file")


def _moves(line: Line) -> bool:
    return line.change is not Change.UNCHANGED


def _thing(path: str, old: Any, new: Any, names: tuple[str, ...]) -> Iterator[Line]:
    if old is None:
        yield Line(Change.ADDED, path, path, "", "", new.name)
    else:
        yield from _fields(path, old, new, names)


def _fields(path: str, old: Any, new: Any, names: tuple[str, ...]) -> Iterator[Line]:
    for name in names:
        was, becomes = getattr(old, name), getattr(new, name)
        if was != becomes:
            percent = percent_change(was, becomes) if _is_number(was, becomes) else None
            words = name.replace("_", " ")
            yield Line(Change.CHANGED, path, path, words, cell_of(was), cell_of(becomes), percent)


def _is_number(*values: Any) -> bool:
    return all(type(value).__name__ == "Decimal" for value in values)


def _content(draft: ChargeDraft, listing: Listing) -> CardCharge | None:
    metric, product = listing.metrics.get(draft.metric), listing.products.get(draft.product)
    if metric is None or metric.meaning is None or product is None:
        return None
    terms = metric.meaning.terms(draft.metric, 0)
    source = Source("", 0, 0)
    prices = tuple(
        CardPrice(row.currency, row.tariff.price(0, "", dims_of(row.match, terms.order), source), row.tariff.model)
        for row in draft.prices
    )
    return CardCharge(draft.product, product.name, product.tax_category, terms, prices, terms=draft.terms)
