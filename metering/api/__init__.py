"""API of the facts: the door for events, their corrections, usage, backfills, quarantine, quotas and their limits."""

from django.urls import URLPattern, path

from metering.api import (
    backfills,
    corrections,
    events,
    health,
    limits,
    playground,
    quarantine,
    quota_verbs,
    receipts,
    usage,
)

BACKFILL = "metrics/<str:key>/versions/<int:number>/backfill"
patterns: list[URLPattern] = [
    path("metrics/playground", playground.Playground.as_view(), name="api_playground"),
    path("events", events.Events.as_view(), name="api_events"),
    path("events/receipts/<uuid:receipt>", receipts.OneReceipt.as_view(), name="api_receipt"),
    path("events/corrections", corrections.Corrections.as_view(), name="api_corrections"),
    path("corrections/<int:pk>", corrections.OneCorrection.as_view(), name="api_correction"),
    path("corrections/<int:pk>/events", corrections.Events.as_view(), name="api_correction_events"),
    path("corrections/<int:pk>/undo", corrections.Undo.as_view(), name="api_correction_undo"),
    path(BACKFILL, backfills.OneBackfill.as_view(), name="api_backfill"),
    path(f"{BACKFILL}/accounts", backfills.BackfillAccounts.as_view(), name="api_backfill_accounts"),
    *(
        path(f"{BACKFILL}/{verb}", backfills.Turn.as_view(verb=verb), name=f"api_backfill_{verb}")
        for verb in backfills.VERBS
    ),
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
