"""Questions about "who": whose customers, whose decision, which account, is the log whole."""

from monetization.foundation.queries.chain import Report, chain_content, verify_chain
from monetization.foundation.queries.desk import (
    Case,
    case_of,
    decider,
    desk_of,
    outstanding_of,
    outstanding_of_all,
    submitted,
    waiting_for,
)
from monetization.foundation.queries.governed import facts_of_row
from monetization.foundation.queries.needed import Answer, approval_for_facts, approval_needed, editors_of
from monetization.foundation.queries.people import (
    accounts_for,
    accounts_named,
    customers_for,
    roles_of,
    sees_all_customers,
)
from monetization.foundation.queries.policies import policy_rules
from monetization.foundation.queries.requests import (
    decisions_on,
    facts_of,
    makers_of,
    needs,
    needs_of,
    outstanding,
    request_digest,
    requests_for,
)
from monetization.foundation.queries.subjects import subject_of

__all__ = [
    "Answer",
    "Case",
    "Report",
    "accounts_for",
    "accounts_named",
    "approval_for_facts",
    "approval_needed",
    "case_of",
    "chain_content",
    "customers_for",
    "decider",
    "decisions_on",
    "desk_of",
    "editors_of",
    "facts_of",
    "facts_of_row",
    "makers_of",
    "needs",
    "needs_of",
    "outstanding",
    "outstanding_of",
    "outstanding_of_all",
    "policy_rules",
    "request_digest",
    "requests_for",
    "roles_of",
    "sees_all_customers",
    "subject_of",
    "submitted",
    "verify_chain",
    "waiting_for",
]
