"""API of the facts: the door for events, usage, events as stored, quarantine."""

from django.urls import URLPattern, path

from metering.api import events, health, quarantine, usage

patterns: list[URLPattern] = [
    path("events", events.Events.as_view(), name="api_events"),
    path("events/<token:source>/<token:event_id>", events.OneEvent.as_view(), name="api_event"),
    path("usage", usage.Usage.as_view(), name="api_usage"),
    path("ingestion/health", health.IngestionHealth.as_view(), name="api_ingestion_health"),
    path("quarantine", quarantine.Quarantine.as_view(), name="api_quarantine"),
    path("quarantine/replay", quarantine.Replay.as_view(), name="api_quarantine_replay"),
    path("quarantine/dismiss", quarantine.Dismiss.as_view(), name="api_quarantine_dismiss"),
]
