"""Who decides when somebody doesn't: delegations while away, and steps that ran over their deadline."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func
from simple_history.models import HistoricalRecords

from monetization.foundation.models.approvals import ChangeRequest
from monetization.foundation.models.fields import choices
from monetization.foundation.models.people import User
from monetization.foundation.rules.roles import Role


class Delegation(models.Model):
    """From `starts_at` until `ends_at` the delegate may decide in the person's name, in the roles that they hold.

    One delegate a person and time. It is never passed on, and taken back by an earlier end.
    """

    person = models.ForeignKey(User, models.PROTECT, related_name="delegations")
    delegate = models.ForeignKey(User, models.PROTECT, related_name="delegated")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(person=F("delegate")), name="nobody_stands_in_for_himself"),
            models.CheckConstraint(condition=models.Q(ends_at__gte=F("starts_at")), name="delegation_ends_later"),
            ExclusionConstraint(
                name="one_delegate_at_a_time",
                violation_error_message="You have named a delegate for some of this time already.",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (
                        Func(
                            "starts_at", "ends_at", RangeBoundary(), function="tstzrange",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["delegate", "ends_at"], name="delegation_of_delegate")]
        ordering = ["-starts_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.delegate} for {self.person}"


class Escalation(models.Model):
    """A step of a request that is overdue: noted once; with `to_role` that role may decide instead. Append-only."""

    request = models.ForeignKey(ChangeRequest, models.PROTECT, related_name="escalations")
    revision = models.PositiveIntegerField(help_text="What was waited for: decisions about another one don't count")
    policy = models.CharField(max_length=120)
    role = models.CharField(max_length=24, choices=choices(Role))
    to_role = models.CharField(max_length=24, choices=choices(Role), blank=True)
    due_at = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "revision", "policy", "role"], name="one_escalation_a_step")
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.request}: {Role(self.role).label} overdue"
