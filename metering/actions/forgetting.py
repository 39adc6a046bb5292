"""Forget what is known of ingestion minute by minute, once nobody looks at it any more."""

from datetime import datetime, timedelta

from django.db import transaction

from metering.models import IngestMinute

KEPT = timedelta(days=40)


@transaction.atomic
def forget(*, at: datetime) -> int:
    """Delete the minutes that are older than KEPT; returns how many rows."""
    return IngestMinute.objects.filter(minute__lt=at - KEPT).delete()[0]
