"""What approval facts would need, and why: one pure function over the policies of a kind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monetization.foundation.rules.deciding import outstanding
from monetization.foundation.rules.facts import Facts
from monetization.foundation.rules.policies import Considered, PolicyRule, Requirement, consider
from monetization.foundation.rules.roles import Role


@dataclass(frozen=True, slots=True)
class Needed:
    """People of a role who would be asked: how many, in which step, by which policies."""

    step: int
    role: Role
    how_many: int
    because: tuple[Requirement, ...]

    @property
    def words(self) -> str:
        """Say it shortly: 2 × Finance."""
        return f"{self.how_many} × {self.role.label}"


@dataclass(frozen=True, slots=True)
class Need:
    """Whom the policies would ask, in order, and every policy that was looked at; without steps nobody can approve."""

    steps: tuple[Needed, ...]
    considered: tuple[Considered, ...]

    @property
    def applying(self) -> tuple[Considered, ...]:
        """The policies that apply."""
        return tuple(one for one in self.considered if one.finding.holds)

    @property
    def unknown(self) -> tuple[Considered, ...]:
        """The policies that apply because a fact of theirs is not known."""
        return tuple(one for one in self.applying if not one.finding.is_known)

    @property
    def sentence(self) -> str:
        """Say whom it needs in one sentence."""
        if not self.steps:
            return "No policy says who approves this, so nobody can."
        groups: dict[int, list[str]] = {}
        for one in self.steps:
            groups.setdefault(one.step, []).append(one.words)
        return "Needs " + ", then ".join(" and ".join(words) for words in groups.values()) + "."


def need(rules: Iterable[PolicyRule], several: Sequence[Facts]) -> Need:
    """Say what approval the facts of one or several things, decided together, would need."""
    listed = list(rules)
    return need_each([(listed, facts) for facts in several])


def need_each(pairs: Sequence[tuple[Sequence[PolicyRule], Facts]]) -> Need:
    """Say the same where each thing has policies of its own; nobody can approve one about which nobody is asked."""
    found = [consider(rules, facts) for rules, facts in pairs]
    considered = tuple(dict.fromkeys(one for each in found for one in each))
    asked = tuple(dict.fromkeys(one for each in considered for one in each.requirements))
    stuck = any(not any(one.finding.holds for one in each) for each in found)
    return Need(() if stuck else _steps(asked), considered)


def _steps(asked: tuple[Requirement, ...]) -> tuple[Needed, ...]:
    """Put roles in the order of their turns: the latest step in which a policy asks for each."""
    found = []
    for role, how_many in outstanding(asked, ()):
        because = tuple(one for one in asked if one.role is role)
        found.append(Needed(max(one.step for one in because), role, how_many, because))
    return tuple(sorted(found, key=lambda one: one.step))
