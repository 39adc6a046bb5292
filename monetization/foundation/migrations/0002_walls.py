"""Walls of "who": append-only audit and decisions, arrows of requests, what a customer's people see."""

from django.db import migrations

from monetization.foundation import walls
from monetization.foundation.rules.approvals import ARROWS

CHECKER = """
ALTER TABLE foundation_decision ADD CONSTRAINT checker_is_not_maker
  CHECK (by_id <> ALL (maker_ids) AND array_position(maker_ids, NULL) IS NULL);
"""
DROP_CHECKER = "ALTER TABLE foundation_decision DROP CONSTRAINT checker_is_not_maker;"

# The portal shows a colleague's name and address, never the hash of a password.
ONLY_NAMES = """
REVOKE SELECT ON foundation_user FROM {portal};
GRANT SELECT (id, name, email, is_active) ON foundation_user TO {portal};
"""
DROP_ONLY_NAMES = "REVOKE SELECT (id, name, email, is_active) ON foundation_user FROM {portal};"


class Migration(migrations.Migration):
    dependencies = [("foundation", "0001_initial")]

    operations = [
        walls.run(walls.FUNCTIONS, walls.DROP_FUNCTIONS),
        walls.roles(),
        walls.append_only("foundation_auditentry"),
        walls.append_only("foundation_auditlink"),
        walls.append_only("foundation_auditanchor"),
        walls.append_only("foundation_decision"),
        walls.run(CHECKER, DROP_CHECKER),
        walls.frozen(
            "foundation_changerequest",
            free=("DRAFT",),
            arrows=ARROWS,
            columns=("decided_at", "revision"),
        ),
        walls.frozen_part(
            "foundation_changeitem",
            column="request_id",
            status="SELECT status FROM foundation_changerequest WHERE id = $1",
            free=("DRAFT",),
        ),
        walls.portal_reads("foundation_account", f"id IN {walls.OWN_ACCOUNTS}"),
        walls.portal_reads("foundation_accountalias", f"account_id IN {walls.OWN_ACCOUNTS}"),
        walls.portal_reads("foundation_customer", "id IN (SELECT customer_id FROM foundation_account)"),
        walls.portal_reads("foundation_membership", "customer_id IN (SELECT id FROM foundation_customer)"),
        walls.portal_reads("foundation_user", "id IN (SELECT user_id FROM foundation_membership)"),
        walls.run(ONLY_NAMES, DROP_ONLY_NAMES),
        walls.portal_reads("foundation_environment", "id IN (SELECT environment_id FROM foundation_account)"),
    ]
