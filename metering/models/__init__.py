"""Tables of "facts": events, the usage folded from them, what could not be counted, limits of use."""

from metering.models.backfills import Backfill, BackfillAccount, BackfillFault
from metering.models.corrections import CorrectedEvent, Correction
from metering.models.events import Event, Quarantined
from metering.models.files import FileReading
from metering.models.health import IngestMinute
from metering.models.inbox import Inbox
from metering.models.partitions import EventKey, EventPartition
from metering.models.quotas import Breach, Counter, Hold, Limit, LimitAlert
from metering.models.removals import EventRemoval, SweepMark
from metering.models.usage import DailyMark, DailyUsage, DimensionSet, HourlyUsage, HourlyValue, UsageMark

__all__ = [
    "Backfill",
    "BackfillAccount",
    "BackfillFault",
    "Breach",
    "CorrectedEvent",
    "Correction",
    "Counter",
    "DailyMark",
    "DailyUsage",
    "DimensionSet",
    "Event",
    "EventKey",
    "EventPartition",
    "EventRemoval",
    "FileReading",
    "Hold",
    "HourlyUsage",
    "HourlyValue",
    "Inbox",
    "IngestMinute",
    "Limit",
    "LimitAlert",
    "Quarantined",
    "SweepMark",
    "UsageMark",
]
