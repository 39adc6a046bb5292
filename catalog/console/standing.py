"""Where a change request stands, for the person who looks at it: who must still decide, may I, and if not why."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from monetization.foundation import queries
from monetization.foundation.models import AuditEntry, ChangeItem, ChangeRequest, Decision, User
from monetization.foundation.queries import roles_of, subject_of
from monetization.foundation.rules.approvals import RequestStatus, Verdict
from monetization.foundation.rules.deciding import Acting
from monetization.foundation.rules.roles import Role

PAGES = {
    "catalog.rate_card_version": "rate_card_version",
    "catalog.metric_version": "metric_version",
    "catalog.plan_version": "plan_version",
    "catalog.contract": "contract",
    "catalog.amendment": "amendment",
    "foundation.policy_version": "policy_version",
}
WORDS = {
    "opened": "opened the request", "edited": "edited it", "submitted": "submitted it for approval",
    "sent_back": "sent it back to draft", "withdrawn": "withdrew it", "approved": "Approved by everybody who was asked",
    "rejected": "Rejected", "scheduled": "Scheduled", "went_live": "In force", "commented": "said",
    "rescheduled": "gave it another time", "vetoed": "vetoed it", "rolled_back": "Rolled back",
    "added": "put in", "removed": "took out",
    "overdue": "Overdue", "escalated": "Overdue",
}  # fmt: skip
VERDICTS = {"APPROVE": "approved", "REJECT": "rejected", "VETO": "vetoed", "GREEN_LIGHT": "gave the green light"}
ENTRY_TONES = {
    "APPROVE": "good", "REJECT": "bad", "VETO": "bad", "GREEN_LIGHT": "good", "overdue": "warn",
    "escalated": "warn", "approved": "good", "went_live": "good", "rejected": "bad",
    "rescheduled": "warn", "vetoed": "bad", "rolled_back": "bad", "sent_back": "warn",
    "submitted": "info", "scheduled": "info",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A policy that asks for people of a role, in words: how many are missing, is it their turn, until when.

    `instead` names the roles that may decide for them, once they are overdue.
    """

    policy: str
    why: str
    role: Role
    how_many: int
    missing: int
    step: int = 1
    is_in_turn: bool = True
    due_at: datetime | None = None
    instead: str = ""


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
    acting: str = ""
    overdue: bool = False

    @property
    def is_open(self) -> bool:
        return self.request.status == RequestStatus.SUBMITTED.value

    @property
    def waits_for(self) -> str:
        """Say in words who is missing now: 1 × Head of monetization, 2 × Finance."""
        most: dict[Role, int] = {}
        for one in self.asked:
            if one.is_in_turn:
                most[one.role] = max(most.get(one.role, 0), one.missing)
        return ", ".join(f"{n} × {role.label}" if n > 1 else role.label for role, n in most.items() if n)

    @property
    def may_send_back(self) -> bool:
        return self.is_maker or self.may_reject

    @property
    def may_green_light(self) -> bool:
        """Tell whether this person may let it pass in place of everybody still missing."""
        return self.is_head and self.may_reject


def standing_of(request: ChangeRequest, user: User) -> Standing:
    """Read where a request stands for a person now."""
    at = timezone.now()
    case = queries.case_of(request)
    one = queries.decider(user, [case], at)
    asked, held = {each.role for each in case.needed} | {Role.HEAD}, {hat.role for hat in one.hats}
    barred = one.why_barred(case) is not None
    acting = case.acting(one.hats)
    return Standing(
        request=request,
        seen=case.digest.hex(),
        asked=_asked(case),
        decisions=case.said,
        is_maker=user.pk in queries.makers_of(request),
        is_head=Role.HEAD in roles_of(user),
        why_not=one.why_not(case),
        may_reject=not barred and user.pk not in case.taken and bool(asked & held),
        acting=_words(acting) if acting and not barred else "",
        overdue=any(each.role.value == row.role for row in case.escalations for each in case.needed),
    )


def _asked(case: queries.Case) -> tuple[Asked, ...]:
    missing, turn = dict(case.missing), {role for role, _ in case.turn}
    return tuple(
        Asked(
            one.policy, one.why, one.role, one.how_many, min(one.how_many, missing.get(one.role, 0)), one.step,
            one.role in turn, case.due_at(one), ", ".join(sorted(r.label for r in case.instead.get(one.role, ()))),
        )
        for one in case.needed
    )  # fmt: skip


def _words(acting: Acting) -> str:
    """Say as what somebody would approve, where that is not simply their own role."""
    name = str(User.objects.get(pk=acting.in_name_of)) if acting.in_name_of else ""
    instead = f"{acting.role.label} instead of {acting.fills.label}" if acting.role is not acting.fills else ""
    return "; ".join(part for part in (instead, f"in the name of {name}" if name else "") if part)


def timeline(request: ChangeRequest) -> list[Happened]:
    """Tell what happened to a request, oldest first, from the audit log."""
    entries = AuditEntry.objects.filter(subject=subject_of(request)).select_related("actor").order_by("pk")
    return [_happened(entry) for entry in entries]


def _happened(entry: AuditEntry) -> Happened:
    who = str(entry.actor) if entry.actor else "Meterstone"
    if entry.action == "decision.made":
        verdict = (entry.after or {}).get("verdict", Verdict.APPROVE.value)
        said = f"{VERDICTS[verdict]} as {_as_what(entry.after or {})}"
        return Happened(who, said, entry.at, entry.reason, ENTRY_TONES[verdict])
    verb = entry.action.rpartition(".")[2]
    what = WORDS.get(verb, verb.replace("_", " "))
    return Happened("" if what[0].isupper() else who, what, entry.at, entry.reason, ENTRY_TONES.get(verb, "quiet"))


def _as_what(after: dict[str, str]) -> str:
    """Say as what a decision was made, as the log kept it."""
    held = f"{Role(after['held_role']).label} instead of " if "held_role" in after else ""
    name = f", in the name of {after['in_name_of']}" if "in_name_of" in after else ""
    return f"{held}{Role(after['role']).label}{name}"


def address_of(item: ChangeItem) -> str:
    """Return the page of what an item changes; empty where it has none."""
    kind, _, number = item.subject.partition(":")
    return reverse(f"console:{PAGES[kind]}", args=[int(number)]) if kind in PAGES else ""
