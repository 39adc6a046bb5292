"""Usage computed again from events: for a metric version that shall hold from a time in the past, or to mend a range.

While a backfill is at work, new events count for its version at the door (they have a `seq` above `until_seq`), and
the worker walks through the others in the order of `seq`; `done_seq` is how far it has come, moved in the transaction
that adds each step. So every event is taken once, whenever the worker dies and wherever it goes on.

Of a version in force a range is mended instead (`is_mend`): each account's days are built again from their events,
one after the other, while the account's mark is held. Doing a day twice changes nothing, so `done_seq` is the last
account that is finished and `until_seq` the last there was.
"""

from django.db import models

from catalog.models import MetricVersion
from monetization.foundation.models import Account, Environment, User


class Backfill(models.Model):
    """One recomputation of a metric version's usage for event times in [starts_at, ends_at) (open end: None)."""

    class Status(models.TextChoices):
        WAITING = "WAITING", "Waiting"
        RUNNING = "RUNNING", "Running"
        PAUSED = "PAUSED", "Paused"
        DONE = "DONE", "Done"
        CANCELLED = "CANCELLED", "Cancelled"
        FAILED = "FAILED", "Failed"

    environment = models.ForeignKey(Environment, models.PROTECT)
    metric_version = models.ForeignKey(MetricVersion, models.PROTECT, related_name="+")
    content_digest = models.BinaryField(max_length=32, help_text="What the version said when this began")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=400)
    is_mend = models.BooleanField(default=False, help_text="Of a version in force: its usage is built again")
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    from_seq = models.BigIntegerField(default=0)
    done_seq = models.BigIntegerField(default=0)
    until_seq = models.BigIntegerField(default=0)
    events_read = models.BigIntegerField(default=0)
    days_changed = models.IntegerField(default=0, help_text="Of a mend: account days that were another before")
    unreadable = models.BigIntegerField(default=0, help_text="Events that this version could not read")
    fault = models.CharField(max_length=300, blank=True)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(
        null=True, help_text="When, after its approval, usage of the versions before was taken back"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["metric_version"],
                condition=models.Q(status__in=["WAITING", "RUNNING", "PAUSED"]),
                name="one_backfill_a_version",
            )
        ]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.metric_version} from {self.starts_at:%Y-%m-%d}"


class BackfillAccount(models.Model):
    """What an account's usage in the range was (versions in force) and would be (this version), in priced units."""

    backfill = models.ForeignKey(Backfill, models.CASCADE, related_name="accounts")
    account = models.ForeignKey(Account, models.PROTECT)
    before = models.DecimalField(max_digits=48, decimal_places=18)
    after = models.DecimalField(max_digits=48, decimal_places=18)
    events_before = models.BigIntegerField(default=0)
    events_after = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["backfill", "account"], name="one_backfill_row_an_account")]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.account}: {self.before} → {self.after}"


class BackfillFault(models.Model):
    """An event that a backfill's version could not read, and why; the first of them are kept."""

    backfill = models.ForeignKey(Backfill, models.CASCADE, related_name="faults")
    source = models.TextField()
    event_id = models.TextField()
    time = models.DateTimeField()
    field = models.CharField(max_length=120, blank=True)
    detail = models.CharField(max_length=300)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.source}/{self.event_id}: {self.detail}"
