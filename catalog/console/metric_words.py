"""What a metric version says in words: its sentence, what may surprise, and what it changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict

from catalog.console.metric_forms import meaning_in
from catalog.models import MetricVersion
from catalog.queries.metrics import as_terms
from catalog.rules.meaning import Change, changes, sentence
from catalog.rules.metrics import metric_errors
from catalog.rules.surprises import Surprise, metric_surprises
from catalog.rules.terms import MetricTerms
from monetization.values.errors import DomainError


@dataclass(frozen=True, slots=True)
class Words:
    """A meaning in words; `before` is the version that it is compared with, if there is one."""

    sentence: str = ""
    surprises: Sequence[Surprise] = ()
    before: MetricVersion | None = None
    changes: Sequence[Change] = ()
    errors: Sequence[DomainError] = ()


def words_of(terms: MetricTerms, before: MetricVersion | None) -> Words:
    """Put a meaning into words."""
    changed = changes(as_terms(before), terms) if before else ()
    return Words(sentence(terms), metric_surprises(terms), before, changed)


def typed_words(typed: QueryDict, before: MetricVersion | None, at: datetime) -> Words:
    """Put a form into words as far as it is filled in: what it says already, and what is still missing."""
    try:
        terms = meaning_in(typed, at).terms("", 0)
    except DomainError as error:
        return Words(errors=error.errors)
    errors = [single for error in metric_errors(terms) for single in error.errors]
    return Words(errors=errors) if errors else words_of(terms, before)


def before_of(versions: Sequence[MetricVersion], effective_at: datetime | None) -> MetricVersion | None:
    """Give the approved version that was in force before an instant; the last one where no instant is given."""
    agreed = [v for v in versions if v.status == "APPROVED" and (effective_at is None or v.effective_at < effective_at)]
    return max(agreed, key=lambda version: version.effective_at, default=None)
