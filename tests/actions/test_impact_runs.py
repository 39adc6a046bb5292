"""How an impact is run: begun once, shared by workers, gone on with after one dies, cancelled, and stale in time."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.conf import settings

from billing.actions import impacts
from billing.models import AccountImpact, Impact, ImpactFigure
from billing.queries.impact_inputs import is_stale
from billing.queries.impacts import rows_seen, summaries, sums_by
from catalog.actions import changes
from catalog.models import RateCardVersion
from monetization.foundation.models import ChangeRequest
from monetization.values.errors import Conflict, Invalid, NotAllowed, WrongState
from tests import deals, priced
from tests.impacted import NOW
from tests.make import World

D = Decimal
DEAD = timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT + 1)


def done(impact: Impact) -> Impact:
    for chunk in impact.chunks.order_by("pk"):
        impacts.work(chunk=chunk, at=NOW)
    impact.refresh_from_db()
    return impact


def test_its_figures(world: World, asked: ChangeRequest) -> None:
    impact = done(impacts.start(request=asked, by=world.mia, at=NOW, months=1))
    assert (impact.status, impact.first_day, impact.percent_done) == ("DONE", date(2026, 10, 1), 100)
    acme, globex = (AccountImpact.objects.get(account=each) for each in (world.acme, world.globex))
    assert (acme.before, acme.after, acme.change_percent) == (D("108.5"), D("186"), D("71.43"))
    assert (globex.before, globex.after, globex.change_percent) == (109, 109, 0)
    assert [acme.is_flagged, globex.is_flagged] == [True, False]
    figures = ImpactFigure.objects.filter(row=acme).values_list("month", "product", "before", "after")
    assert list(figures) == [(date(2026, 10, 1), "inference", D("108.5"), D("186"))]
    euros, yen = summaries(rows_seen(impact, world.mia))
    assert (euros.total.change, euros.more, euros.less, euros.flagged) == (D("77.5"), 1, 0, 1)
    assert (yen.total.change, yen.more, yen.same) == (0, 0, 1)
    assert {each.of for each in sums_by(rows_seen(impact, world.mia), "month")} == {date(2026, 10, 1)}


def test_who_sees_some_customers_sees_their_rows_and_sums_alone(world: World, asked: ChangeRequest) -> None:
    impact = done(impacts.start(request=asked, by=world.mia, at=NOW, months=1))
    mine = rows_seen(impact, world.sal)
    assert {row.account_id for row in mine} == {world.acme.pk}
    assert [each.total.currency for each in summaries(mine)] == ["EUR"]
    assert not rows_seen(impact, world.pat)


def test_who_may_begin_one_and_when(world: World, asked: ChangeRequest) -> None:
    with pytest.raises(NotAllowed):
        impacts.start(request=asked, by=world.sal, at=NOW)
    with pytest.raises(Invalid, match="1 to 12 months"):
        impacts.start(request=asked, by=world.mia, at=NOW, months=13)
    impacts.start(request=asked, by=world.mia, at=NOW)
    with pytest.raises(Conflict):
        impacts.start(request=asked, by=world.chen, at=NOW)
    changes.withdraw(request=asked, by=world.mia, at=NOW)
    Impact.objects.update(status="DONE")
    with pytest.raises(WrongState, match="decided"):
        impacts.start(request=asked, by=world.mia, at=NOW)


def test_a_chunk_is_done_once_and_again_after_its_worker_died(world: World, asked: ChangeRequest) -> None:
    impact = impacts.start(request=asked, by=world.mia, at=NOW, months=1)
    chunk = impact.chunks.get()
    assert impacts.left_behind(NOW) == [chunk.pk]
    impact.chunks.update(claimed_at=NOW)  # and then its worker is killed
    assert impacts.left_behind(NOW) == []
    assert not impacts.work(chunk=chunk, at=NOW)
    assert impacts.left_behind(NOW + DEAD) == [chunk.pk]
    assert impacts.work(chunk=chunk, at=NOW + DEAD)
    assert not impacts.work(chunk=chunk, at=NOW + DEAD + DEAD)
    impact.refresh_from_db()
    assert (impact.status, impact.accounts_done, AccountImpact.objects.count()) == ("DONE", 2, 2)


def test_a_cancelled_one_goes_no_further(world: World, asked: ChangeRequest) -> None:
    impact = impacts.start(request=asked, by=world.mia, at=NOW)
    impacts.cancel(impact=impact, by=world.chen, at=NOW)
    assert not impacts.work(chunk=impact.chunks.get(), at=NOW)
    assert impacts.left_behind(NOW) == []
    with pytest.raises(WrongState):
        impacts.cancel(impact=impact, by=world.chen, at=NOW)
    assert AccountImpact.objects.count() == 0


def test_it_is_stale_once_usage_terms_or_the_proposal_move(world: World, asked: ChangeRequest) -> None:
    impact = done(impacts.start(request=asked, by=world.mia, at=NOW, months=1))
    assert not is_stale(impact)
    priced.use(world, priced.october(days=1), at=NOW)
    assert is_stale(impact)
    impact = impacts.start(request=asked, by=world.mia, at=NOW, months=1)
    assert not is_stale(impact)
    deals.contract(world, world.acme_us, asked_card(asked), key="another", currency="EUR")
    assert is_stale(impact)
    done(impact)
    impact = impacts.start(request=asked, by=world.mia, at=NOW, months=1)
    changes.send_back(request=asked, by=world.mia, at=NOW)
    assert not is_stale(impact)
    version = RateCardVersion.objects.get(request=asked)
    deals.rate_cards.set_effective(
        version=version, effective_date=date(2027, 2, 1), effective_at=None, by=world.mia, at=NOW
    )
    assert is_stale(impact)


def asked_card(request: ChangeRequest) -> deals.RateCard:
    return RateCardVersion.objects.get(request=request).rate_card
