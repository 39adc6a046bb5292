"""Say something about a request; whoever is named with @ is told."""

from datetime import datetime

from django.db import transaction

from monetization.foundation.actions import audit, notices, rows
from monetization.foundation.models import ChangeRequest, Comment, User
from monetization.foundation.queries import requests_for
from monetization.foundation.rules.notices import Telling, mentioned
from monetization.values.errors import Invalid


@transaction.atomic
def comment(*, request: ChangeRequest, text: str, by: User, at: datetime) -> Comment:
    """Add a comment; mentions of people who can't see the request tell nobody."""
    rows.allow(by, "foundation.read")
    if not text.strip():
        raise Invalid("Say something", field="text", fix="Write what others should know")
    made = Comment(request=request, by=by, text=text.strip(), at=at)
    rows.check(made)
    rows.keep(made, by=by, at=at)
    audit.record(
        environment=request.environment, action="change_request.commented", subject=request, by=by, at=at,
        reason=made.text,
    )  # fmt: skip
    words = f"{by} mentions you on “{request.title}”: {made.text}"
    notices.tell(
        request=request, people=_meant(made), telling=Telling.MENTIONED, words=words, source=f"comment:{made.pk}", at=at
    )
    return made


def _meant(made: Comment) -> list[User]:
    staff = User.objects.filter(is_active=True, is_staff=True).exclude(pk=made.by_id)
    named = mentioned(made.text, {email.lower(): pk for pk, email in staff.values_list("pk", "email")})
    seen = made.request.environment
    return [
        user
        for user in staff.filter(pk__in=named)
        if user.has_perm("foundation.read") and requests_for(user, seen).filter(pk=made.request_id).exists()
    ]
