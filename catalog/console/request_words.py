"""What a draft changes in words, for everything but prices: each kind read against what stands now."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from catalog.console.amendment_rows import differences
from catalog.console.deal_difference import Row, against_now
from catalog.console.metric_words import before_of, words_of
from catalog.models import Amendment, Contract, CreditGrant, MetricVersion, PlanVersion
from catalog.queries.metrics import as_terms
from catalog.queries.plans import plan_changes, version_before
from monetization.foundation.models import PolicyVersion
from monetization.foundation.policy_words import changes as policy_changes
from monetization.foundation.policy_words import sentence_of
from monetization.values.money import plain


def _metric(version: MetricVersion, now: datetime) -> tuple[str, Iterable[Row]]:
    siblings = list(version.metric.versions.exclude(pk=version.pk))
    said = words_of(as_terms(version), before_of(siblings, version.effective_at))
    if said.before is None:
        return "", [Row("What it counts", "", said.sentence)]
    return f"v{said.before.number}", [Row(one.what, one.old, one.new) for one in said.changes]


def _plan(version: PlanVersion, now: datetime) -> tuple[str, Iterable[Row]]:
    before = version_before(version)
    found = [one for one in plan_changes(before, version) if one.kind != "same"]
    return f"v{before.number}" if before else "", [Row(one.what, one.old, one.new) for one in found]


def _contract(contract: Contract, now: datetime) -> tuple[str, Iterable[Row]]:
    found = against_now(contract, now)
    if found is None:
        days = f"from {contract.start_date}, {contract.currency}, {contract.rate_card}"
        return "", [Row(f"Contract with {contract.account}", "", days)]
    return str(found.now), [one for _, rows in found.groups for one in rows]


def _amendment(amendment: Amendment, now: datetime) -> tuple[str, Iterable[Row]]:
    found = differences(amendment)
    return str(amendment.contract), [Row(one.what, one.old, one.new, one.percent) for one in found]


def _grant(grant: CreditGrant, now: datetime) -> tuple[str, Iterable[Row]]:
    credit = grant.instrument
    return "", [Row(f"{grant.name} for {grant.account}", "", f"{credit.currency} {plain(credit.amount)}")]


def _policy(version: PolicyVersion, now: datetime) -> tuple[str, Iterable[Row]]:
    approved = version.policy.versions.filter(status="APPROVED", number__lt=version.number)
    old = approved.order_by("-number").first()
    if old is None:
        said = sentence_of(version)
        return "", [Row(said.when, "", said.who)]
    return f"version {old.number}", [Row(one.what, one.old, one.new) for one in policy_changes(old, version)]


WORDS: Mapping[type[Any], Callable[[Any, datetime], tuple[str, Iterable[Row]]]] = {
    MetricVersion: _metric,
    PlanVersion: _plan,
    Contract: _contract,
    Amendment: _amendment,
    CreditGrant: _grant,
    PolicyVersion: _policy,
}
