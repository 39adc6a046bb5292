"""The digest of terms: equal terms have equal digests. What contracts share is digested once for all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from catalog.rules.terms import Charge, Segment, Terms
from monetization.values.canonical import digest

KEPT = 4096
_known: dict[int, tuple[Charge, str]] = {}  # the charge is held, so that its id stays its own


def terms_digest(terms: Terms) -> bytes:
    """Give the SHA-256 of all that is agreed for a period, price rows and sources included."""
    rest = _plain(replace(terms, segments=()))
    return digest({"rest": rest, "segments": [_segment(each) for each in terms.segments]})


def _segment(segment: Segment) -> list[Any]:
    return [_plain(segment.period), [_of_charge(charge) for charge in segment.charges]]


def _of_charge(charge: Charge) -> str:
    known = _known.get(id(charge))
    if known is not None and known[0] is charge:
        return known[1]
    found = digest(_plain(charge)).hex()
    if len(_known) >= KEPT:
        _known.clear()
    _known[id(charge)] = (charge, found)
    return found


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, str_keys=True, order="deterministic")
