"""A file of events streamed through the rules, line after line, in memory alone: what the tables must come to.

Independent of the product, like `tests.reference`, on which it stands.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Any

from tests import reference
from tests.reference import Dims, Read, Unusable, body_digest

WINDOW, AHEAD = timedelta(days=35), timedelta(minutes=5)
KEYS = {"id", "source", "type", "subject", "account", "customer", "time", "data"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*(Z|[+-]\d\d:\d\d)")
Place = tuple[str, str, datetime, Dims]  # account, metric, hour, dimension values by name


@dataclass(frozen=True, slots=True)
class Fact:
    """An accepted event."""

    account: str
    source: str
    id: str
    type: str
    subject: str
    time: datetime
    is_time_given: bool
    data: Mapping[str, Any]

    @property
    def digest(self) -> bytes:
        return body_digest(self.type, self.subject, self.time, self.data)

    def is_repeated_by(self, other: "Fact") -> bool:
        """Compare bodies; a time that either lacks is not compared."""
        time = other.time if self.is_time_given and other.is_time_given else self.time
        return body_digest(other.type, other.subject, time, other.data) == self.digest


@dataclass
class Streamed:
    """Metrics by key, accounts' keys, and aliases as (name, from, until, account)."""

    metrics: Mapping[str, Any]
    accounts: Sequence[str]
    aliases: Sequence[tuple[str, datetime | None, datetime | None, str]] = ()
    accepted: dict[tuple[str, str], list[Fact]] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    aside: Counter[tuple[str, str, str, str, str]] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    known: dict[tuple[str, str], list[tuple[Read, bytes]]] = field(default_factory=dict)

    def take(self, text: str, arrived_at: datetime) -> None:
        """Take one line at the door."""
        fact = self._fact(text, arrived_at)
        if fact is None:
            self.statuses["rejected"] += 1
            return
        known = self.accepted.setdefault((fact.source, fact.id), [])
        near = [each for each in known if abs(each.time - fact.time) <= WINDOW]
        fault = self._fault(fact, arrived_at)
        if near and near[0].is_repeated_by(fact):
            self.statuses["duplicates"] += 1
        elif fault:
            self.statuses["quarantined"] += 1
            self._set_aside(fact, *fault)
        elif near:
            self.statuses["conflicts"] += 1
            self._set_aside(fact, "CONFLICT", "id")
        else:
            self.statuses["accepted"] += 1
            known.append(fact)

    def sweep(self) -> None:
        """Of each key the first accepted stays, however far the others lie from it."""
        for facts in self.accepted.values():
            for each in facts[1:]:
                is_same = facts[0].is_repeated_by(each)
                self.removed["REPEAT" if is_same else "CONFLICT"] += 1
                if not is_same:
                    self._set_aside(each, "CONFLICT", "id")
            del facts[1:]

    @property
    def facts(self) -> list[Fact]:
        """All that counts, in the order of evidence."""
        return sorted(
            (each for facts in self.accepted.values() for each in facts), key=lambda e: (e.time, e.source, e.id)
        )

    def reads(self, account: str, key: str) -> list[tuple[Read, bytes]]:
        """What the account's events add to a metric, with the digests of their bodies; sorted. Asked when all is in."""
        if (account, key) not in self.known:
            metric = self.metrics[key]
            mine = [each for each in self.facts if each.account == account and each.type == metric.event_type]
            read = ((each, reference.readings(metric, each)) for each in mine)
            self.known[account, key] = [(one, each.digest) for each, found in read for one in found]
        return self.known[account, key]

    def hours(self) -> dict[Place, tuple[Fraction, int, str]]:
        """Give quantity, number of events and digest of every bucket."""
        found: dict[Place, list[tuple[Read, bytes]]] = {}
        for account in self.accounts:
            for key in self.metrics:
                for read, digest in self.reads(account, key):
                    hour = read.time.replace(minute=0, second=0, microsecond=0)
                    found.setdefault((account, key, hour, tuple(sorted(read.dims))), []).append((read, digest))
        return {place: self._bucket(place, each) for place, each in found.items()}

    def _bucket(self, place: Place, each: list[tuple[Read, bytes]]) -> tuple[Fraction, int, str]:
        metric, reads = self.metrics[place[1]], [read for read, _ in each]
        digest = sha256(b"".join(digest for _, digest in each)).hexdigest()
        if metric.aggregation in ("AVERAGE", "TIME_WEIGHTED"):  # a bucket holds the sum, or the net change
            return sum((read.amount for read in reads), Fraction(0)), len(each), digest
        end = place[2] + timedelta(hours=1)
        return reference.plain(metric, reads, place[2], end, 0), len(each), digest

    def _set_aside(self, fact: Fact, reason: str, field_name: str) -> None:
        time = fact.time if fact.is_time_given else None
        digest = body_digest(fact.type, fact.subject, time, fact.data).hex()
        self.aside[reason, field_name, fact.source, fact.id, digest] += 1

    def _fact(self, text: str, arrived_at: datetime) -> Fact | None:
        item = json.loads(text, parse_float=Decimal)
        subject = next((item[name] for name in ("subject", "account", "customer") if name in item), None)
        time, data = item.get("time"), item.get("data", {})
        sound = not item.keys() - KEYS and item.get("id") and item.get("type") and subject and isinstance(data, dict)
        if not sound or (time is not None and not TIME.fullmatch(time)):
            return None
        at = datetime.fromisoformat(time).astimezone(UTC) if time else arrived_at
        account = self._account(subject, at)
        return Fact(account, item.get("source", "api"), item["id"], item["type"], subject, at, time is not None, data)

    def _account(self, subject: str, at: datetime) -> str:
        if subject in self.accounts:
            return subject
        found = [
            account
            for name, start, end, account in self.aliases
            if name == subject and (start is None or start <= at) and (end is None or at < end)
        ]
        return found[0] if found else ""

    def _fault(self, fact: Fact, arrived_at: datetime) -> tuple[str, str] | None:
        if fact.time > arrived_at + AHEAD:
            return "TOO_FAR_AHEAD", "time"
        if not fact.account:
            return "UNKNOWN_ACCOUNT", "subject"
        mine = [metric for metric in self.metrics.values() if metric.event_type == fact.type]
        if not mine:
            return "UNKNOWN_TYPE", "type"
        try:
            for metric in mine:
                reference.readings(metric, fact)
        except Unusable as fault:
            return fault.args[0], f"data.{fault.args[1]}"
        return None
