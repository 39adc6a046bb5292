"""Walls of the terms: what was submitted stays as it is, and nothing is in force without its approval.

A version or contract is born as a draft, is free as a draft, and from submission on only its status
moves, along `rules/versions.py`; its content digest stays what it was submitted with. It becomes APPROVED
only where its own change request is approved and has this very digest: so even a writer of SQL who is
the application can neither edit what was approved nor approve what nobody decided.

The portal sees approved contracts of its own accounts, the approved versions of the cards behind them,
and what its environment sells and meters.
"""

from django.db import migrations

from catalog.rules.versions import ARROWS
from monetization.foundation.walls import OWN_ACCOUNTS, frozen, frozen_part, portal_reads, run

GOVERNED = {
    "catalog_metricversion": "catalog.metric_version",
    "catalog_ratecardversion": "catalog.rate_card_version",
    "catalog_contract": "catalog.contract",
}
OF_METRIC = "SELECT status FROM catalog_metricversion WHERE id = $1"
OF_CARD = "SELECT status FROM catalog_ratecardversion WHERE id = $1"
OF_CHARGE = (
    "SELECT v.status FROM catalog_charge c JOIN catalog_ratecardversion v ON v.id = c.version_id WHERE c.id = $1"
)
OF_PRICE = (
    "SELECT v.status FROM catalog_pricerow p JOIN catalog_charge c ON c.id = p.charge_id"
    " JOIN catalog_ratecardversion v ON v.id = c.version_id WHERE p.id = $1"
)
PARTS = (
    ("catalog_metricmeasure", "version_id", OF_METRIC),
    ("catalog_metricdimension", "version_id", OF_METRIC),
    ("catalog_charge", "version_id", OF_CARD),
    ("catalog_pricerow", "charge_id", OF_CHARGE),
    ("catalog_pricetier", "price_id", OF_PRICE),
)
# Each subquery is itself filtered by the policy of the table that it reads.
OWN_ENVIRONMENTS = "environment_id IN (SELECT environment_id FROM foundation_account)"
OWN_CARDS = "(SELECT rate_card_id FROM catalog_contract)"
READ = {
    "catalog_contract": f"account_id IN {OWN_ACCOUNTS} AND status = 'APPROVED'",
    "foundation_legalentity": "id IN (SELECT legal_entity_id FROM catalog_contract)",
    "catalog_ratecard": f"id IN {OWN_CARDS}",
    "catalog_ratecardversion": f"rate_card_id IN {OWN_CARDS} AND status = 'APPROVED'",
    "catalog_charge": "version_id IN (SELECT id FROM catalog_ratecardversion)",
    "catalog_pricerow": "charge_id IN (SELECT id FROM catalog_charge)",
    "catalog_pricetier": "price_id IN (SELECT id FROM catalog_pricerow)",
    "catalog_product": OWN_ENVIRONMENTS,
    "catalog_metric": OWN_ENVIRONMENTS,
    "catalog_metricversion": "metric_id IN (SELECT id FROM catalog_metric) AND status = 'APPROVED'",
    "catalog_metricmeasure": "version_id IN (SELECT id FROM catalog_metricversion)",
    "catalog_metricdimension": "version_id IN (SELECT id FROM catalog_metricversion)",
}

APPROVAL = """
CREATE FUNCTION catalog_needs_approval() RETURNS trigger LANGUAGE plpgsql AS $$
-- args: how subjects of this table are named
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'DRAFT' THEN
      RAISE EXCEPTION '% is born as a draft, not as %', TG_TABLE_NAME, NEW.status
        USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.status IN ('SUBMITTED', 'APPROVED') AND NEW.status <> OLD.status
     AND (NEW.request_id IS NULL OR NEW.content_digest IS NULL) THEN
    RAISE EXCEPTION '% % has no change request', TG_TABLE_NAME, NEW.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.status = 'APPROVED' AND OLD.status <> 'APPROVED' AND NOT EXISTS (
    SELECT 1 FROM foundation_changerequest r JOIN foundation_changeitem i ON i.request_id = r.id
    WHERE r.id = NEW.request_id AND r.status IN ('APPROVED', 'SCHEDULED', 'LIVE')
      AND i.subject = TG_ARGV[0] || ':' || NEW.id AND i.digest = NEW.content_digest) THEN
    RAISE EXCEPTION '% % is not approved with this content', TG_TABLE_NAME, NEW.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
"""
DROP_APPROVAL = "DROP FUNCTION catalog_needs_approval();"


def needs_approval(table: str, noun: str) -> migrations.RunPython:
    """Let rows be born as drafts only, and become approved only with their request."""
    return run(
        f"CREATE TRIGGER needs_approval BEFORE INSERT OR UPDATE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION catalog_needs_approval('{noun}');",
        f"DROP TRIGGER needs_approval ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0001_initial"),
        ("foundation", "0002_walls"),
    ]

    operations = [
        run(APPROVAL, DROP_APPROVAL),
        *(frozen(table, free=("DRAFT",), arrows=ARROWS, columns=()) for table in GOVERNED),
        *(needs_approval(table, noun) for table, noun in GOVERNED.items()),
        *(frozen_part(table, column=column, status=status, free=("DRAFT",)) for table, column, status in PARTS),
        *(portal_reads(table, own) for table, own in READ.items()),
    ]
