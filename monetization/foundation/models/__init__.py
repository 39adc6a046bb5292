"""Tables of "who": people, customers, environments, approvals, audit, messages out."""

from monetization.foundation.models.access import ApiKey, IdempotentAnswer
from monetization.foundation.models.approvals import (
    ChangeItem,
    ChangeRequest,
    Decision,
    Policy,
    PolicyRole,
)
from monetization.foundation.models.audit import AuditAnchor, AuditEntry, AuditLink
from monetization.foundation.models.customers import (
    Account,
    AccountAlias,
    Customer,
    CustomerGroupGrant,
    CustomerUserGrant,
    Membership,
)
from monetization.foundation.models.environments import Environment, LegalEntity, NumberSeries
from monetization.foundation.models.outbox import Delivery, Endpoint, Message
from monetization.foundation.models.people import RoleGrant, User

__all__ = [
    "Account",
    "AccountAlias",
    "ApiKey",
    "AuditAnchor",
    "AuditEntry",
    "AuditLink",
    "ChangeItem",
    "ChangeRequest",
    "Customer",
    "CustomerGroupGrant",
    "CustomerUserGrant",
    "Decision",
    "Delivery",
    "Endpoint",
    "Environment",
    "IdempotentAnswer",
    "LegalEntity",
    "Membership",
    "Message",
    "NumberSeries",
    "Policy",
    "PolicyRole",
    "RoleGrant",
    "User",
]
