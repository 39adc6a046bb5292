"""The history of some rows: their audit entries, what each changed, and the requests and decisions behind them.

What an entry doesn't say by itself is read from the rows' own past states, which are kept at the same instant.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from typing import Any

from django.db.models import Model, QuerySet

from monetization.foundation.models import AuditEntry, ChangeRequest, Environment
from monetization.foundation.queries.subjects import subject_of
from monetization.foundation.rules.audit import plain
from monetization.foundation.rules.told import Moved, moved

MOST_STATES = 1000
QUIET = frozenset({"edited_at", "last_edited_by", "content_digest", "password", "last_login", "secret_hash"})


@dataclass(frozen=True, slots=True)
class Told:
    """One entry: what it is about, what it changed, and the change request to which that belongs."""

    entry: AuditEntry
    label: str
    changes: tuple[Moved, ...]
    request: ChangeRequest | None


def entries_about(rows: Iterable[Model], environment: Environment) -> QuerySet[AuditEntry]:
    """Return the audit entries about rows and the change requests that they are in, newest first."""
    subjects = [subject_of(each) for each in rows]
    subjects += [f"foundation.change_request:{pk}" for pk in _requests_of(rows)]
    found = AuditEntry.objects.filter(subject__in=subjects, environment=environment)
    return found.select_related("actor", "link").order_by("-pk")


def told(entries: Sequence[AuditEntry], rows: Sequence[Model]) -> list[Told]:
    """Tell entries about rows, in their order; in two queries, and one for each kind of row."""
    requests = ChangeRequest.objects.in_bulk(_requests_of(rows))
    labels = {subject_of(each): (str(each), getattr(each, "request_id", None)) for each in rows}
    labels |= {subject_of(each): (each.title, each.pk) for each in requests.values()}
    unsaid = [each for each in entries if each.before is None and each.after is None]
    states = _states(rows, {each.subject for each in unsaid}, [each.at for each in unsaid])
    return [
        Told(
            each, labels.get(each.subject, (each.subject, None))[0],
            tuple(moved(each.before, each.after) or states.get((each.subject, each.at), ())),
            requests.get(labels.get(each.subject, ("", None))[1] or 0),
        )
        for each in entries
    ]  # fmt: skip


def _requests_of(rows: Iterable[Model]) -> list[int]:
    found = (getattr(each, "request_id", None) for each in rows)
    return list(dict.fromkeys(pk for pk in found if pk is not None))


def _states(
    rows: Sequence[Model], subjects: set[str], instants: Sequence[datetime]
) -> Mapping[tuple[str, datetime], list[Moved]]:
    """Give what rows' own past states say about instants."""
    if not instants:
        return {}
    found: dict[tuple[str, datetime], list[Moved]] = {}
    asked = [each for each in rows if subject_of(each) in subjects and hasattr(each, "history")]
    by_model = groupby(sorted(asked, key=lambda row: type(row).__name__), key=type)
    for model, same in by_model:
        named = {row.pk: subject_of(row) for row in same}
        history: Any = model.history  # type: ignore[attr-defined]  # simple-history adds it
        newest = history.filter(id__in=named, history_date__lte=max(instants)).order_by("-history_id")[:MOST_STATES]
        past = sorted(newest, key=lambda state: (state.id, state.history_id))
        for pk, states in groupby(past, key=lambda state: state.id):
            for old, new in pairwise([None, *states]):
                if new is not None and old is not None:
                    found[(named[pk], new.history_date)] = moved(_columns(old, model), _columns(new, model))
    return found


def _columns(state: Any, model: Any) -> dict[str, Any]:
    columns = [each for each in model._meta.concrete_fields if each.name not in QUIET]
    return {each.name: plain(getattr(state, each.attname, None)) for each in columns}
