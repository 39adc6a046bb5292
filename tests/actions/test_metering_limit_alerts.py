"""Limits set, changed and ended; their thresholds, told once, by message and mail."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail

from catalog.models import Metric
from metering.actions import limit_alerts
from metering.actions.limits import LimitDraft, change_limit, end_limit, set_limit
from metering.models import Counter, Limit, LimitAlert
from metering.rules.quotas import reached
from monetization.foundation.models import Message
from monetization.values.errors import Invalid, NotAllowed, WrongState
from tests import make, metered, quotas
from tests.metered import NOW
from tests.quotas import D, limit, stands, use, work

SOON, TOMORROW = NOW + timedelta(seconds=5), NOW + timedelta(days=1)


@pytest.fixture
def units(world: make.World):
    return quotas.units(world)


def told(world: make.World) -> list[tuple[str, int]]:
    found = Message.objects.filter(topic="limit.threshold_reached").order_by("pk")
    return [(each.payload["account"], each.payload["percent"]) for each in found]


def run(at=SOON, **more) -> tuple[int, int]:
    return limit_alerts.raise_alerts(at=at, **more), limit_alerts.mail_alerts(at=at)


def test_a_threshold_is_told_once(world, units):
    limit(world, 100, thresholds=(80, 100), emails=("ops@acme.example", "PAT@example.com"))
    use(world, work(1, 79))
    assert run() == (0, 0)
    use(world, work(2, 1))
    assert [run() for _ in range(2)] == [(1, 1), (0, 0)]
    (message,) = Message.objects.filter(topic="limit.threshold_reached")
    assert {name: message.payload[name] for name in ("name", "metric", "percent", "spent", "most", "unit")} == {
        "name": "Units a day", "metric": "units", "percent": 80, "spent": "80", "most": "100", "unit": "unit",
    }  # fmt: skip
    assert [(each.to, each.bcc) for each in mail.outbox] == [([], ["ops@acme.example", "pat@example.com"])]
    assert mail.outbox[0].subject == "Acme Robotics GmbH: 80 % of “Units a day” used"
    assert "Used:    80 unit" in mail.outbox[0].body and "20 Apr 2026 (Europe/Berlin)" in mail.outbox[0].body
    use(world, work(3, 40))
    assert run() == (1, 1)
    use(world, work(4, 90, at=TOMORROW), at=TOMORROW)
    assert run(TOMORROW) == (1, 1)
    assert told(world) == [("acme", 80), ("acme", 100), ("acme", 80)]


def test_each_account_is_told_of_its_own(world, units):
    limit(world, 10, account=None, thresholds=(50, 100))
    use(world, work(1, 5), work(2, 12, subject="globex"))
    assert run() == (3, 3)
    assert sorted(told(world)) == [("acme", 50), ("globex", 50), ("globex", 100)]
    assert {each.bcc[0] for each in mail.outbox} == {"pat@example.com", "gil@example.com"}


def test_what_was_missed_is_found_by_the_thorough_look(world, units):
    limit(world, 10, thresholds=(100,))
    use(world, work(1, 10))
    later = NOW + timedelta(minutes=10)
    assert run(later) == (0, 0)
    assert run(later, thorough=True) == (1, 1)


def test_lowering_a_limit_tells_at_once(world, units):
    mine = limit(world, 100, thresholds=(80,))
    use(world, work(1, 50))
    change_limit(limit=mine, most=D(60), by=None, at=NOW + timedelta(hours=1))
    assert run(NOW + timedelta(hours=1)) == (1, 1)


def test_mail_waits_for_the_server(world, units, monkeypatch):
    limit(world, 10, thresholds=(100,))
    use(world, work(1, 10))
    limit_alerts.raise_alerts(at=SOON)

    def away(**message) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr(limit_alerts.mail, "send", away)
        with pytest.raises(ConnectionRefusedError):
            limit_alerts.mail_alerts(at=SOON)
    assert LimitAlert.objects.get().mailed_at is None
    assert [limit_alerts.mail_alerts(at=SOON) for _ in range(2)] == [1, 0]
    assert len(mail.outbox) == 1


def test_a_sandbox_mails_nobody(world, units):
    metered.metric(world, "units", quotas.UNITS, environment=world.sandbox)
    metric = Metric.objects.get(environment=world.sandbox)
    content = LimitDraft("x", Decimal(1), metric=metric, window="DAY", thresholds=(100,), emails=("ops@acme.example",))
    set_limit(environment=world.sandbox, account=world.acme_sandbox, content=content, by=None, at=NOW)
    quotas.ingest(environment=world.sandbox, events=[work(1, 1)], by=None, at=NOW)
    assert run() == (1, 1)
    assert mail.outbox == [] and len(told(world)) == 1


@pytest.mark.parametrize("spent", ["0", "0.1", "7.9", "8", "9.999", "10", "25"])
def test_sql_reaches_what_the_rule_does(world, units, spent):
    mine = limit(world, 10, thresholds=(1, 79, 80, 100, 250))
    Counter.objects.filter(limit=mine).update(spent=D(spent), changed_at=NOW)
    limit_alerts.raise_alerts(at=SOON)
    found = list(LimitAlert.objects.order_by("percent").values_list("percent", flat=True))
    assert found == reached(D(spent), D(10), mine.thresholds)


# -- set, change, end


def own(world: make.World, most: str, by: str = "pat", account: str = "acme", **more) -> Limit:
    metric = Metric.objects.get(key="units")
    content = LimitDraft(**{"name": "own", "most": D(most), "metric": metric, "window": "DAY"} | more)
    return set_limit(
        environment=world.live, account=world.accounts[account], content=content, by=world.people[by], at=NOW,
        set_by="CUSTOMER",
    )  # fmt: skip


def test_a_customer_sets_lower_limits_never_higher_ones(world, units):
    limit(world, 100)
    mine = own(world, "60")
    with pytest.raises(Invalid) as refused:
        own(world, "101")
    assert refused.value.field == "most"
    with pytest.raises(Invalid):
        own(world, "101", match={"model": "o3"})
    with pytest.raises(Invalid):
        change_limit(limit=mine, most=D(101), by=world.pat, at=NOW)
    own(world, "500", window="BILLING_PERIOD")
    assert change_limit(limit=mine, most=D(40), by=world.pat, at=NOW).most == 40
    assert end_limit(limit=mine, by=world.pat, at=NOW).ended_at == NOW


def test_only_admins_of_the_customer_and_only_their_own(world, units):
    contract = limit(world, 100)
    for who, account in (("vera", "acme"), ("gil", "acme"), ("pat", "globex"), ("mia", "acme")):
        with pytest.raises(NotAllowed):
            own(world, "1", by=who, account=account)
    for act in (change_limit, end_limit):
        with pytest.raises(NotAllowed):
            act(limit=contract, by=world.pat, at=NOW)
    assert Limit.objects.count() == 1


def test_what_a_limit_counts_does_not_change(world, units):
    mine = limit(world, 100)
    with pytest.raises(Invalid):
        change_limit(limit=mine, by=None, at=NOW, window="BILLING_PERIOD")
    end_limit(limit=mine, by=None, at=NOW)
    with pytest.raises(WrongState):
        change_limit(limit=mine, by=None, at=NOW, most=D(1))
    use(world, work(1, 5))
    assert stands(mine) == (0, 0)
