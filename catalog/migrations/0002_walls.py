"""Walls of the terms: what was submitted stays as it is, and nothing is in force without its approval.

A version or contract is born as a draft, is free as a draft, and from submission on only its status
moves, along `rules/versions.py`; its content digest stays what it was submitted with. Only the periods of a recurring
grant are written later, as its terms say. It becomes APPROVED
only where its own change request is approved and has this very digest: so even a writer of SQL who is
the application can neither edit what was approved nor approve what nobody decided. One contract needs no decision of
its own: that of a sign-up, which says just what an approved plan version packs, and stands on that one's request.

The portal sees approved contracts of its own accounts, the approved versions of the cards behind them,
and what its environment sells and meters.
"""

from django.db import migrations

from catalog.migrations._plan_wall import AS_PLANNED, DROP_AS_PLANNED
from catalog.rules.imports import ARROWS as ARROWS_OF_IMPORTS
from catalog.rules.versions import ARROWS
from monetization.foundation.walls import OWN_ACCOUNTS, frozen, frozen_part, no_truncate, portal_reads, run


def _of(table: str) -> str:
    """Ask for the status of the contract, or the amendment, that a row of this table is a part of."""
    return (
        f"SELECT coalesce(a.status, c.status) FROM catalog_{table} t"
        " LEFT JOIN catalog_contract c ON c.id = t.contract_id"
        " LEFT JOIN catalog_amendment a ON a.id = t.amendment_id WHERE t.id = $1"
    )


def _signed(table: str) -> str:
    """Ask for the status of the contract that a row of this table is a part of; no amendment adds such rows."""
    return f"SELECT c.status FROM catalog_contract c JOIN catalog_{table} t ON t.contract_id = c.id WHERE t.id = $1"


GOVERNED = {
    "catalog_metricversion": "catalog.metric_version",
    "catalog_ratecardversion": "catalog.rate_card_version",
    "catalog_planversion": "catalog.plan_version",
    "catalog_contract": "catalog.contract",
    "catalog_amendment": "catalog.amendment",
    "catalog_creditgrant": "catalog.credit_grant",
}
# What follows from amendments and invoices stands on the contract, so that constraints and guards can look at it.
COMPUTED = {"catalog_contract": ("last_date", "billed_until")}
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
    "SELECT coalesce(a.status, c.status, g.status) FROM catalog_instrument i"
    " LEFT JOIN catalog_amendment a ON a.id = i.amendment_id LEFT JOIN catalog_contract c ON c.id = i.contract_id"
    " LEFT JOIN catalog_creditgrant g ON g.id = i.grant_id WHERE i.id = $1"
)
OF_COMMIT = _signed("commit")
AGREED = (
    "recurringcharge", "onetimecharge", "agreedallowance", "agreeddiscount", "agreedbound", "agreedcomposite",
    "priceoverride", "pricemultiplier",
)  # fmt: skip
SIGNED = ("commit", "recurringgrant")  # agreed with the contract alone
PARTS = (
    *((f"catalog_{table}", "contract_id", OF_CONTRACT) for table in SIGNED),
    ("catalog_metricmeasure", "version_id", OF_METRIC),
    ("catalog_metricdimension", "version_id", OF_METRIC),
    ("catalog_charge", "version_id", OF_CARD),
    ("catalog_pricerow", "charge_id", OF_CHARGE),
    ("catalog_pricetier", "price_id", OF_PRICE),
    ("catalog_partend", "amendment_id", "SELECT status FROM catalog_amendment WHERE id = $1"),
    ("catalog_overridetier", "override_id", _of("priceoverride")),
    ("catalog_pricemultiplier_products", "pricemultiplier_id", _of("pricemultiplier")),
    ("catalog_agreeddiscount_products", "agreeddiscount_id", _of("agreeddiscount")),
    ("catalog_agreedbound_products", "agreedbound_id", _of("agreedbound")),
    ("catalog_agreedcomposite_products", "agreedcomposite_id", _of("agreedcomposite")),
    ("catalog_instrument_products", "instrument_id", OF_INSTRUMENT),
    ("catalog_commit_products", "commit_id", OF_COMMIT),
    ("catalog_recurringgrant_products", "recurringgrant_id", _signed("recurringgrant")),
    ("catalog_purchase", "commit_id", OF_COMMIT),
    ("catalog_commitprice", "commit_id", OF_COMMIT),
)
OF_IMPORT = "SELECT status FROM catalog_import WHERE id = $1"
NOT_APPLIED = ("WAITING", "READY", "FAULTY", "APPLYING")
IMPORTED = ("catalog_importline", "catalog_importfault")
# Parts of a contract, or of an amendment where they name one.
AMENDABLE = (
    *((f"catalog_{table}", "contract_id", OF_CONTRACT) for table in AGREED),
    ("catalog_quantitychange", "charge_id", _of("recurringcharge")),
)
# Each subquery is itself filtered by the policy of the table that it reads.
OWN_ENVIRONMENTS = "environment_id IN (SELECT environment_id FROM foundation_account)"
OWN_CONTRACTS = "contract_id IN (SELECT id FROM catalog_contract)"
IN_FORCE = "(amendment_id IS NULL OR amendment_id IN (SELECT id FROM catalog_amendment))"
OWN_CARDS = "(SELECT rate_card_id FROM catalog_contract)"
READ = {
    "catalog_contract": f"account_id IN {OWN_ACCOUNTS} AND status = 'APPROVED'",
    "foundation_legalentity": "id IN (SELECT legal_entity_id FROM catalog_contract)",
    "catalog_planversion": "id IN (SELECT plan_version_id FROM catalog_contract)",
    "catalog_plan": "id IN (SELECT plan_id FROM catalog_planversion)",
    "catalog_ratecard": f"id IN {OWN_CARDS}",
    "catalog_ratecardversion": f"rate_card_id IN {OWN_CARDS} AND status = 'APPROVED'",
    "catalog_charge": "version_id IN (SELECT id FROM catalog_ratecardversion)",
    "catalog_pricerow": "charge_id IN (SELECT id FROM catalog_charge)",
    "catalog_pricetier": "price_id IN (SELECT id FROM catalog_pricerow)",
    "catalog_creditgrant": f"account_id IN {OWN_ACCOUNTS} AND status = 'APPROVED'",
    "catalog_amendment": f"{OWN_CONTRACTS} AND status = 'APPROVED'",
    "catalog_partend": "amendment_id IN (SELECT id FROM catalog_amendment)",
    **{f"catalog_{table}": f"{OWN_CONTRACTS} AND {IN_FORCE}" for table in AGREED},
    **{f"catalog_{table}": OWN_CONTRACTS for table in SIGNED},
    "catalog_instrument": f"{OWN_CONTRACTS} AND {IN_FORCE} OR grant_id IN (SELECT id FROM catalog_creditgrant)",
    "catalog_quantitychange": f"charge_id IN (SELECT id FROM catalog_recurringcharge) AND {IN_FORCE}",
    "catalog_overridetier": "override_id IN (SELECT id FROM catalog_priceoverride)",
    "catalog_pricemultiplier_products": "pricemultiplier_id IN (SELECT id FROM catalog_pricemultiplier)",
    "catalog_agreeddiscount_products": "agreeddiscount_id IN (SELECT id FROM catalog_agreeddiscount)",
    "catalog_agreedbound_products": "agreedbound_id IN (SELECT id FROM catalog_agreedbound)",
    "catalog_agreedcomposite_products": "agreedcomposite_id IN (SELECT id FROM catalog_agreedcomposite)",
    "catalog_instrument_products": "instrument_id IN (SELECT id FROM catalog_instrument)",
    "catalog_commit_products": "commit_id IN (SELECT id FROM catalog_commit)",
    "catalog_recurringgrant_products": "recurringgrant_id IN (SELECT id FROM catalog_recurringgrant)",
    "catalog_purchase": "commit_id IN (SELECT id FROM catalog_commit)",
    "catalog_commitprice": "commit_id IN (SELECT id FROM catalog_commit)",
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
  IF OLD.status = 'APPROVED' AND NEW.status <> 'APPROVED' AND NOT EXISTS (
    SELECT 1 FROM foundation_changerequest r
    WHERE r.id = OLD.request_id AND r.status IN ('DRAFT', 'REJECTED', 'WITHDRAWN')) THEN
    RAISE EXCEPTION '% % is approved, and nobody took its request back', TG_TABLE_NAME, NEW.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.status IN ('SUBMITTED', 'APPROVED') AND NEW.status <> OLD.status
     AND (NEW.request_id IS NULL OR NEW.content_digest IS NULL) THEN
    RAISE EXCEPTION '% % has no change request', TG_TABLE_NAME, NEW.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_TABLE_NAME = 'catalog_contract' AND NEW.status = 'APPROVED' AND OLD.status <> 'APPROVED' THEN
    IF catalog_is_as_planned(NEW) THEN RETURN NEW; END IF;
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


AMENDED = """
CREATE FUNCTION catalog_frozen_agreed() RETURNS trigger LANGUAGE plpgsql AS $$
-- args: query for the status of the contract by id ($1), column with that id; an amendment's parts are free with it
DECLARE
  part jsonb; status text;
BEGIN
  FOREACH part IN ARRAY ARRAY[
    CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END]
  LOOP
    CONTINUE WHEN part IS NULL;
    IF part->>'amendment_id' IS NOT NULL THEN
      SELECT a.status INTO status FROM catalog_amendment a WHERE a.id = (part->>'amendment_id')::bigint;
    ELSE
      EXECUTE TG_ARGV[0] INTO status USING (part->>TG_ARGV[1])::bigint;
    END IF;
    IF status IS NOT NULL AND status <> 'DRAFT' THEN
      RAISE EXCEPTION '% belongs to something frozen (%): % refused', TG_TABLE_NAME, status, TG_OP
        USING ERRCODE = 'restrict_violation';
    END IF;
  END LOOP;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION catalog_amended_end() RETURNS trigger LANGUAGE plpgsql AS $$
-- an approved contract's last day is its own, or that of the last approved amendment which moves it
DECLARE
  agreed date := NEW.end_date;
BEGIN
  IF NEW.status = 'APPROVED' THEN
    SELECT CASE WHEN count(*) = 0 THEN NEW.end_date ELSE (array_agg(a.end_date
        ORDER BY a.effective_date DESC, a.number DESC))[1] END INTO agreed
      FROM catalog_amendment a
      WHERE a.contract_id = NEW.id AND a.status = 'APPROVED' AND (a.is_open OR a.end_date IS NOT NULL);
    IF NEW.last_date IS DISTINCT FROM agreed THEN
      RAISE EXCEPTION 'contract %: nobody approved that it serves until %', NEW.id, NEW.last_date
        USING ERRCODE = 'restrict_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER amended_end BEFORE UPDATE ON catalog_contract FOR EACH ROW EXECUTE FUNCTION catalog_amended_end();
"""
DROP_AMENDED = "DROP TRIGGER amended_end ON catalog_contract; DROP FUNCTION catalog_frozen_agreed, catalog_amended_end;"


def frozen_agreed(table: str, column: str, status: str) -> migrations.RunPython:
    """Freeze parts with their contract, or with the amendment that agreed them."""
    return run(
        f"CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION catalog_frozen_agreed('{status}', '{column}');{no_truncate(table)}",
        f"DROP TRIGGER frozen ON {table}; DROP TRIGGER no_truncate ON {table};",
    )


FROZEN_WITH_ITS_CONTRACT = run(
    f"""
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON catalog_instrument
  FOR EACH ROW EXECUTE FUNCTION catalog_frozen_agreed('{OF_CONTRACT}', 'contract_id');
CREATE TRIGGER frozen_new BEFORE INSERT ON catalog_instrument FOR EACH ROW WHEN (NEW.recurring_id IS NULL)
  EXECUTE FUNCTION catalog_frozen_agreed('{OF_CONTRACT}', 'contract_id');
CREATE FUNCTION catalog_granted_by_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM catalog_recurringgrant g JOIN catalog_contract c ON c.id = g.contract_id
    WHERE g.id = NEW.recurring_id AND c.id = NEW.contract_id AND c.status = 'APPROVED'
      AND c.account_id = NEW.account_id AND c.currency = NEW.currency AND NEW.amount <= g.amount
      AND NEW.kind = 'CREDIT' AND NEW.start_date >= coalesce(g.start_date, c.start_date)
      AND NEW.start_date <= coalesce(g.end_date, c.last_date, 'infinity')) THEN
    RAISE EXCEPTION 'no contract grants instrument %', NEW.key USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER granted_by_terms BEFORE INSERT ON catalog_instrument FOR EACH ROW
  WHEN (NEW.recurring_id IS NOT NULL) EXECUTE FUNCTION catalog_granted_by_terms();
{no_truncate("catalog_instrument")}
""",
    "DROP TRIGGER frozen ON catalog_instrument; DROP TRIGGER frozen_new ON catalog_instrument;"
    "DROP TRIGGER granted_by_terms ON catalog_instrument; DROP TRIGGER no_truncate ON catalog_instrument;"
    "DROP FUNCTION catalog_granted_by_terms();",
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
        run(AS_PLANNED, DROP_AS_PLANNED),
        run(APPROVAL, DROP_APPROVAL),
        run(AMENDED, DROP_AMENDED),
        *(frozen(table, free=("DRAFT",), arrows=ARROWS, columns=COMPUTED.get(table, ())) for table in GOVERNED),
        *(needs_approval(table, noun) for table, noun in GOVERNED.items()),
        *(frozen_part(table, column=column, status=status, free=("DRAFT",)) for table, column, status in PARTS),
        *(frozen_agreed(*part) for part in AMENDABLE),
        FROZEN_WITH_ITS_CONTRACT,
        GRANTED_WITH_ITS_GRANT,
        frozen("catalog_import", free=NOT_APPLIED, arrows=ARROWS_OF_IMPORTS, columns=()),
        *(frozen_part(table, column="imported_id", status=OF_IMPORT, free=NOT_APPLIED) for table in IMPORTED),
        *(portal_reads(table, own) for table, own in READ.items()),
    ]
