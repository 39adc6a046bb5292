"""The form of a policy: what somebody typed as a content, and a content as what stands in the form."""

from collections.abc import Iterator, Mapping
from typing import Any

from monetization.foundation.actions.policies import Content
from monetization.foundation.models import PolicyVersion
from monetization.foundation.rules.conditions import Condition, Operator
from monetization.foundation.rules.facts import FACTS, KINDS, label_of
from monetization.foundation.rules.policies import Asked
from monetization.foundation.rules.roles import ABILITIES, DECIDE, Role
from monetization.foundation.web import number_in
from monetization.values.errors import Invalid
from monetization.values.money import plain

ROWS = 4
DECIDERS = [role for role in Role if ABILITIES[role] >= DECIDE]
Typed = Mapping[str, str]


def content_in(typed: Typed) -> Content:
    """Read what was typed. Raises Invalid that names the field."""
    hours = _whole(typed.get("deadline_hours", ""), "deadline_hours")
    escalate = typed.get("escalate_to", "")
    return Content(
        asked=list(_asked(typed)),
        conditions=list(_conditions(typed)),
        deadline_hours=hours,
        escalate_to=Role[escalate] if escalate in Role.__members__ else None,
    )


def typed_of(version: PolicyVersion | None) -> dict[str, str]:
    """Write a version as it stands in the form; nothing for a new policy."""
    if version is None:
        return {}
    typed = {"deadline_hours": str(version.deadline_hours or ""), "escalate_to": version.escalate_to}
    for index, row in enumerate(version.conditions.all(), 1):
        value = ", ".join(row.words) if row.words else plain(row.bound)
        typed |= {f"fact_{index}": row.fact, f"operator_{index}": row.operator, f"value_{index}": value}
    for asked in version.roles.all():
        typed |= {f"role_{asked.role}": str(asked.how_many), f"step_{asked.role}": str(asked.step)}
    return typed


def choices_for(typed: Typed) -> dict[str, Any]:
    """Give what the form offers, with what was typed."""
    kind = typed.get("kind", "")
    facts = [(name, _fact_words(name)) for name, one in FACTS.items() if not kind or kind in one.kinds]
    rows = range(1, ROWS + 1)
    return {
        "typed": typed,
        "kinds": KINDS.items(),
        "deciders": [("", "nobody"), *((role.value, role.label) for role in DECIDERS)],
        "conditions": [
            (n, [("", "–"), *_with(facts, typed.get(f"fact_{n}", ""))], typed.get(f"fact_{n}", ""),
             typed.get(f"operator_{n}", ""), typed.get(f"value_{n}", ""))
            for n in rows
        ],
        "operators": [(one.value, one.label) for one in Operator],
        "roles": [(r, typed.get(f"role_{r.value}", ""), typed.get(f"step_{r.value}", "") or "1") for r in DECIDERS],
    }  # fmt: skip


def _asked(typed: Typed) -> Iterator[Asked]:
    for role in DECIDERS:
        how_many = _whole(typed.get(f"role_{role.value}", ""), "roles")
        if how_many is not None:
            step = _whole(typed.get(f"step_{role.value}", ""), "roles")
            yield Asked(role, how_many, 1 if step is None else step)


def _conditions(typed: Typed) -> Iterator[Condition]:
    for n in range(1, ROWS + 1):
        fact, value = typed.get(f"fact_{n}", "").strip(), typed.get(f"value_{n}", "")
        if not fact:
            if value.strip():
                raise Invalid("What is compared?", field=f"value_{n}", fix="Choose a fact, or leave the row empty")
            continue
        name = typed.get(f"operator_{n}", "")
        if name not in Operator.__members__:
            raise Invalid("How is it compared?", field=f"value_{n}", fix="Choose one of the comparisons")
        operator = Operator[name]
        words = tuple(word.strip() for word in value.split(",") if word.strip()) if operator.is_words else ()
        yield Condition(fact, operator, None if operator.is_words else number_in(value, f"value_{n}"), words)


def _whole(text: str, field: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not text.isdigit() or len(text) > 4:
        raise Invalid(f"“{text}” is not a whole number", field=field, fix="Write it like 2")
    return int(text)


def _fact_words(name: str) -> str:
    unit = FACTS[name].unit
    return f"{label_of(name)} ({unit})" if unit else label_of(name)


def _with(facts: list[tuple[str, str]], chosen: str) -> list[tuple[str, str]]:
    """Add a fact that was chosen but isn't offered, so that saving a form again doesn't lose it."""
    return facts if not chosen or any(name == chosen for name, _ in facts) else [*facts, (chosen, label_of(chosen))]
