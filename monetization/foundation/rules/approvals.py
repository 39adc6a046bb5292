"""Who must approve what, as data: states of a request, verdicts, and what is still outstanding.

Maker is never checker: a decision by a maker does not count and is refused before it is written
(and by the database). Approvals count only for the content they saw (same digest).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from monetization.foundation.rules.roles import Role
from monetization.values.errors import NotAllowed, WrongState


class RequestStatus(Enum):
    """Where a change request stands."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    SCHEDULED = "SCHEDULED"
    LIVE = "LIVE"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    ROLLED_BACK = "ROLLED_BACK"

    @property
    def label(self) -> str:
        """Return the words for people."""
        return self.value.replace("_", " ").capitalize()


S = RequestStatus
ARROWS: dict[RequestStatus, frozenset[RequestStatus]] = {
    S.DRAFT: frozenset({S.SUBMITTED, S.WITHDRAWN}),
    S.SUBMITTED: frozenset({S.DRAFT, S.APPROVED, S.REJECTED, S.WITHDRAWN}),
    S.APPROVED: frozenset({S.SCHEDULED, S.LIVE, S.REJECTED, S.WITHDRAWN}),
    S.SCHEDULED: frozenset({S.LIVE, S.REJECTED, S.WITHDRAWN}),
    S.LIVE: frozenset({S.ROLLED_BACK}),
    S.REJECTED: frozenset(),
    S.WITHDRAWN: frozenset(),
    S.ROLLED_BACK: frozenset(),
}


class Verdict(Enum):
    """What a decider says; a veto is final for the request."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    VETO = "VETO"

    @property
    def label(self) -> str:
        """Return the word for people."""
        return self.value.capitalize()


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a request changes; digest (32 bytes) and facts are due when it is submitted."""

    subject: str
    label: str
    digest: bytes | None = None
    facts: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A policy that applies: its name, why, and how many people of which role."""

    policy: str
    why: str
    role: Role
    how_many: int


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """A policy as a value; `operator` is ALWAYS, ABOVE or AT_MOST a `bound` on a `fact`."""

    name: str
    operator: str
    fact: str
    bound: Decimal | None
    roles: tuple[tuple[Role, int], ...]

    def why(self, facts: Mapping[str, Decimal]) -> str | None:
        """Return the sentence why this policy applies, or None; an unknown fact applies."""
        if self.operator == "ALWAYS":
            return "always"
        value, bound = facts.get(self.fact), self.bound
        words = self.fact.replace("_", " ")
        if value is None or bound is None:
            return f"{words} is not known"
        if (value > bound) == (self.operator == "ABOVE"):
            return f"{words} is {value.normalize():f} ({'above' if value > bound else 'at most'} {bound.normalize():f})"
        return None


def requirements(rules: Iterable[PolicyRule], facts: Mapping[str, Decimal]) -> tuple[Requirement, ...]:
    """Return what the applying policies ask for; empty means that nobody can approve."""
    return tuple(
        Requirement(rule.name, why, role, how_many)
        for rule in rules
        if (why := rule.why(facts)) is not None
        for role, how_many in rule.roles
    )


def outstanding(needed: Iterable[Requirement], approvals: Iterable[Role]) -> tuple[tuple[Role, int], ...]:
    """Return (role, how many are missing); several policies of one role ask for the highest."""
    given = Counter(approvals)
    most: dict[Role, int] = {}
    for one in needed:
        most[one.role] = max(most.get(one.role, 0), one.how_many)
    return tuple((role, n - given[role]) for role, n in most.items() if n > given[role])


def role_to_act_in(
    needed: Iterable[Requirement], missing: Iterable[tuple[Role, int]], held: frozenset[Role], verdict: Verdict
) -> Role:
    """Return the role in which somebody decides; a rejection may come from any role that was asked.

    Raises NotAllowed: nobody asked for a role that is held, or a veto by another than the head.
    """
    if verdict is Verdict.VETO:
        asked = [Role.HEAD]
    elif verdict is Verdict.REJECT:
        asked = [one.role for one in needed]
    else:
        asked = [role for role, _ in missing]
    for role in asked:
        if role in held:
            return role
    words = ", ".join(sorted({role.label for role in asked})) or "nobody any more"
    raise NotAllowed(f"This waits for: {words}.", fix="Ask somebody who holds that role.")


def guard_maker(*, decider: int, makers: Iterable[int]) -> None:
    """Refuse a decider who is one of the makers. Raises NotAllowed."""
    if decider in set(makers):
        raise NotAllowed(
            "You made this, so somebody else decides.",
            fix="Ask a colleague with the role that the policy names.",
        )


def guard_arrow(now: RequestStatus, then: RequestStatus) -> None:
    """Refuse a change of state that the table does not know. Raises WrongState."""
    if then not in ARROWS[now]:
        raise WrongState(f"A request that is {now.label} cannot become {then.label}.")
