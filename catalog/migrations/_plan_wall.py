"""The wall of sign-ups: a contract stands on its plan version's approval only where it says just what that packs.

`catalog_is_as_planned` compares the contract and each of its parts with the document of the version, both ways.
"""

PAID = "coalesce(c.trial_until, c.start_date)"
COLUMNS = f"""
    v.status = 'APPROVED' AND v.request_id = c.request_id AND v.effective_date <= c.start_date
    AND NOT EXISTS (SELECT 1 FROM catalog_planversion n WHERE n.plan_id = v.plan_id AND n.status = 'APPROVED'
      AND n.effective_date > v.effective_date AND n.effective_date <= c.start_date)
    AND v.rate_card_id = c.rate_card_id AND v.legal_entity_id = c.legal_entity_id
    AND v.pinned_version_id IS NOT DISTINCT FROM c.pinned_version_id AND c.pinned_until IS NULL
    AND c.discount_percent = 0 AND d->'currencies' ? c.currency
    AND d->>'cadence' = c.cadence AND d->>'anchor' = c.anchor
    AND (d->>'anchor_day')::int IS NOT DISTINCT FROM c.anchor_day AND (d->>'net_days')::int = c.net_days
    AND c.trial_until IS NOT DISTINCT FROM
      (CASE WHEN (d->>'trial_days')::int > 0 THEN c.start_date + (d->>'trial_days')::int END)
    AND c.end_date IS NOT DISTINCT FROM ({PAID} + make_interval(months => (d->>'term_months')::int))::date - 1
"""
PRODUCT = "(SELECT p.key FROM catalog_product p WHERE p.id = t.product_id)"
MONEY = "(x->'{}'->>c.currency)::numeric"
NUMBER = "(x->>'{}')::numeric"
WORDS = ("x->>'key'", "x->>'name'")
LISTED = "(SELECT coalesce(array_agg(y ORDER BY y), '{}') FROM jsonb_array_elements_text(x->'products') y)"
VALID = f"""least(c.end_date, CASE WHEN (x->>'months')::int > 0
      THEN ({PAID} + make_interval(months => (x->>'months')::int))::date - 1
      WHEN (x->>'days')::int > 0 THEN {PAID} + (x->>'days')::int - 1 END)"""


def _scope(table: str) -> str:
    return (
        f"(SELECT coalesce(array_agg(p.key::text ORDER BY p.key::text), '{{}}') FROM catalog_{table}_products s"
        f" JOIN catalog_product p ON p.id = s.product_id WHERE s.{table}_id = t.id)"
    )


# table, member of the document, columns of the row, what the document says for each
PARTS = (
    ("recurringcharge", "fees", ("t.key", "t.name", PRODUCT, "t.unit_price", "t.quantity", "t.timing", "t.cadence"),
     (*WORDS, "x->>'product'", MONEY.format("unit_price"), NUMBER.format("quantity"), "x->>'timing'", "x->>'cadence'")),
    ("onetimecharge", "one_time", ("t.key", "t.name", PRODUCT, "t.unit_price", "t.quantity", "t.date"),
     (*WORDS, "x->>'product'", MONEY.format("unit_price"), NUMBER.format("quantity"), PAID)),
    ("agreedallowance", "allowances",
     ("t.key", "t.name", PRODUCT, "t.units",
      "coalesce((SELECT r.key FROM catalog_recurringcharge r WHERE r.id = t.per_id), '')"),
     (*WORDS, "x->>'product'", NUMBER.format("units"), "x->>'per'")),
    ("agreeddiscount", "discounts",
     ("t.key", "t.name", "t.percent", "t.amount", "t.counts_for_minimum", "t.periods", "t.carry_rest",
      _scope("agreeddiscount")),
     (*WORDS, NUMBER.format("percent"), MONEY.format("amount"), "(x->>'counts_for_minimum')::bool",
      "NULL::smallint", "false", LISTED)),
    ("agreedbound", "bounds", ("t.key", "t.name", "t.kind", "t.amount", "t.prorates", _scope("agreedbound")),
     (*WORDS, "x->>'kind'", MONEY.format("amount"), "(x->>'prorates')::bool", LISTED)),
    ("instrument", "grants",
     ("t.name", "t.kind", "t.currency", "t.amount", "t.invoiced", "t.start_date", "t.end_date", _scope("instrument")),
     ("x->>'name'", "'CREDIT'", "c.currency", MONEY.format("amount"), "0", PAID, VALID, LISTED)),
)  # fmt: skip


def _same(table: str, member: str, stored: tuple[str, ...], planned: tuple[str, ...]) -> str:
    rows = f"SELECT {', '.join(stored)} FROM catalog_{table} t WHERE t.contract_id = c.id"
    said = f"SELECT {', '.join(planned)} FROM jsonb_array_elements(d->'{member}') x"
    return f"NOT EXISTS ((({rows}) EXCEPT ALL ({said})) UNION ALL (({said}) EXCEPT ALL ({rows})))"


AS_PLANNED = f"""
CREATE FUNCTION catalog_is_as_planned(c catalog_contract) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE v catalog_planversion; d jsonb;
BEGIN
  SELECT * INTO v FROM catalog_planversion WHERE id = c.plan_version_id;
  d := v.content;
  RETURN v.id IS NOT NULL AND {COLUMNS}
    AND NOT EXISTS (SELECT 1 FROM catalog_quantitychange q JOIN catalog_recurringcharge r ON r.id = q.charge_id
      WHERE r.contract_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM catalog_priceoverride o WHERE o.contract_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM catalog_pricemultiplier m WHERE m.contract_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM catalog_agreedcomposite s WHERE s.contract_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM catalog_commit k WHERE k.contract_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM catalog_recurringgrant g WHERE g.contract_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM catalog_instrument i WHERE i.contract_id = c.id AND (i.rolled_from_id IS NOT NULL
      OR i.rollover_percent <> 0 OR i.tags <> '{{}}' OR i.dimensions <> '{{}}'))
    AND {" AND ".join(_same(*part) for part in PARTS)};
END $$;
"""
DROP_AS_PLANNED = "DROP FUNCTION catalog_is_as_planned;"
