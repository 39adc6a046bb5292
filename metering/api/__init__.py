"""API of the facts: the door for events, usage, events as stored, their corrections, quarantine, backfills."""

from django.urls import URLPattern, path

from metering.api import backfills, corrections, events, quarantine, usage

BACKFILL = "metrics/<str:key>/versions/<int:number>/backfill"
patterns: list[URLPattern] = [
    path("events", events.Events.as_view(), name="api_events"),
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
    path("quarantine", quarantine.Quarantine.as_view(), name="api_quarantine"),
    path("quarantine/replay", quarantine.Replay.as_view(), name="api_quarantine_replay"),
    path("quarantine/dismiss", quarantine.Dismiss.as_view(), name="api_quarantine_dismiss"),
]
