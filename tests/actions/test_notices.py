"""Whom a request tells, once each; mail at once or once a day, lost or doubled never."""

from datetime import datetime, timedelta

import pytest
from django.core import mail as box

from monetization.foundation.actions import approvals, comments, mailing, notices, outbox
from monetization.foundation.connectors import mail
from monetization.foundation.models import Delivery, Message, Notice
from monetization.foundation.queries.notices import counts, news_for
from monetization.foundation.rules.notices import By
from monetization.foundation.rules.policies import Asked
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Invalid, NotAllowed
from tests.governing import DAY, asked_for, content, put, say
from tests.make import AT, World


def told(telling: str) -> list[str]:
    return sorted(Notice.objects.filter(telling=telling).values_list("user__name", flat=True))


def deliver(at: datetime) -> int:
    outbox.spread(at=at)
    return outbox.deliver_due(at=at, send=mail.send)


def test_those_whose_turn_it_is_are_told_and_the_next_when_theirs_comes(world: World) -> None:
    put(world, "Steps", content(Asked(Role.FINANCE), Asked(Role.HEAD, step=2)))
    Notice.objects.all().delete()
    request = asked_for(world, by=world.rosa)
    assert told("WAITS") == ["Finn"]
    say(request, world.finn)
    assert told("WAITS") == ["Chen", "Finn"]
    say(request, world.chen)
    assert told("DECIDED") == ["Rosa"]
    assert [one.words for one in news_for(world.rosa, world.live, at=AT)] == ["“New prices” was approved by Chen."]
    assert counts(world.rosa, world.live, at=AT).unread == 1
    notices.mark_read(user=world.rosa, environment=world.live, at=AT)
    assert counts(world.rosa, world.live, at=AT).all == 0


def test_mail_goes_out_once_through_the_outbox(world: World) -> None:
    request = asked_for(world, kind="metric")
    assert Message.objects.filter(topic="notice.written").count() == 1
    assert (deliver(AT), deliver(AT)) == (1, 0)
    (sent,) = box.outbox
    assert (sent.to, sent.subject) == (["chen@example.com"], "Waits for you: New prices")
    assert f"/console/requests/{request.pk}/" in sent.body
    assert Delivery.objects.get().status == "DELIVERED"


def test_a_mail_server_that_is_away_delays_a_mail_and_loses_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for(world, kind="metric")

    def away(self: object, fail_silently: bool = False) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", away)
        assert deliver(AT) == 1
    assert (Delivery.objects.get().status, box.outbox) == ("PENDING", [])
    assert deliver(AT + timedelta(minutes=1)) == 1
    assert len(box.outbox) == 1


def test_a_daily_digest_holds_what_wasnt_mailed_and_comes_once(world: World) -> None:
    mailing.prefer(user=world.chen, way=By.DAILY, by=world.chen, at=AT)
    for _ in range(3):
        asked_for(world, kind="metric")
    assert not Message.objects.exists()
    morning = AT + timedelta(hours=8)
    assert mailing.send_digests(at=AT + timedelta(hours=7)) == 0
    assert [mailing.send_digests(at=morning + timedelta(minutes=n)) for n in (0, 5, 600)] == [1, 0, 0]
    deliver(morning)
    (sent,) = box.outbox
    assert (sent.subject, sent.body.count("waits for your decision")) == ("3 things since yesterday", 3)
    assert mailing.send_digests(at=morning + DAY) == 0
    asked_for(world, kind="metric")
    assert mailing.send_digests(at=morning + 2 * DAY + timedelta(hours=9)) == 1


def test_who_wants_none_gets_none_and_a_sandbox_mails_nobody(world: World) -> None:
    mailing.prefer(user=world.chen, way=By.NEVER, by=world.chen, at=AT)
    asked_for(world, kind="metric")
    assert (mailing.send_digests(at=AT + DAY), Message.objects.count()) == (0, 0)
    mailing.prefer(user=world.chen, way=By.AT_ONCE, by=world.chen, at=AT)
    asked_for(world, kind="metric", place=world.sandbox)
    assert (Message.objects.count(), told("WAITS")) == (0, ["Chen", "Chen"])


def test_a_comment_tells_whom_it_names_if_they_may_see_it(world: World) -> None:
    request = asked_for(world, kind="contract")
    said = "@finn and @chen@example.com, but not @sal (sees no contracts), @noel or @pat"
    comments.comment(request=request, text=said, by=world.mia, at=AT)
    assert told("MENTIONED") == ["Chen", "Finn"]
    with pytest.raises(Invalid):
        comments.comment(request=request, text="  ", by=world.mia, at=AT)
    with pytest.raises(NotAllowed):
        comments.comment(request=request, text="x", by=world.noel, at=AT)


def test_a_request_that_comes_again_tells_again(world: World) -> None:
    request = asked_for(world, kind="metric")
    approvals.send_back(request=request, by=world.chen, at=AT, reason="Which?")
    assert told("DECIDED") == ["Mia"]
    request.refresh_from_db()
    approvals.submit(request=request, items=[approvals.Item("test.thing:1", "Thing", b"\1" * 32)], by=world.mia, at=AT)
    assert told("WAITS") == ["Chen", "Chen"]
