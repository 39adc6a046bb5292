"""Two same sign-ups at the same moment are one contract, for an account that is new and for one that isn't."""

from datetime import UTC, datetime

import pytest

from catalog.models import Contract
from metering.models import Limit
from monetization.foundation.models import Account
from monetization.foundation.rules.newcomers import Newcomer
from tests import make, planned
from tests.actions.test_catalog_races import at_once
from tests.make import World

AT = datetime(2026, 10, 1, 9, tzinfo=UTC)


@pytest.fixture
def world(transactional_db: None) -> World:
    return make.world()


@pytest.mark.parametrize("newcomer", [planned.FRESH, Newcomer("acme")], ids=["new", "known"])
def test_same_sign_ups_at_once_are_one_contract(world: World, newcomer: Newcomer) -> None:
    version = planned.starter(world)
    made: list[planned.SignUp] = []
    refusals = at_once([lambda: made.append(planned.signed_up(world, version.plan, at=AT, newcomer=newcomer))] * 4)
    assert refusals == [None] * 4
    assert sorted(each.is_new for each in made) == [False, False, False, True]
    assert {each.contract.pk for each in made} == {Contract.objects.get().pk}
    assert (Account.objects.filter(key=newcomer.key, environment=world.live).count(), Limit.objects.count()) == (1, 1)
