"""Walls of "who": append-only audit and decisions, arrows of requests and policies, what a customer's people see.

A version of a policy is born as a draft and approved only with its own request and digest. One exception lets a new
installation begin: without author and request it may be born approved, while no policy about policies is in force.
"""

from django.db import migrations

from monetization.foundation import walls
from monetization.foundation.rules.approvals import ARROWS
from monetization.foundation.rules.versions import ARROWS as VERSION_ARROWS

CHECKER = """
ALTER TABLE foundation_decision ADD CONSTRAINT checker_is_not_maker
  CHECK (by_id <> ALL (maker_ids) AND array_position(maker_ids, NULL) IS NULL
         AND (in_name_of_id IS NULL OR (in_name_of_id <> ALL (maker_ids) AND in_name_of_id <> by_id)));
"""
DROP_CHECKER = "ALTER TABLE foundation_decision DROP CONSTRAINT checker_is_not_maker;"

OF_POLICY = "SELECT status FROM foundation_policyversion WHERE id = $1"
APPROVED_POLICY = """
CREATE FUNCTION policy_needs_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> 'APPROVED' OR (TG_OP = 'UPDATE' AND OLD.status = 'APPROVED') THEN RETURN NEW; END IF;
  IF NEW.created_by_id IS NULL AND NEW.request_id IS NULL AND NEW.number = 1 AND NOT EXISTS (
    SELECT 1 FROM foundation_policyversion v JOIN foundation_policy p ON p.id = v.policy_id
    WHERE v.status = 'APPROVED' AND p.kind = 'policy' AND v.id <> NEW.id
      AND p.environment_id = (SELECT environment_id FROM foundation_policy WHERE id = NEW.policy_id)) THEN
    RETURN NEW;
  END IF;
  IF NOT EXISTS (
    SELECT 1 FROM foundation_changerequest r JOIN foundation_changeitem i ON i.request_id = r.id
    WHERE r.id = NEW.request_id AND r.status IN ('APPROVED', 'SCHEDULED', 'LIVE')
      AND i.subject = 'foundation.policy_version:' || NEW.id AND i.digest = NEW.content_digest) THEN
    RAISE EXCEPTION 'policy version % is not approved with this content', NEW.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER needs_approval BEFORE INSERT OR UPDATE ON foundation_policyversion
  FOR EACH ROW EXECUTE FUNCTION policy_needs_approval();
"""
DROP_APPROVED_POLICY = "DROP TRIGGER needs_approval ON foundation_policyversion; DROP FUNCTION policy_needs_approval();"

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
        walls.append_only("foundation_comment"),
        walls.append_only("foundation_escalation"),
        walls.run(APPROVED_POLICY, DROP_APPROVED_POLICY),
        walls.frozen("foundation_policyversion", free=("DRAFT",), arrows=VERSION_ARROWS, columns=()),
        walls.frozen_part("foundation_policycondition", column="version_id", status=OF_POLICY, free=("DRAFT",)),
        walls.frozen_part("foundation_policyrole", column="version_id", status=OF_POLICY, free=("DRAFT",)),
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
