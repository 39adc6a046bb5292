"""Many people at once: one transition, one winner, nobody's change lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from threading import Barrier

import pytest
from django.db import connection

from catalog.actions import changes, contracts, rate_cards
from catalog.models import Contract, RateCardVersion
from monetization.foundation.models import Decision, Message, User
from monetization.foundation.queries import request_digest
from monetization.foundation.rules.approvals import Verdict
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Conflict, DomainError, WrongState
from tests import deals, make
from tests.make import AT, World


@pytest.fixture
def world(transactional_db: None) -> World:
    return make.world()


def at_once(attempts: list[Callable[[], object]]) -> list[DomainError | None]:
    """Run all of them at the same moment, each on its own connection; give what each was refused with."""
    start = Barrier(len(attempts))

    def run(attempt: Callable[[], object]) -> DomainError | None:
        try:
            start.wait(timeout=20)
            attempt()
        except DomainError as error:
            return error
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(len(attempts)) as pool:
        return list(pool.map(run, attempts))


def heads(count: int) -> list[User]:
    return [make.person(f"head{i}", [Role.HEAD, Role.REVOPS]) for i in range(count)]


def test_many_heads_approve_the_same_prices_and_one_does(world: World) -> None:
    first = deals.list_prices(world, ["EUR"])
    draft = deals.version(world, first.rate_card, effective_date=date(2026, 2, 1))
    request = rate_cards.submit(version=draft, title="", reason="", by=world.mia, at=AT)
    seen = request_digest(request)

    def say(by: User) -> Callable[[], object]:
        return lambda: changes.decide(request=request, verdict=Verdict.APPROVE, seen=seen, by=by, at=AT)

    refusals = at_once([say(by) for by in heads(8)])
    assert refusals.count(None) == 1
    assert all(isinstance(error, WrongState) for error in refusals if error)
    assert Decision.objects.filter(subject=f"foundation.change_request:{request.pk}").count() == 1
    draft.refresh_from_db()
    assert draft.status == "APPROVED"
    assert draft.history.filter(status="APPROVED").count() == 1
    assert Message.objects.filter(topic="rate_card_version.approved").count() == 2


def test_an_edit_beside_the_submission_is_in_it_or_refused(world: World) -> None:
    first = deals.list_prices(world, ["EUR"])
    for _ in range(4):
        draft = deals.version(world, first.rate_card, effective_date=date(2026, 2, 1))
        refusals = at_once(
            [
                partial(rate_cards.submit, version=draft, title="", reason="", by=world.mia, at=AT),
                partial(rate_cards.note, version=draft, notes="late", by=world.chen, at=AT),
            ]
        )
        draft.refresh_from_db()
        assert refusals[0] is None
        assert (draft.notes == "late") == (refusals[1] is None)
        makers = {draft.request.created_by_id, draft.request.last_edited_by_id}
        assert (world.chen.pk in makers) == (refusals[1] is None)


def test_two_contracts_for_the_same_days_and_one_gets_through(world: World) -> None:
    first = deals.list_prices(world, ["EUR"])
    requests = []
    for number in range(4):
        draft = deals.draft_contract(world, world.acme, first.rate_card, key=f"deal-{number}")
        requests.append(contracts.submit(contract=draft, reason="", by=world.chen, at=AT))

    def say(by: User, request) -> Callable[[], object]:
        seen = request_digest(request)
        return lambda: changes.decide(request=request, verdict=Verdict.APPROVE, seen=seen, by=by, at=AT)

    refusals = at_once([say(by, request) for by, request in zip(heads(4), requests, strict=True)])
    assert refusals.count(None) == 1
    assert all(isinstance(error, Conflict) for error in refusals if error)
    assert Contract.objects.filter(account=world.acme, status="APPROVED").count() == 1


def test_numbers_of_drafts_have_no_doubles(world: World) -> None:
    first = deals.list_prices(world, ["EUR"])
    refusals = at_once([lambda: rate_cards.draft(rate_card=first.rate_card, by=world.mia, at=AT)] * 6)
    assert refusals == [None] * 6
    assert sorted(RateCardVersion.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6, 7]
