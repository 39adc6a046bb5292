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


def _of(table: str) -> str:
    """Ask for the status of the contract that a row of this table is a part of."""
    return f"SELECT c.status FROM catalog_contract c JOIN catalog_{table} t ON t.contract_id = c.id WHERE t.id = $1"


GOVERNED = {
    "catalog_metricversion": "catalog.metric_version",
    "catalog_ratecardversion": "catalog.rate_card_version",
    "catalog_contract": "catalog.contract",
    "catalog_creditgrant": "catalog.credit_grant",
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
OF_CONTRACT = "SELECT status FROM catalog_contract WHERE id = $1"
OF_GRANT = "SELECT status FROM catalog_creditgrant WHERE id = $1"
OF_INSTRUMENT = (
    "SELECT coalesce(c.status, g.status) FROM catalog_instrument i LEFT JOIN catalog_contract c ON c.id = i.contract_id"
    " LEFT JOIN catalog_creditgrant g ON g.id = i.grant_id WHERE i.id = $1"
)
AGREED = ("recurringcharge", "onetimecharge", "agreeddiscount", "agreedbound", "instrument")
PARTS = (
    ("catalog_metricmeasure", "version_id", OF_METRIC),
    ("catalog_metricdimension", "version_id", OF_METRIC),
    ("catalog_charge", "version_id", OF_CARD),
    ("catalog_pricerow", "charge_id", OF_CHARGE),
    ("catalog_pricetier", "price_id", OF_PRICE),
    *((f"catalog_{table}", "contract_id", OF_CONTRACT) for table in AGREED),
    ("catalog_quantitychange", "charge_id", _of("recurringcharge")),
    ("catalog_agreeddiscount_products", "agreeddiscount_id", _of("agreeddiscount")),
    ("catalog_agreedbound_products", "agreedbound_id", _of("agreedbound")),
    ("catalog_instrument_products", "instrument_id", OF_INSTRUMENT),
)
# Each subquery is itself filtered by the policy of the table that it reads.
OWN_ENVIRONMENTS = "environment_id IN (SELECT environment_id FROM foundation_account)"
OWN_CONTRACTS = "contract_id IN (SELECT id FROM catalog_contract)"
OWN_CARDS = "(SELECT rate_card_id FROM catalog_contract)"
READ = {
    "catalog_contract": f"account_id IN {OWN_ACCOUNTS} AND status = 'APPROVED'",
    "foundation_legalentity": "id IN (SELECT legal_entity_id FROM catalog_contract)",
    "catalog_ratecard": f"id IN {OWN_CARDS}",
    "catalog_ratecardversion": f"rate_card_id IN {OWN_CARDS} AND status = 'APPROVED'",
    "catalog_charge": "version_id IN (SELECT id FROM catalog_ratecardversion)",
    "catalog_pricerow": "charge_id IN (SELECT id FROM catalog_charge)",
    "catalog_pricetier": "price_id IN (SELECT id FROM catalog_pricerow)",
    "catalog_creditgrant": f"account_id IN {OWN_ACCOUNTS} AND status = 'APPROVED'",
    **{f"catalog_{table}": OWN_CONTRACTS for table in AGREED if table != "instrument"},
    "catalog_instrument": f"{OWN_CONTRACTS} OR grant_id IN (SELECT id FROM catalog_creditgrant)",
    "catalog_quantitychange": "charge_id IN (SELECT id FROM catalog_recurringcharge)",
    "catalog_agreeddiscount_products": "agreeddiscount_id IN (SELECT id FROM catalog_agreeddiscount)",
    "catalog_agreedbound_products": "agreedbound_id IN (SELECT id FROM catalog_agreedbound)",
    "catalog_instrument_products": "instrument_id IN (SELECT id FROM catalog_instrument)",
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


GRANTED_WITH_ITS_GRANT = run(
    "CREATE TRIGGER granted BEFORE INSERT OR UPDATE OR DELETE ON catalog_instrument"
    f" FOR EACH ROW EXECUTE FUNCTION frozen_part('{OF_GRANT}', 'grant_id', 'DRAFT');",
    "DROP TRIGGER granted ON catalog_instrument;",
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
        GRANTED_WITH_ITS_GRANT,
        *(portal_reads(table, own) for table, own in READ.items()),
    ]
