"""Walls of the dues: what is booked or issued stays, and the portal sees only its own accounts' papers.

An invoice is free as a draft. From review on its lines, taxes and evidence are frozen with it and only the
columns of its way through approval move; once issued, only its status, what was paid and the revision do.
Flags may still be added and taken away until it is issued: late usage is noticed during review.
"""

from django.db import migrations

from billing.rules.lifecycle import ARROWS
from monetization.foundation.walls import OWN_ACCOUNTS, append_only, frozen, frozen_part, portal_reads, run

PAIRS = ",".join(sorted(f"{start.value}>{goal.value}" for start, goals in ARROWS.items() for goal in goals))
ON_ITS_WAY = (
    "content_digest", "prepared_by_id", "reviewed_at", "approved_by_id", "approved_at",
    "issued_by_id", "issued_at", "due_date", "number", "paid", "revision",
)  # fmt: skip
OF_INVOICE = "SELECT status FROM billing_invoice WHERE id = $1"
OF_LINE = "SELECT i.status FROM billing_invoiceline l JOIN billing_invoice i ON i.id = l.invoice_id WHERE l.id = $1"
OWN_INVOICES = "invoice_id IN (SELECT id FROM billing_invoice)"  # itself filtered by the policy above it

ISSUED_IS_FINAL = run(
    "CREATE TRIGGER issued_is_final BEFORE UPDATE ON billing_invoice FOR EACH ROW"
    f" EXECUTE FUNCTION frozen_row('DRAFT,IN_REVIEW,APPROVED', 'status,paid,revision', '{PAIRS}');"
    "ALTER TABLE billing_invoice ADD CONSTRAINT invoice_numbered_when_issued"
    " CHECK ((number <> '') = (status IN ('ISSUED', 'PAID', 'VOID')));"
    "ALTER TABLE billing_invoice ADD CONSTRAINT invoice_paid_within_total"
    " CHECK (paid = 0 OR (paid > 0 AND paid <= total));",
    "ALTER TABLE billing_invoice DROP CONSTRAINT invoice_numbered_when_issued;"
    "ALTER TABLE billing_invoice DROP CONSTRAINT invoice_paid_within_total;"
    "DROP TRIGGER issued_is_final ON billing_invoice;",
)


NEVER_OVERDRAWN = run(
    """
CREATE FUNCTION billing_never_overdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  balance numeric;
BEGIN
  PERFORM 1 FROM catalog_instrument WHERE id = NEW.instrument_id FOR UPDATE;
  SELECT coalesce(sum(amount), 0) INTO balance FROM billing_movement WHERE instrument_id = NEW.instrument_id;
  IF balance + NEW.amount < 0 THEN
    RAISE EXCEPTION 'instrument % would be overdrawn: % and %', NEW.instrument_id, balance, NEW.amount
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER never_overdrawn BEFORE INSERT ON billing_movement
  FOR EACH ROW EXECUTE FUNCTION billing_never_overdrawn();
""",
    "DROP TRIGGER never_overdrawn ON billing_movement; DROP FUNCTION billing_never_overdrawn();",
)


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0001_initial"),
        ("catalog", "0002_walls"),
        ("foundation", "0002_walls"),
    ]

    operations = [
        append_only("billing_transfer"),
        append_only("billing_payment"),
        append_only("billing_movement"),
        NEVER_OVERDRAWN,
        append_only("billing_issuedcopy"),
        frozen("billing_invoice", free=("DRAFT",), arrows=ARROWS, columns=ON_ITS_WAY),
        ISSUED_IS_FINAL,
        *(
            frozen_part(table, column="invoice_id", status=OF_INVOICE, free=("DRAFT",))
            for table in ("billing_invoiceline", "billing_invoicetax", "billing_drawdown")
        ),
        frozen_part("billing_evidence", column="line_id", status=OF_LINE, free=("DRAFT",)),
        frozen_part(
            "billing_flag", column="invoice_id", status=OF_INVOICE, free=("DRAFT", "IN_REVIEW", "APPROVED")
        ),
        portal_reads("billing_invoice", f"account_id IN {OWN_ACCOUNTS} AND status IN ('ISSUED', 'PAID', 'VOID')"),
        *(
            portal_reads(table, OWN_INVOICES)
            for table in (
                "billing_invoiceline", "billing_invoicetax", "billing_issuedcopy", "billing_document",
                "billing_payment",
            )
        ),
        portal_reads("billing_movement", "instrument_id IN (SELECT id FROM catalog_instrument)"),
        portal_reads("billing_drawdown", "instrument_id IN (SELECT id FROM catalog_instrument)"),
        portal_reads("billing_evidence", "line_id IN (SELECT id FROM billing_invoiceline)"),
        portal_reads(
            "billing_taxrate",
            f"environment_id IN (SELECT environment_id FROM foundation_account WHERE id IN {OWN_ACCOUNTS})",
        ),
    ]  # fmt: skip
