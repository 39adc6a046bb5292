"""Messages out: told once to each endpoint that wants them, signed, retried, given up; against real sockets."""

import json
import threading
import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from monetization.foundation.actions import endpoints, outbox
from monetization.foundation.connectors import webhook
from monetization.foundation.connectors.sealing import seal, unseal
from monetization.foundation.models import AuditEntry, Delivery, Endpoint, Message
from monetization.foundation.rules.retries import DELAYS
from monetization.values.errors import Invalid, NotAllowed
from tests.make import World


@pytest.fixture
def near(settings) -> None:
    """Let webhooks reach this machine."""
    settings.WEBHOOKS_TO_PRIVATE = True


def listening(world: World, url: str, *topics: str) -> tuple[Endpoint, str]:
    return endpoints.create_endpoint(
        environment=world.live, name="Books", url=url, topics=topics, by=world.eli, at=timezone.now()
    )


def told(world: World, topic: str = "invoice.issued") -> Message:
    return outbox.publish(
        environment=world.live, topic=topic, subject="billing.invoice:17", payload={"number": "TG-1", "name": "Grüße"},
        at=timezone.now(),
    )  # fmt: skip


def work(after: timedelta = timedelta(0)) -> int:
    """Do what the beat does, as if so much time had passed."""
    at = timezone.now() + after
    outbox.spread(at=at)
    return outbox.deliver_due(at=at, send=lambda delivery, _: webhook.send(delivery, timezone.now()))


def test_a_message_arrives_signed(world: World, receiver, near) -> None:
    here = receiver(204)
    _, secret = listening(world, here.url)
    message = told(world)
    assert work() == 1
    [(headers, body)] = here.got
    verified = Webhook(secret).verify(body, headers)
    assert verified["type"] == "invoice.issued"
    assert verified["data"] == {"number": "TG-1", "name": "Grüße"}
    assert headers["webhook-id"] == f"msg_{message.pk}"
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts, delivery.last_answer) == ("DELIVERED", 1, "HTTP 204")
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace(b"TG-1", b"TG-2"), headers)
    assert work(timedelta(days=9)) == 0 and len(here.got) == 1


def test_only_endpoints_that_want_it_get_it(world: World, receiver, near) -> None:
    all_of_it, some, none = receiver(200), receiver(200), receiver(200)
    listening(world, all_of_it.url)
    listening(world, some.url, "invoice.issued", "contract.ended")
    listening(world, none.url, "contract.ended")
    endpoints.create_endpoint(
        environment=world.sandbox, name="Other", url=none.url, topics=[], by=world.eli, at=timezone.now()
    )
    told(world)
    work()
    assert [len(each.got) for each in (all_of_it, some, none)] == [1, 1, 0]


def test_a_refusal_is_tried_again_later_and_later(world: World, receiver, near) -> None:
    here = receiver(500, 503, 200)
    listening(world, here.url)
    told(world)
    assert work() == 1
    assert work() == 0
    assert work(DELAYS[0] + timedelta(seconds=1)) == 1
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts, delivery.last_answer) == ("PENDING", 2, "HTTP 503")
    assert work(DELAYS[0]) == 0
    assert work(DELAYS[0] + DELAYS[1] + timedelta(seconds=2)) == 1
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("DELIVERED", 3)
    assert len({headers["webhook-id"] for headers, _ in here.got}) == 1


def test_after_the_last_try_it_is_given_up(world: World, receiver, near) -> None:
    here = receiver(500)
    listening(world, here.url)
    told(world)
    passed = timedelta(0)
    for delay in (timedelta(0), *DELAYS):
        passed += delay + timedelta(seconds=1)
        assert work(passed) == 1
    assert Delivery.objects.get().status == "FAILED"
    assert (work(passed + timedelta(days=30)), len(here.got)) == (0, len(DELAYS) + 1)


def test_gone_ends_the_endpoint(world: World, receiver, near) -> None:
    here = receiver(410)
    endpoint, _ = listening(world, here.url)
    told(world)
    work()
    endpoint.refresh_from_db()
    assert not endpoint.is_active and Delivery.objects.get().status == "FAILED"
    assert AuditEntry.objects.latest("pk").action == "endpoint.disabled"
    told(world)
    assert (work(), len(here.got)) == (0, 1)


def test_a_redirect_is_not_followed(world: World, receiver, near) -> None:
    here = receiver(302)
    listening(world, here.url)
    told(world)
    work()
    assert len(here.got) == 1
    assert (Delivery.objects.get().status, Delivery.objects.get().last_answer) == ("PENDING", "HTTP 302")


def test_a_slow_receiver_is_left(world: World, receiver, near, monkeypatch) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT", (0.5, 0.5))
    listening(world, receiver(3.0).url)
    told(world)
    began = time.monotonic()
    work()
    assert time.monotonic() - began < 2
    assert Delivery.objects.get().last_answer == "no answer: ReadTimeout"


def test_nobody_at_home(world: World, near) -> None:
    listening(world, "http://127.0.0.1:9/hook")
    told(world)
    work()
    assert (Delivery.objects.get().status, Delivery.objects.get().last_answer) == (
        "PENDING", "no answer: ConnectionError",
    )  # fmt: skip


INSIDE = (
    "127.0.0.1 localhost [::1] 10.0.0.1 192.168.1.1 172.16.0.1 169.254.169.254 100.64.0.1 0.0.0.0 2130706433 0x7f000001"
    " 0177.0.0.1 [::ffff:127.0.0.1] [fe80::1] [fc00::1] [64:ff9b::7f00:1]"
)


@pytest.mark.parametrize("host", INSIDE.split())
def test_inside_addresses_are_refused(world: World, host: str) -> None:
    """Not by the form of the text but by the address that would be connected to."""
    secret = seal("whsec_" + "c2VjcmV0" * 4)
    Endpoint.objects.create(environment=world.live, name="Inside", url=f"https://{host}/hook", secret=secret)
    told(world)
    work()
    assert Delivery.objects.get().last_answer == "no answer: InvalidIPAddress"


def test_plain_http_is_refused(world: World) -> None:
    with pytest.raises(Invalid) as error:
        listening(world, "http://example.com/hook")
    assert error.value.field == "url"
    with pytest.raises(NotAllowed):
        endpoints.create_endpoint(
            environment=world.live, name="X", url="https://example.com/", topics=[], by=world.mia, at=timezone.now()
        )


def test_the_secret_is_stored_sealed(world: World) -> None:
    endpoint, secret = listening(world, "https://example.com/hook")
    endpoint.refresh_from_db()
    assert secret not in endpoint.secret and unseal(endpoint.secret) == secret
    assert secret not in str(AuditEntry.objects.latest("pk").after)


def test_a_message_of_an_undone_action_is_never_told(world: World, receiver, near) -> None:
    listening(world, receiver(200).url)
    try:
        with transaction.atomic():
            told(world)
            raise RuntimeError
    except RuntimeError:
        pass
    assert (work(), Message.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_many_workers_deliver_each_once(world: World, receiver, near) -> None:
    here = receiver(200)
    listening(world, here.url)
    for _ in range(40):
        told(world)
    from django.db import connection

    def worker() -> None:
        try:
            for _ in range(5):
                work()
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [headers["webhook-id"] for headers, _ in here.got]
    assert len(ids) == len(set(ids)) == 40
    assert set(Delivery.objects.values_list("status", "attempts")) == {("DELIVERED", 1)}
    assert json.loads(here.got[0][1])["subject"] == "billing.invoice:17"
