"""Where a change request stands, for the person who looks at it: who must still decide, may I, and if not why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from monetization.foundation import queries
from monetization.foundation.models import AuditEntry, ChangeItem, ChangeRequest, Decision, User
from monetization.foundation.queries import roles_of, subject_of
from monetization.foundation.rules.approvals import RequestStatus, Requirement, Verdict
from monetization.foundation.rules.roles import Role

PAGES = {
    "catalog.rate_card_version": "rate_card_version",
    "catalog.metric_version": "metric_version",
    "catalog.contract": "contract",
}
WORDS = {
    "opened": "opened the request", "edited": "edited it", "submitted": "submitted it for approval",
    "sent_back": "sent it back to draft", "withdrawn": "withdrew it", "approved": "Approved by everybody who was asked",
    "rejected": "Rejected", "scheduled": "Scheduled", "went_live": "In force",
}  # fmt: skip
VERDICTS = {"APPROVE": "approved", "REJECT": "rejected", "VETO": "vetoed"}
ENTRY_TONES = {
    "APPROVE": "good", "REJECT": "bad", "VETO": "bad", "approved": "good", "went_live": "good", "rejected": "bad",
    "sent_back": "warn", "submitted": "info", "scheduled": "info",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A policy that asks for people of a role, in words, and how many of them are still missing."""

    policy: str
    why: str
    role: Role
    how_many: int
    missing: int


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry of a request's timeline."""

    who: str
    what: str
    at: datetime
    reason: str
    tone: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A request as one person sees it; `why_not` says why this person can't approve it now (empty: can)."""

    request: ChangeRequest
    seen: str
    asked: tuple[Asked, ...]
    decisions: tuple[Decision, ...]
    is_maker: bool
    is_head: bool
    why_not: str
    may_reject: bool

    @property
    def is_open(self) -> bool:
        return self.request.status == RequestStatus.SUBMITTED.value

    @property
    def waits_for(self) -> str:
        """Say in words who is missing: 1 × Head of monetization, 2 × Finance."""
        most: dict[Role, int] = {}
        for one in self.asked:
            most[one.role] = max(most.get(one.role, 0), one.missing)
        return ", ".join(f"{n} × {role.label}" if n > 1 else role.label for role, n in most.items() if n)

    @property
    def may_send_back(self) -> bool:
        return self.is_maker or self.may_reject


def standing_of(request: ChangeRequest, user: User) -> Standing:
    """Read where a request stands for a person."""
    seen = queries.request_digest(request)
    needed, missing = queries.needs_of(request), queries.outstanding_of(request)
    decisions = tuple(queries.decisions_on(subject_of(request), seen))
    held, is_maker = roles_of(user), user.pk in queries.makers_of(request)
    decided = any(one.by_id == user.pk for one in decisions)
    asked = {one.role for one in needed} | {Role.HEAD}
    return Standing(
        request=request,
        seen=seen.hex(),
        asked=_asked(needed, dict(missing)),
        decisions=decisions,
        is_maker=is_maker,
        is_head=Role.HEAD in held,
        why_not=_why_not(is_maker, decided, {role for role, _ in missing}, held),
        may_reject=not is_maker and not decided and bool(asked & held),
    )


def _asked(needed: Iterable[Requirement], missing: Mapping[Role, int]) -> tuple[Asked, ...]:
    return tuple(
        Asked(one.policy, one.why, one.role, one.how_many, min(one.how_many, missing.get(one.role, 0)))
        for one in needed
    )


def _why_not(is_maker: bool, decided: bool, missing: set[Role], held: frozenset[Role]) -> str:
    if is_maker:
        return "You made this, so somebody else decides."
    if decided:
        return "You have decided about this already."
    if not missing & held:
        return f"This waits for: {', '.join(sorted(role.label for role in missing)) or 'nobody'}."
    return ""


def timeline(request: ChangeRequest) -> list[Happened]:
    """Tell what happened to a request, oldest first, from the audit log."""
    entries = AuditEntry.objects.filter(subject=subject_of(request)).select_related("actor").order_by("pk")
    return [_happened(entry) for entry in entries]


def _happened(entry: AuditEntry) -> Happened:
    who = str(entry.actor) if entry.actor else "Meterstone"
    if entry.action == "decision.made":
        verdict = (entry.after or {}).get("verdict", Verdict.APPROVE.value)
        role = Role((entry.after or {})["role"]).label
        return Happened(who, f"{VERDICTS[verdict]} as {role}", entry.at, entry.reason, ENTRY_TONES[verdict])
    verb = entry.action.rpartition(".")[2]
    what = WORDS.get(verb, verb.replace("_", " "))
    return Happened("" if what[0].isupper() else who, what, entry.at, entry.reason, ENTRY_TONES.get(verb, "quiet"))


def address_of(item: ChangeItem) -> str:
    """Return the page of what an item changes; empty where it has none."""
    kind, _, number = item.subject.partition(":")
    return reverse(f"console:{PAGES[kind]}", args=[int(number)]) if kind in PAGES else ""
