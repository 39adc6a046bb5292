"""Tables of "who": people, customers, environments, approvals, audit, messages out."""

from monetization.foundation.models.access import ApiKey, IdempotentAnswer
from monetization.foundation.models.approvals import (
    ChangeItem,
    ChangeRequest,
    Decision,
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
from monetization.foundation.models.governed import Governed
from monetization.foundation.models.notices import Comment, MailPreference, Notice
from monetization.foundation.models.outbox import Delivery, Endpoint, Message
from monetization.foundation.models.people import RoleGrant, User
from monetization.foundation.models.policies import Policy, PolicyCondition, PolicyRole, PolicyVersion
from monetization.foundation.models.standing_in import Delegation, Escalation

__all__ = [
    "Account",
    "AccountAlias",
    "ApiKey",
    "AuditAnchor",
    "AuditEntry",
    "AuditLink",
    "ChangeItem",
    "ChangeRequest",
    "Comment",
    "Customer",
    "CustomerGroupGrant",
    "CustomerUserGrant",
    "Decision",
    "Delegation",
    "Delivery",
    "Endpoint",
    "Environment",
    "Escalation",
    "Governed",
    "IdempotentAnswer",
    "LegalEntity",
    "MailPreference",
    "Membership",
    "Message",
    "Notice",
    "NumberSeries",
    "Policy",
    "PolicyCondition",
    "PolicyRole",
    "PolicyVersion",
    "RoleGrant",
    "User",
]
