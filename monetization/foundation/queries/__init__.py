"""Questions about "who": whose customers, whose decision, which account, is the log whole."""

from monetization.foundation.queries.approvals import (
    decisions_on,
    facts_of,
    makers_of,
    needs,
    needs_of,
    outstanding,
    outstanding_of,
    outstanding_of_all,
    request_digest,
    requests_for,
    waiting_for,
)
from monetization.foundation.queries.chain import Report, chain_content, verify_chain
from monetization.foundation.queries.people import (
    accounts_for,
    accounts_named,
    customers_for,
    roles_of,
    sees_all_customers,
)
from monetization.foundation.queries.subjects import subject_of

__all__ = [
    "Report",
    "accounts_named",
    "accounts_for",
    "chain_content",
    "customers_for",
    "decisions_on",
    "facts_of",
    "makers_of",
    "needs",
    "needs_of",
    "outstanding",
    "outstanding_of",
    "outstanding_of_all",
    "request_digest",
    "requests_for",
    "roles_of",
    "sees_all_customers",
    "subject_of",
    "verify_chain",
    "waiting_for",
]
