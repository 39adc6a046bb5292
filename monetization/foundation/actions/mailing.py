"""How people are mailed: their choice, and the daily digest of those who chose it."""

from datetime import datetime, timedelta

from django.db import transaction

from monetization.foundation.actions import audit, notices
from monetization.foundation.models import Environment, MailPreference, Notice, User
from monetization.foundation.rules.notices import By, digest_day

FRESH = timedelta(days=3)  # what is older was seen in the inbox, or is past


@transaction.atomic
def prefer(*, user: User, way: By, by: User, at: datetime) -> MailPreference:
    """Choose how notices come by mail; everybody chooses for themselves."""
    kept, _ = MailPreference.objects.update_or_create(user=user, defaults={"by": way.value})
    audit.record(environment=None, action="mail_preference.set", subject=user, by=by, at=at, after={"by": way})
    return kept


def send_digests(*, at: datetime) -> int:
    """Write down the digests that are due and return how many. Late is better than never, twice is never."""
    daily = MailPreference.objects.filter(by=By.DAILY.value, user__is_active=True).order_by("pk")
    return sum(_digest(pk=pk, at=at) for pk in daily.values_list("pk", flat=True))


@transaction.atomic
def _digest(*, pk: int, at: datetime) -> int:
    kept = MailPreference.objects.select_for_update(of=("self",), skip_locked=True).select_related("user")
    one = kept.filter(pk=pk, by=By.DAILY.value).first()
    day = digest_day(at, one.user.time_zone, one.digest_date) if one else None
    if one is None or day is None:
        return 0
    waiting = Notice.objects.filter(user=one.user, mailed_at=None, at__gte=at - FRESH, at__lte=at, read_at=None)
    found = list(waiting.filter(environment__kind=Environment.Kind.LIVE).select_related("environment", "request"))
    one.digest_date = day
    one.save(update_fields=["digest_date"])
    if not found:
        return 0
    subject = f"{len(found)} thing{'' if len(found) == 1 else 's'} since yesterday"
    notices.mail(user=one.user, notices=found, subject=subject, at=at)
    Notice.objects.filter(pk__in=[notice.pk for notice in found]).update(mailed_at=at)
    return 1
