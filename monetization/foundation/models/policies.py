"""Policies as versioned rows: who must approve a kind of thing, when conditions on its facts hold.

Several policies may apply; all of them must be satisfied. No policy for a kind means that nobody can approve it:
silence is never consent. A policy is a name that stays; what it asks is its newest approved version, and a new version
is a change request of its own. Ending a policy is a version that asks nobody (`applies` is false).
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from simple_history.models import HistoricalRecords

from monetization.foundation.models.environments import Environment
from monetization.foundation.models.fields import choices, empty_list, quantity_field
from monetization.foundation.models.governed import Governed
from monetization.foundation.models.people import User
from monetization.foundation.rules.conditions import Condition, Operator
from monetization.foundation.rules.policies import Asked
from monetization.foundation.rules.roles import Role
from monetization.values.money import plain


class Policy(models.Model):
    """A rule of approval by name, for one kind of thing."""

    environment = models.ForeignKey(Environment, models.PROTECT)
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=120)

    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "kind", "name"], name="policy_name")]
        verbose_name_plural = "policies"
        ordering = ["kind", "name"]

    def __str__(self) -> str:
        return self.name


class PolicyVersion(Governed):
    """What a policy asks from its approval on; without an author where the installation itself set it."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    applies = models.BooleanField(default=True, help_text="False: from then on the policy asks nobody")
    deadline_hours = models.PositiveSmallIntegerField(null=True, blank=True, help_text="For each step")
    escalate_to = models.CharField(
        max_length=24, choices=choices(Role), blank=True, help_text="May decide instead, once a step is overdue"
    )
    created_by = models.ForeignKey(  # type: ignore[assignment]
        User, models.PROTECT, null=True, blank=True, related_name="+"
    )
    last_edited_by = models.ForeignKey(  # type: ignore[assignment]
        User, models.PROTECT, null=True, blank=True, related_name="+"
    )

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="policy_version_number"),
            models.UniqueConstraint(
                fields=["policy"],
                condition=models.Q(status__in=["DRAFT", "SUBMITTED"]),
                name="one_open_policy_version",
            ),
            models.CheckConstraint(
                condition=models.Q(escalate_to="") | models.Q(deadline_hours__gte=1), name="policy_escalates_in_time"
            ),
        ]
        ordering = ["policy", "number"]

    def __str__(self) -> str:
        return f"{self.policy.name} v{self.number}"


class PolicyCondition(models.Model):
    """What a version asks of a fact; all conditions of a version must hold."""

    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="conditions")
    fact = models.CharField(max_length=40)
    operator = models.CharField(max_length=8, choices=choices(Operator))
    bound = quantity_field(null=True, blank=True)
    words = ArrayField(models.CharField(max_length=40), default=empty_list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(operator__in=["ANY_OF", "NONE_OF"], bound__isnull=True)
                | models.Q(bound__isnull=False),
                name="policy_condition_complete",
            )
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.as_rule().sentence

    def as_rule(self) -> Condition:
        """Return it as a value."""
        return Condition(self.fact, Operator(self.operator), self.bound, tuple(self.words))

    def written(self) -> list[object]:
        """Return it as plain values, for the digest and the log."""
        return [self.fact, self.operator, None if self.bound is None else plain(self.bound), list(self.words)]


class PolicyRole(models.Model):
    """How many people of a role a version asks for, and in which step."""

    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="roles")
    role = models.CharField(max_length=24, choices=choices(Role))
    how_many = models.PositiveSmallIntegerField(default=1)
    step = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "role"], name="one_row_a_policy_role"),
            models.CheckConstraint(condition=models.Q(how_many__gte=1), name="policy_role_at_least_one"),
            models.CheckConstraint(condition=models.Q(step__gte=1), name="policy_step_from_one"),
        ]
        ordering = ["step", "pk"]

    def __str__(self) -> str:
        return f"{self.how_many} × {Role(self.role).label}"

    def as_rule(self) -> Asked:
        """Return it as a value."""
        return Asked(Role(self.role), self.how_many, self.step)
