"""Roles and what each may do, as data.

An ability is `app.verb_noun` and is asked for with `user.has_perm(ability, obj)`. Reading is open to
all staff (sales only for the customers granted to them, see `queries.customers_for`); changing is
listed here. The maker of a thing never approves it, whatever roles he has: `rules/approvals.py`.
"""

from enum import Enum


class Role(Enum):
    """A staff role; `value` is stored, `label` shown."""

    HEAD = "HEAD"
    PRODUCT = "PRODUCT"
    ENGINEERING = "ENGINEERING"
    FINANCE = "FINANCE"
    REVOPS = "REVOPS"
    SALES = "SALES"
    SUPPORT = "SUPPORT"
    AUDITOR = "AUDITOR"

    @property
    def label(self) -> str:
        """Return the words for people."""
        return LABELS[self]


LABELS = {
    Role.HEAD: "Head of monetization",
    Role.PRODUCT: "Product manager",
    Role.ENGINEERING: "Engineer",
    Role.FINANCE: "Finance",
    Role.REVOPS: "RevOps",
    Role.SALES: "Sales",
    Role.SUPPORT: "Support",
    Role.AUDITOR: "Auditor (read only)",
}


class MemberRole(Enum):
    """What a customer's person may do in the portal."""

    CUSTOMER_ADMIN = "CUSTOMER_ADMIN"
    CUSTOMER_VIEWER = "CUSTOMER_VIEWER"


READ = frozenset({"foundation.read", "catalog.read", "metering.read", "billing.read", "reports.read"})
READ_AUDIT = frozenset({"foundation.read_audit"})
DECIDE = frozenset({"foundation.decide"})
CATALOG_DRAFT = frozenset(
    {"catalog.draft_metric", "catalog.draft_product", "catalog.draft_rate_card", "catalog.draft_plan"}
)
OPENS = CATALOG_DRAFT | frozenset({"catalog.draft_contract", "foundation.draft_policy"})  # change requests
CONTRACT_DRAFT = frozenset({"catalog.draft_contract", "foundation.change_customer", "billing.sign_up"})
INVOICE_WORK = frozenset(
    {
        "billing.draft_invoice",
        "billing.review_invoice",
        "billing.approve_invoice",
        "billing.issue_invoice",
        "billing.record_payment",
        "billing.set_tax_rate",
    }
)
RETENTION = frozenset({"metering.drop_events"})
KEYS = frozenset({"foundation.manage_api_keys", "foundation.manage_endpoints"})
SELLERS = frozenset({"foundation.manage_legal_entities"})
EVENTS = frozenset({"metering.send_events", "metering.replay_quarantine", "metering.use_quota"})
LIMITS = frozenset({"metering.set_limit"})
BACKFILL = frozenset({"metering.run_backfill"})
CORRECT = frozenset({"metering.correct_events"})
IMPACT = frozenset({"billing.run_impact"})
TRY = BACKFILL | IMPACT
PEOPLE = frozenset({"foundation.manage_people", "foundation.draft_policy"})

ABILITIES: dict[Role, frozenset[str]] = {
    Role.HEAD: READ | READ_AUDIT | DECIDE | CATALOG_DRAFT | CONTRACT_DRAFT | PEOPLE | SELLERS | LIMITS | TRY,
    Role.PRODUCT: READ | DECIDE | CATALOG_DRAFT | TRY,
    Role.ENGINEERING: READ | KEYS | EVENTS | LIMITS | CORRECT | BACKFILL | frozenset({"catalog.draft_metric"}),
    Role.FINANCE: READ | READ_AUDIT | DECIDE | INVOICE_WORK | SELLERS | RETENTION | CORRECT | IMPACT,
    Role.REVOPS: READ | DECIDE | CONTRACT_DRAFT | LIMITS | IMPACT | frozenset({"billing.draft_invoice"}),
    Role.SALES: READ,
    Role.SUPPORT: READ,
    Role.AUDITOR: READ | READ_AUDIT,
}
ALL_ABILITIES: frozenset[str] = frozenset().union(*ABILITIES.values())


def abilities(roles: frozenset[Role]) -> frozenset[str]:
    """Return everything that a holder of these roles may do."""
    return frozenset().union(*(ABILITIES[role] for role in roles))
