"""What an account paid for something at an instant, and who decided it: each price with its request and its decisions.

It is told by what is known now: a contract that was signed late counts from its first day.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from catalog.models import Contract, PriceMultiplier
from catalog.queries.contracts import contract_at
from catalog.queries.effective import EffectivePrice, effective_prices
from catalog.rules.terms import Level, Source
from monetization.foundation.models import Account, ChangeRequest, Decision, User
from monetization.foundation.queries import decisions_on, request_digest, subject_of

REQUEST = "foundation.change_request:"


@dataclass(frozen=True, slots=True)
class Decided:
    """A change request that made a price what it was, with the decisions that let it pass."""

    request: ChangeRequest
    decisions: tuple[Decision, ...]

    @property
    def asked_by(self) -> str:
        """Name who asked for it."""
        return str(self.request.submitted_by or self.request.owner)


@dataclass(frozen=True, slots=True)
class PriceThen:
    """A price at an instant: where it stands (a card's version, or the contract), who owns that, and who decided."""

    price: EffectivePrice
    stands: Source
    owner: str
    decided: tuple[Decided, ...]

    @property
    def version_id(self) -> int | None:
        """Give the card's version that priced it; None where the contract did."""
        return self.stands.version_id if self.stands.version else None

    @property
    def place(self) -> str:
        """Say where it stands: `list v2`, or the contract's key."""
        return f"{self.stands.card} v{self.stands.version}" if self.stands.version else self.stands.card


@dataclass(frozen=True, slots=True)
class Then:
    """What an account's terms were at an instant; without a contract there are no prices."""

    contract: Contract | None
    prices: tuple[PriceThen, ...]
    count: int


def prices_then(account: Account, at: datetime, *, text: str = "", most: int = 1000) -> Then:
    """Tell an account's prices at an instant; `text`: only those of which every word is in product or dimensions.

    At most `most` of them, the account's own first; `count` says how many there are.
    """
    contract = contract_at(account, at)
    if contract is None:
        return Then(None, (), 0)
    words = text.casefold().split()
    found = [each for each in effective_prices(contract, at) if _holds(each, words)]
    found.sort(key=lambda each: not each.is_own)
    shown = found[:most]
    by_key = _of_multipliers(contract, shown)
    named = [(each, list(_requests(each, contract, by_key))) for each in shown]
    decided = _decided({pk for _, requests in named for pk in requests})
    owners = _owners(each.effective.source for each in shown)
    prices = tuple(
        PriceThen(
            each, each.effective.source, owners.get(each.effective.source.owner, ""),
            tuple(decided[pk] for pk in requests if pk in decided),
        )
        for each, requests in named
    )  # fmt: skip
    return Then(contract, prices, len(found))


def _holds(each: EffectivePrice, words: list[str]) -> bool:
    text = " ".join([each.product, each.name, *(value for _, value in each.match)]).casefold()
    return all(word in text for word in words)


def _requests(each: EffectivePrice, contract: Contract, by_key: dict[str, int]) -> Iterator[int]:
    """Give the requests that a price rests on: of its version or contract, and of what multiplied it."""
    approval = each.effective.source.approval
    if approval.startswith(REQUEST):
        yield int(approval.removeprefix(REQUEST))
    own = _of_contract(contract)
    if each.effective.level is Level.CONTRACT and not approval and own is not None:
        yield own
    for one in each.effective.multipliers:
        pk = by_key.get(one.key, own)
        if pk is not None:
            yield pk


def _of_contract(contract: Contract) -> int | None:
    """Give the request that a contract stands on; that of its plan where it signed up."""
    if contract.request_id is not None or contract.plan_version is None:
        return contract.request_id
    return contract.plan_version.request_id


def _of_multipliers(contract: Contract, shown: Iterable[EffectivePrice]) -> dict[str, int]:
    """Give the requests of the amendments that brought multipliers, by the multipliers' keys."""
    if not any(each.effective.multipliers for each in shown):
        return {}
    rows = PriceMultiplier.objects.filter(contract=contract, amendment__request__isnull=False)
    return dict(rows.values_list("key", "amendment__request"))


def _decided(requests: Iterable[int]) -> dict[int, Decided]:
    found = ChangeRequest.objects.filter(pk__in=requests).select_related("owner", "submitted_by")
    return {
        each.pk: Decided(each, tuple(decisions_on(subject_of(each), request_digest(each))))
        for each in found.prefetch_related("items")
    }


def _owners(sources: Iterable[Source]) -> dict[str, str]:
    """Name the owners of prices: `foundation.user:7` is called Mia."""
    ids = {source.owner.rpartition(":")[2] for source in sources if source.owner}
    people = User.objects.filter(pk__in=[pk for pk in ids if pk.isdigit()])
    return {subject_of(each): str(each) for each in people}
