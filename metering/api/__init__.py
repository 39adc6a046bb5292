"""API of the facts: the door for events, usage, events as stored, quarantine, quotas and their limits."""

from django.urls import URLPattern, path

from metering.api import events, health, limits, playground, quarantine, quota_verbs, receipts, usage

patterns: list[URLPattern] = [
    path("metrics/playground", playground.Playground.as_view(), name="api_playground"),
    path("events", events.Events.as_view(), name="api_events"),
    path("events/receipts/<uuid:receipt>", receipts.OneReceipt.as_view(), name="api_receipt"),
    path("events/<token:source>/<token:event_id>", events.OneEvent.as_view(), name="api_event"),
    path("usage", usage.Usage.as_view(), name="api_usage"),
    path("ingestion/health", health.IngestionHealth.as_view(), name="api_ingestion_health"),
    path("quarantine", quarantine.Quarantine.as_view(), name="api_quarantine"),
    path("quarantine/replay", quarantine.Replay.as_view(), name="api_quarantine_replay"),
    path("quarantine/dismiss", quarantine.Dismiss.as_view(), name="api_quarantine_dismiss"),
    path("quota/check", quota_verbs.Check.as_view(), name="api_quota_check"),
    path("quota/reserve", quota_verbs.Reserve.as_view(), name="api_quota_reserve"),
    path("quota/settle", quota_verbs.Settle.as_view(), name="api_quota_settle"),
    path("quota/release", quota_verbs.Release.as_view(), name="api_quota_release"),
    path("limits", limits.Limits.as_view(), name="api_limits"),
    path("limits/<int:pk>", limits.OneLimit.as_view(), name="api_limit"),
    path("limits/<int:pk>/end", limits.EndLimit.as_view(), name="api_limit_end"),
]
