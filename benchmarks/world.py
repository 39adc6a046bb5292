"""Whom the bench measures with: an environment of its own, 10,000 accounts, one metric of 54 combinations, keys.

It lies beside the demo company's and is made in bulk at the first use in a run (the database is fresh each time).
"""

from __future__ import annotations

import functools
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connections

from catalog.actions import changes, metrics
from catalog.queries import metric_terms
from catalog.rules.drafts import MetricDraft
from catalog.rules.terms import Aggregation, Dimension, Measure, MetricTerms
from monetization.foundation.actions import access, environments, policies
from monetization.foundation.models import Account, Environment, User
from monetization.foundation.queries import request_digest
from monetization.foundation.rules.approvals import Verdict
from monetization.foundation.rules.roles import Role

ACCOUNTS = 10_000
TYPE = "bench.request"
MODELS = tuple(f"model-{number}" for number in range(9))
REGIONS, KINDS = ("eu", "us", "asia"), ("input", "output")
COMBINATIONS = tuple((model, region, kind) for model in MODELS for region in REGIONS for kind in KINDS)
TOKENS = MetricDraft(
    event_type=TYPE,
    aggregation=Aggregation.SUM,
    unit="token",
    effective_at=datetime(2015, 1, 1, tzinfo=UTC),
    measures=(Measure("tokens"),),
    dimensions=tuple(Dimension(key, key) for key in ("model", "region", "kind")),
)
MAKE_ACCOUNTS = """
WITH customer AS (
  INSERT INTO foundation_customer (environment_id, key, name, segment, created_at)
  SELECT %(environment)s, 'c' || lpad(n::text, 5, '0'), 'Customer ' || n, 'self-serve', now()
  FROM generate_series(0, %(count)s - 1) n
  RETURNING id, key, name
)
INSERT INTO foundation_account (environment_id, customer_id, key, name, time_zone, language, street, postal_code, city,
                                country, tax_id, billing_email, grace_days, created_at)
SELECT %(environment)s, id, key, name, 'UTC', 'en', '', '', '', 'DE', '', '', 3, now() FROM customer ORDER BY key
"""


@dataclass(frozen=True, slots=True)
class World:
    """The bench's environment; `accounts` are ids in the order of their keys c00000 … c09999."""

    environment: Environment
    metric: MetricTerms
    accounts: tuple[int, ...]


@functools.cache
def world() -> World:
    """Make or find the bench's environment."""
    environment = Environment.objects.filter(key="bench").first() or _made()
    accounts = Account.objects.filter(environment=environment).order_by("key")
    version = environment.metric_set.get().versions.get()
    return World(environment, metric_terms(version), tuple(accounts.values_list("pk", flat=True)))


def key(*scopes: str) -> str:
    """Issue a key of the bench's environment that lives for some hours."""
    now = datetime.now(UTC)
    _, secret = access.issue_key(
        environment=world().environment,
        owner=User.objects.get(email="eli@lumen.example"),
        name=f"bench {uuid.uuid4()}",
        scopes=scopes or ("events:write",),
        expires_at=now + timedelta(hours=12),
        by=None,
        at=now,
    )
    return secret


def _made() -> Environment:
    now = datetime.now(UTC)
    made = environments.create_environment(key="bench", name="Bench", kind="SANDBOX", by=None, at=now)
    with connections["owner"].cursor() as cursor:
        cursor.execute(MAKE_ACCOUNTS, {"environment": made.pk, "count": ACCOUNTS})
        cursor.execute("ANALYZE foundation_account, foundation_customer")
    _make_metric(made, now)
    return made


def _make_metric(made: Environment, now: datetime) -> None:
    mia, chen = (User.objects.get(email=f"{name}@lumen.example") for name in ("mia", "chen"))
    policies.create_policy(environment=made, kind="metric", name="Every metric", roles={Role.HEAD: 1}, by=None, at=now)
    metric = metrics.create(
        environment=made, key="tokens", name="Tokens", owner=mia, by=mia, at=now, unseen_reason="bench"
    )
    version = metrics.draft_version(metric=metric, content=TOKENS, by=mia, at=now)
    request = metrics.submit(version=version, reason="bench", by=mia, at=now)
    changes.decide(request=request, verdict=Verdict.APPROVE, seen=request_digest(request), by=chen, at=now)
