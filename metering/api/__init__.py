"""API of the facts: the door for events, usage, events as stored, quarantine."""

from django.urls import URLPattern, path

from metering.api import events, quarantine, receipts, usage

patterns: list[URLPattern] = [
    path("events", events.Events.as_view(), name="api_events"),
    path("events/receipts/<uuid:receipt>", receipts.OneReceipt.as_view(), name="api_receipt"),
    path("events/<token:source>/<token:event_id>", events.OneEvent.as_view(), name="api_event"),
    path("usage", usage.Usage.as_view(), name="api_usage"),
    path("quarantine", quarantine.Quarantine.as_view(), name="api_quarantine"),
    path("quarantine/replay", quarantine.Replay.as_view(), name="api_quarantine_replay"),
    path("quarantine/dismiss", quarantine.Dismiss.as_view(), name="api_quarantine_dismiss"),
]
