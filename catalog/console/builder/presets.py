"""What can be added to a deal in one short form: a kind of part with its usual name and what is said already."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from catalog.console.builder.ramps import OFTEN, YEARS, by_years
from catalog.console.form_fields import Field
from catalog.console.part_forms import FORMS
from catalog.models import Contract
from monetization.foundation.web import number_in
from monetization.values.errors import DomainError

RARE = (
    "key",
    "priority",
    "counts_for_minimum",
    "prorates",
    "tags",
    "carry_rest",
    "timing",
    "cadence",
    "changes",
    "rollover_percent",
)


@dataclass(frozen=True, slots=True)
class Preset:
    """A way to add a part: ``said`` is what nobody needs to type, ``first`` the fields to begin with, in their order.

    ``left_out``: fields that make no sense here. ``own``: fields that are asked for instead, from which ``derived``
    makes others; ``about`` names the own field that a refusal of another one is about.
    """

    key: str
    label: str
    part: str
    name: str
    said: Mapping[str, str] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    own: tuple[Field, ...] = ()
    derived: Callable[[Mapping[str, str], Contract], Mapping[str, str]] | None = None
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> list[Field]:
        """The fields that are asked for, those to begin with first."""
        asked = [each for each in FORMS[self.part].fields if self._asks(each) and each.name not in (*RARE, "name")]
        order = {name: place for place, name in enumerate(self.first)}
        return [*self.own, *sorted(asked, key=lambda each: order.get(each.name, len(order)))]

    @property
    def rare(self) -> list[Field]:
        """Fields that are filled in by themselves, or seldom asked for."""
        return [each for each in FORMS[self.part].fields if self._asks(each) and each.name in (*RARE, "name")]

    def _asks(self, each: Field) -> bool:
        return each.name not in self.said and each.name not in self.left_out


@dataclass(frozen=True, slots=True)
class Section:
    """Parts that stand together on the page; ``empty`` says what to do where there are none."""

    key: str
    title: str
    parts: tuple[str, ...]
    presets: tuple[Preset, ...]
    empty: str


def off_prices(typed: Mapping[str, str], contract: Contract) -> Mapping[str, str]:
    """Make a factor of a percentage off, and the scope of the price that is chosen: ``product|model=gpt-4o``."""
    product, *pairs = typed.get("of", "").split("|")
    try:
        percent = number_in(typed.get("percent", ""), "percent")
    except DomainError:
        percent = None
    factor = f"{(100 - percent).scaleb(-2).normalize():f}" if percent is not None else typed.get("percent", "")
    return {"products": product, "match": ", ".join(each.replace("=", ": ", 1) for each in pairs), "factor": factor}


OFF = Preset(
    "off", "Percent off prices", "multiplier", "Price agreed", {}, (), ("factor", "products", "match"),
    (Field("of", "Prices", "prices"), Field("percent", "Percent off", "number", required=True)),
    off_prices, {"factor": "percent", "products": "of", "match": "of"},
)  # fmt: skip
PREPAID = Preset(
    "prepaid", "Prepaid commit", "commit", "Prepaid commit", {"kind": "PREPAID"}, (),
    ("access", "spread", "spread_every", "invoices", "equal", "number", "apart"), (*YEARS, OFTEN), by_years,
    {"access": "year_1", "invoices": "year_1"},
)  # fmt: skip
SECTIONS: tuple[Section, ...] = (
    Section("overrides", "Price overrides", ("override", "multiplier"), (OFF,), "Everything costs what the list says."),
    Section(
        "commits", "Commits and credits", ("instrument", "commit", "grant"),
        (
            PREPAID,
            Preset("postpaid", "Postpaid commit", "instrument", "Postpaid commit", {"kind": "POSTPAID"},
                   ("amount",), ("invoiced",)),
            Preset("credit", "Free credit", "instrument", "Free credit", {"kind": "CREDIT"}, ("amount",),
                   ("invoiced",)),
            Preset("schedule", "Commit by schedule", "commit", "Commit", {}, ("kind", "access", "invoices")),
            Preset("grant", "Credit each period", "grant", "Credit each period", {}, ("amount", "rollover_periods")),
        ),
        "Nothing is paid up front or promised: usage is billed as it comes.",
    ),
    Section(
        "fees", "Fees and seats", ("recurring", "one_time", "allowance"),
        (
            Preset("fee", "Recurring fee", "recurring", "Platform fee", {}, ("product", "unit_price", "quantity")),
            Preset("once", "One-time fee", "one_time", "Set-up fee", {}, ("product", "unit_price", "quantity")),
            Preset("allowance", "Free units", "allowance", "Free units", {}, ("product", "units")),
        ),
        "No fee is due: only usage is billed.",
    ),
    Section(
        "bounds", "Minimums and caps", ("bound",),
        (
            Preset("cap", "Cap", "bound", "Cap per period", {"kind": "MAXIMUM"}, ("amount",)),
            Preset("minimum", "Minimum", "bound", "Minimum per period", {"kind": "MINIMUM"}, ("amount",)),
        ),
        "A period may come to anything.",
    ),
    Section(
        "discounts", "Discounts", ("discount",),
        (Preset("discount", "Discount", "discount", "Discount", {}, ("percent", "amount", "products")),),
        "No other discount.",
    ),
)  # fmt: skip


def section_of(part: str) -> Section:
    """Find the section that a kind of part stands in; the last one takes what has none of its own."""
    return next((each for each in SECTIONS if part in each.parts), SECTIONS[-1])


def preset_named(key: str) -> Preset | None:
    """Find a preset by the key that its form sends."""
    return next((each for section in SECTIONS for each in section.presets if each.key == key), None)
