"""Who stands behind a price: the words for the owners and approvals that lines name as subjects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from billing.models import InvoiceLine
from monetization.foundation.models import ChangeRequest, User

USER, REQUEST = "foundation.user:", "foundation.change_request:"


@dataclass(frozen=True, slots=True)
class Card:
    """A card version that priced a line: its owner by name, and the request that approved it.

    Where ``version`` is 0 it is a contract's own price, and ``version_id`` is the contract's id. ``multipliers`` are
    the contract's, on a card's price.
    """

    card: str
    version: int
    version_id: int
    owner: str
    request: ChangeRequest | None
    override: str = ""
    multipliers: tuple[Mapping[str, str], ...] = ()


def cards_of(lines: Iterable[InvoiceLine]) -> dict[int, tuple[Card, ...]]:
    """Name the card versions behind each line (by line id), in two queries for all of them."""
    raw = {line.pk: list(line.source.get("cards", ())) for line in lines}
    rows = [card for cards in raw.values() for card in cards]
    people = User.objects.in_bulk(_numbers(rows, "owner", USER))
    requests = ChangeRequest.objects.in_bulk(_numbers(rows, "approval", REQUEST))
    return {pk: tuple(_card(card, people, requests) for card in cards) for pk, cards in raw.items()}


def _card(row: dict[str, Any], people: dict[int, User], requests: dict[int, ChangeRequest]) -> Card:
    owner = people.get(_number(row["owner"], USER))
    return Card(
        card=row["card"],
        version=row["version"],
        version_id=row["version_id"],
        owner=owner.name if owner else row["owner"],
        request=requests.get(_number(row["approval"], REQUEST)),
        override=row.get("override") or "",
        multipliers=tuple(row.get("multipliers", ())),
    )


def _numbers(rows: Iterable[dict[str, Any]], name: str, prefix: str) -> set[int]:
    return {_number(row[name], prefix) for row in rows} - {0}


def _number(subject: str, prefix: str) -> int:
    tail = subject.removeprefix(prefix)
    return int(tail) if tail != subject and tail.isdigit() else 0
