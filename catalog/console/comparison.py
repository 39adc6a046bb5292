"""A rate card version laid beside another one, shaped for a page: which lines, in which order, in which state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from catalog.models import RateCard, RateCardVersion
from catalog.queries import effective_instant, live_version, version_content
from catalog.rules.diff import Change, Difference, RowChange, difference
from catalog.rules.surprises import Surprise
from catalog.rules.tariff_warnings import tariff_warnings
from catalog.rules.tariff_words import words_of
from catalog.rules.tariffs import Tariff, WrittenModel
from catalog.rules.versions import VersionStatus

SIGNS: Mapping[Change, str] = {Change.ADDED: "+", Change.REMOVED: "−", Change.CHANGED: "≠", Change.UNCHANGED: ""}


@dataclass(frozen=True, slots=True)
class Line:
    """One price row with its old and new price."""

    row: RowChange

    @property
    def kind(self) -> str:
        return self.row.change.value.lower()

    @property
    def sign(self) -> str:
        return SIGNS[self.row.change]

    @property
    def price_id(self) -> int | None:
        """The row of the newer version; None where it was removed."""
        return self.row.new.row_id if self.row.new else None

    @property
    def tariffs(self) -> list[Tariff]:
        """What it cost before and costs after; one of them where it comes or goes."""
        return [each for each in (self.row.was, self.row.becomes) if each is not None]

    @property
    def is_single(self) -> bool:
        """Say whether one price before and after says it all."""
        return all(each.model is WrittenModel.PER_UNIT for each in self.tariffs)

    @property
    def has_tiers(self) -> bool:
        """Say whether a table of tiers belongs below it: one of prices, not of fees alone."""
        return any(each.model.has_tiers for each in self.tariffs)

    @property
    def old_words(self) -> str:
        """What it cost, in one line."""
        return words_of(self.row.was, "unit", self.row.currency) if self.row.was else ""

    @property
    def new_words(self) -> str:
        """What it costs, in one line."""
        return words_of(self.row.becomes, "unit", self.row.currency) if self.row.becomes else ""

    @property
    def warnings(self) -> list[Surprise]:
        """What the new price may surprise people with."""
        return tariff_warnings(self.row.becomes, self.row.currency) if self.row.becomes else []

    @property
    def old_kind(self) -> str:
        """What it was, in a word or two."""
        return _kind(self.row.was)

    @property
    def new_kind(self) -> str:
        """What it is, in a word or two."""
        return _kind(self.row.becomes)

    def holds(self, words: Iterable[str]) -> bool:
        """Say whether every word occurs in its product, currency or dimension values."""
        text = " ".join([self.row.name, self.row.written_in, *(value for _, value in self.row.match)]).casefold()
        return all(word in text for word in words)


def _kind(tariff: Tariff | None) -> str:
    if tariff is None:
        return "–"
    if tariff.model.has_tiers:
        return f"{len(tariff.tiers)} tier{'' if len(tariff.tiers) == 1 else 's'}"
    return tariff.model.value.replace("_", " ").lower()


@dataclass(frozen=True)
class Comparison:
    """A version and the one that it is read against (None: there was nothing before)."""

    version: RateCardVersion
    base: RateCardVersion | None
    difference: Difference
    units: Mapping[str, str]

    @cached_property
    def counts(self) -> dict[str, int]:
        return {change.value.lower(): self.difference.count(change) for change in Change}

    @property
    def changes(self) -> int:
        return len(self.difference.rows) - self.counts["unchanged"] + len(self.difference.charges)

    def lines(self, *, text: str, everything: bool) -> list[Line]:
        """List the lines that hold the words of `text`; only changes unless `everything` is asked for."""
        words = text.casefold().split()
        lines = (Line(row) for row in self.difference.rows if everything or row.change is not Change.UNCHANGED)
        found = [line for line in lines if line.holds(words)]
        return sorted(found, key=lambda line: line.row.name)

    def line_of(self, price_id: int) -> Line | None:
        """Find the line of one price row of the newer version."""
        return next((line for row in self.difference.rows if (line := Line(row)).price_id == price_id), None)


def compare(version: RateCardVersion, now: datetime) -> Comparison:
    """Lay a version beside the live one; one that was approved in the past beside what it followed."""
    base = base_of(version, now)
    old, new = version_content(base) if base is not None else (), version_content(version)
    units = {charge.product: charge.metric.unit for charge in (*old, *new)}
    return Comparison(version, base, difference(old, new), units)


def base_of(version: RateCardVersion, now: datetime) -> RateCardVersion | None:
    """Find what a version is read against."""
    starts_at = effective_instant(version)
    if version.status == VersionStatus.APPROVED.value and starts_at is not None and starts_at <= now:
        return version.based_on
    return live_version(version.rate_card, now, exclude=version.pk)


@dataclass(frozen=True, slots=True)
class Placed:
    """A version of a card and where it stands in time: LIVE, NEXT, ENDED or its status."""

    version: RateCardVersion
    state: str
    label: str
    starts_at: datetime | None


def placed_versions(card: RateCard, now: datetime) -> list[Placed]:
    """List a card's versions, newest first, each with its place in time (dates as in UTC)."""
    live = live_version(card, now)
    versions = card.versions.select_related("created_by", "request", "rate_card").order_by("-number")
    return [_placed(version, live, now) for version in versions]


def _placed(version: RateCardVersion, live: RateCardVersion | None, now: datetime) -> Placed:
    starts_at, status = effective_instant(version), VersionStatus(version.status)
    if status is not VersionStatus.APPROVED:
        return Placed(version, status.value, status.label, starts_at)
    if live is not None and version.pk == live.pk:
        return Placed(version, "LIVE", "In force", starts_at)
    if starts_at is not None and starts_at > now:
        return Placed(version, "NEXT", "Scheduled", starts_at)
    return Placed(version, "ENDED", "Superseded", starts_at)
