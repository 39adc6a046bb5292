"""Tables of "facts": events, the usage folded from them, and what could not be counted."""

from metering.models.events import Event, Quarantined
from metering.models.removals import EventRemoval, SweepMark
from metering.models.usage import DimensionSet, HourlyUsage, UsageMark

__all__ = [
    "DimensionSet",
    "Event",
    "EventRemoval",
    "HourlyUsage",
    "Quarantined",
    "SweepMark",
    "UsageMark",
]
