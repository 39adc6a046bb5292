"""A file of prices: compared with the card's newest approved version, and drafted as the next one."""

from collections.abc import Iterator, Sequence

from catalog.actions import price_lists, rate_cards
from catalog.actions.imports.looked import Known, Looked, Looking
from catalog.actions.rights import DRAFT, allow_card
from catalog.models import Import, RateCard
from catalog.queries.cards import version_content
from catalog.queries.drafted import Drafted, drafted
from catalog.rules.diff import difference
from catalog.rules.files.faults import Fault
from catalog.rules.files.previews import Preview
from catalog.rules.files.price_lines import lines_of, row_numbers
from catalog.rules.files.prices import Charges, charges_in
from catalog.rules.files.records import Record
from catalog.rules.validate import card_errors
from monetization.foundation.actions import rows
from monetization.foundation.models import User
from monetization.values.errors import Invalid


def guard(imported: Import, by: User) -> None:
    """Refuse who may not draft on the card, or make it where there is none. Raises NotAllowed."""
    card = card_of(imported)
    if card is None:
        rows.allow(by, DRAFT)
    else:
        allow_card(by, card)


def card_of(imported: Import) -> RateCard | None:
    """Find the card that a file is for."""
    return RateCard.objects.filter(environment=imported.environment, key=imported.rate_card_key).first()


def look(looking: Looking, records: Sequence[Record]) -> Looked:
    """Check a file's prices and lay them beside those of the newest approved version."""
    imported, at = looking.imported, looking.at
    charges = charges_in(records)
    known, faults = _known(charges, drafted(imported.environment, charges.drafts))
    card = card_of(imported)
    needed = rate_cards.needed(card, at) if card is not None else set()
    looking.progress(len(records) // 2, len(records))
    wrong = card_errors([each.content for each in known], needed=needed) if known or not faults else []
    alone = Charges(charges.drafts, tuple(each.rows for each in known), ())
    base = rate_cards.newest_approved(card) if card is not None else None
    old = version_content(base) if base is not None else ()
    lines = lines_of(difference(old, [each.content for each in known]), row_numbers(charges))
    found = (*charges.faults, *faults, *(alone.fault_of(each) for each in wrong))
    basis = f"v{base.number} {bytes(base.content_digest or b'').hex()}" if base is not None else ""
    return Looked(Preview(tuple(lines), found, basis), charges.drafts)


def lock(imported: Import) -> None:
    """Hold the card until the end of the transaction, so that nobody publishes meanwhile."""
    card = card_of(imported)
    if card is not None:
        rows.lock(card)


def carry_out(looking: Looking, looked: Looked, reason: str) -> None:
    """Draft the version; with a reason ask for its approval too."""
    imported, by, at = looking.imported, looking.by, looking.at
    version = price_lists.draft(
        environment=imported.environment, card_key=imported.rate_card_key, charges=looked.plan,
        effective_date=imported.effective_date, notes=f"Prices of {imported.file_name}.", by=by, at=at,
    )  # fmt: skip
    imported.version = version
    if reason:
        rate_cards.submit(version=version, title="", reason=reason, by=by, at=at)


def _known(charges: Charges, found: Sequence[Drafted]) -> tuple[list[Known], list[Fault]]:
    known: list[Known] = []
    faults: list[Fault] = []
    for each, prices in zip(found, charges.rows, strict=True):
        faults += _unknown(each, prices[0][0])
        if each.content is not None:
            known.append(Known(each.content, prices))
    return known, faults


def _unknown(found: Drafted, first: Record) -> Iterator[Fault]:
    """Name what a charge needs and nobody made or approved yet, at its first row."""
    product, metric = first.values["product"], first.values["metric"]
    if not found.has_product:
        yield first.fault("product", Invalid(f"There is no product “{product}”", fix="Create it first"))
    if not found.has_metric:
        yield first.fault("metric", Invalid(f"There is no metric “{metric}”", fix="Create it first"))
    elif not found.is_approved:
        fix = "Have its version approved first"
        yield first.fault("metric", Invalid(f"Nobody has approved yet what {metric} counts", fix=fix))
    elif found.is_unseen:
        fix = "Send an event, or have the metric's owner say why it is priced before"
        yield first.fault("metric", Invalid(f"No event of {metric} was ever seen", fix=fix))
