"""Celery: the tasks only wake somebody up, the rows say what must be done.

A message lost with its broker is found again by a beat sweep, a task whose worker was killed is delivered again
after ``visibility_timeout``, so every task may run twice and no task may run longer than that.
"""

import os
from typing import Any

from celery import Celery
from celery.contrib.django.task import DjangoTask
from django.db import transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monetization.settings")


class Waking(DjangoTask):
    """A task whose message may be lost: a dead broker delays the work and never fails the request."""

    abstract = True

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:
        def wake() -> None:
            self.delay(*args, **kwargs)

        transaction.on_commit(wake, robust=True)


app = Celery("monetization", task_cls=Waking)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def every(seconds: float, task: str) -> dict[str, Any]:
    """One line of the schedule; what waited while no worker was there is dropped, since the next one does it all."""
    return {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 10)}}


app.conf.beat_schedule = {
    "link new audit entries": every(2, "monetization.foundation.tasks.chain"),
    "deliver messages": every(2, "monetization.foundation.tasks.deliver"),
    "put approved changes live": every(2, "monetization.foundation.tasks.go_live"),
    "note overdue decisions": every(60, "monetization.foundation.tasks.escalate"),
    "write daily mails": every(300, "monetization.foundation.tasks.send_digests"),
    "anchor the audit chain outside": every(3600, "monetization.foundation.tasks.anchor"),
    "forget old answers": every(3600, "monetization.foundation.tasks.forget"),
    "make partitions of events ahead": every(6 * 3600, "metering.tasks.months.make_partitions"),
    "fold what no folder took": every(2, "metering.tasks.inbox.fold_inbox"),
    "forget bodies of the inbox": every(3600, "metering.tasks.inbox.forget_inbox"),
    "make daily usage": every(600, "metering.tasks.usage.build_days"),
    "find repeats of events far apart": every(3600, "metering.tasks.usage.sweep_repeats"),
    "seal months of events": every(3600, "metering.tasks.months.seal_months"),
    "drop months of events that nothing needs": every(6 * 3600, "billing.tasks.drop_expired_events"),
    "end reservations whose time is over": every(2, "metering.tasks.limits.expire_holds"),
    "tell of limits reached": every(5, "metering.tasks.limits.tell_of_limits"),
    "look at all limits": every(60, "metering.tasks.limits.look_at_all_limits"),
    "forget old reservations": every(3600, "metering.tasks.limits.forget_holds"),
    "forget old minutes of ingestion": every(6 * 3600, "metering.tasks.usage.forget_minutes"),
    "go on with imports": every(30, "catalog.tasks.sweep_imports"),
    "go on with backfills": every(5, "metering.tasks.backfills.sweep_backfills"),
    "go on with impacts": every(30, "billing.tasks.sweep_impacts"),
    "keep drafts up to date": every(2, "billing.tasks.refresh_drafts"),
    "tell limits what is spent and left": every(2, "billing.tasks.write_money_left"),
    "make documents whose message was lost": every(5, "billing.tasks.sweep_documents"),
    "notice late usage": every(30, "billing.tasks.note_late_usage"),
    "draft what is due": every(300, "billing.tasks.draft_due"),
}
