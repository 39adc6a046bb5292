"""Policies as values: which of them apply to some facts and why, and whom they ask, in which order.

All conditions of a policy must hold for it to apply; all policies that apply must be satisfied. People of one step
are asked together, the next step when the one before is complete.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from monetization.foundation.rules.conditions import Condition, Finding
from monetization.foundation.rules.facts import Facts
from monetization.foundation.rules.roles import Role

FIRST_KIND = "policy"


@dataclass(frozen=True, slots=True)
class Asked:
    """So many people of a role, in a step counted from 1."""

    role: Role
    how_many: int = 1
    step: int = 1


@dataclass(frozen=True, slots=True)
class Requirement:
    """What an applying policy asks: its name, why, how many of which role, in which step, until when."""

    policy: str
    why: str
    role: Role
    how_many: int
    step: int = 1
    deadline_hours: int | None = None
    escalate_to: Role | None = None


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """A policy in force: conditions that must all hold (none: always), and whom it asks."""

    name: str
    asked: tuple[Asked, ...]
    conditions: tuple[Condition, ...] = ()
    deadline_hours: int | None = None
    escalate_to: Role | None = None
    number: int = 1

    def judge(self, facts: Facts) -> Finding:
        """Say whether it applies and why; the first condition that fails is the reason why not."""
        found = [condition.judge(facts) for condition in self.conditions]
        for one in found:
            if not one.holds:
                return one
        return Finding(True, all(one.is_known for one in found), "; ".join(one.why for one in found) or "always")


@dataclass(frozen=True, slots=True)
class Considered:
    """A policy that was looked at: whether it applies, why or why not, and what it would ask."""

    rule: PolicyRule
    finding: Finding

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Return what it asks, where it applies."""
        rule = self.rule
        return tuple(
            Requirement(
                rule.name, self.finding.why, one.role, one.how_many, one.step, rule.deadline_hours, rule.escalate_to
            )
            for one in sorted(rule.asked, key=lambda each: each.step)
            if self.finding.holds
        )


# Until a policy about policies is in force: those who draft policies (heads) don't agree to them among themselves.
BUILT_IN = PolicyRule("Built in, until a policy about policies is in force", (Asked(Role.FINANCE),))


def consider(rules: Iterable[PolicyRule], facts: Facts) -> tuple[Considered, ...]:
    """Look at every policy of a kind."""
    return tuple(Considered(rule, rule.judge(facts)) for rule in rules)


def requirements(rules: Iterable[PolicyRule], facts: Facts) -> tuple[Requirement, ...]:
    """Return what the applying policies ask for; empty means that nobody can approve."""
    return tuple(one for each in consider(rules, facts) for one in each.requirements)
