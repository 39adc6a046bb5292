"""What others may ask of the facts: usage for any cuts, the events behind it, and how fresh it is."""

from metering.queries.events import After, EventPage, counted_for, event, events_behind, listed
from metering.queries.evidence import Bucket, bucket_digests
from metering.queries.freshness import late_since, mark_of, marks
from metering.queries.usage import Cut, DailyRow, Measured, daily_usage, largest_accounts, measured, usage_for, usages

__all__ = [
    "After",
    "Bucket",
    "Cut",
    "DailyRow",
    "EventPage",
    "Measured",
    "bucket_digests",
    "counted_for",
    "daily_usage",
    "event",
    "events_behind",
    "largest_accounts",
    "late_since",
    "listed",
    "mark_of",
    "marks",
    "measured",
    "usage_for",
    "usages",
]
