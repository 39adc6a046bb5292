"""Tell people: those whose turn it is, makers of what was decided, who is mentioned; once, and by mail as they wish.

A notice and the message that mails it are rows of the action's own transaction, so neither is lost when the other is
not; the outbox delivers. What happens in a sandbox is shown in its inbox and mailed to nobody.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from monetization.foundation.actions import outbox
from monetization.foundation.models import ChangeRequest, Environment, MailPreference, Notice, User
from monetization.foundation.queries import case_of, makers_of
from monetization.foundation.queries.standing_in import holders, ties
from monetization.foundation.rules.makers import related
from monetization.foundation.rules.notices import By, Telling


def tell_turn(*, request: ChangeRequest, at: datetime) -> None:
    """Tell everybody whose turn it is to decide a locked request, and who wasn't told about this revision."""
    case = case_of(request)
    roles = {role for role, _ in case.turn}
    roles |= {role for fills, others in case.instead.items() if fills in roles for role in others}
    makers = makers_of(request)
    barred = related(makers, ties(makers, request.created_at, at)) | case.taken
    people = [user for user in holders(roles, at) if user.pk not in barred]
    words = f"“{request.title}” waits for your decision. Asked by {request.submitted_by or request.owner}."
    tell(request=request, people=people, telling=Telling.WAITS, words=words, source=f"waits:{request.revision}", at=at)


def tell_makers(*, request: ChangeRequest, verb: str, by: User | None, at: datetime, reason: str = "") -> None:
    """Tell the makers of a request what became of it; not the one who did it."""
    makers = User.objects.filter(pk__in=makers_of(request), is_active=True, is_staff=True)
    people = makers if by is None else makers.exclude(pk=by.pk)
    words = f"“{request.title}” was {verb}{f' by {by}' if by else ''}." + (
        f" {reason.strip()}" if reason.strip() else ""
    )
    source = f"{verb}:{request.revision}"
    tell(request=request, people=people, telling=Telling.DECIDED, words=words, source=source, at=at)


@transaction.atomic
def tell(
    *, request: ChangeRequest, people: Iterable[User], telling: Telling, words: str, source: str, at: datetime
) -> list[Notice]:
    """Write notices for people who don't have this one, and the mails of those who want them at once."""
    source = f"{request.pk}:{source}"
    listed = {user.pk: user for user in people}
    told = set(Notice.objects.filter(user__in=listed, source=source).values_list("user_id", flat=True))
    at_once = _at_once(request.environment, listed)
    made = Notice.objects.bulk_create(
        Notice(
            environment=request.environment, user=user, telling=telling.value, request=request, words=words[:400],
            source=source, at=at, mailed_at=at if pk in at_once else None,
        )
        for pk, user in listed.items()
        if pk not in told
    )  # fmt: skip
    for notice in made:
        if notice.user_id in at_once:
            mail(user=notice.user, notices=[notice], subject=f"{telling.label}: {request.title}", at=at)
    return made


def mail(*, user: User, notices: Iterable[Notice], subject: str, at: datetime) -> None:
    """Write down the mail that tells a person of some notices."""
    listed = list(notices)
    lines = [{"words": one.words, "request": one.request_id} for one in listed]
    outbox.publish(
        environment=listed[0].environment, topic="notice.written", subject=listed[0].request,
        payload={"subject": subject, "lines": lines}, recipient=user, at=at,
    )  # fmt: skip


@transaction.atomic
def mark_read(*, user: User, environment: Environment, at: datetime, request: ChangeRequest | None = None) -> int:
    """Mark a person's notices as read: all, or those about one request; returns how many."""
    unread = Notice.objects.filter(user=user, environment=environment, read_at=None)
    return (unread if request is None else unread.filter(request=request)).update(read_at=at)


def _at_once(environment: Environment, people: Iterable[int]) -> set[int]:
    if environment.kind == Environment.Kind.SANDBOX:
        return set()
    others = MailPreference.objects.filter(user__in=people).exclude(by=By.AT_ONCE.value)
    return set(people) - set(others.values_list("user_id", flat=True))
