"""Hold something of limits, and take holds off again, each in one statement of the caller.

A counter that everybody wants is locked only as long as the server itself needs: nobody waits for a client between
the lock and the commit. Rows are locked in one order everywhere (an account's mark, holds, counters, each by id), so
callers wait for each other and never in a circle. All or none: nothing is held anywhere unless it fits everywhere.
"""

from django.db import migrations

from monetization.foundation.walls import OWN_ACCOUNTS, run

RESERVE = """
CREATE FUNCTION metering_reserve(
  environment bigint, hold_key text, account bigint, metric bigint, dims jsonb, wanted numeric, money numeric,
  money_currency text, holding bigint[], gates bigint[], at timestamptz, expires timestamptz
) RETURNS TABLE (outcome text, counter bigint, spent numeric, held numeric)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
-- HELD (all counters hold it), REFUSED (the counters in which there is no room), KNOWN (the key is taken).
-- Gates are counters of money: those of the currency hold the money that the caller expects to spend, for no price is
-- known here; and none of them may be used up.
DECLARE made bigint; paying bigint[];
BEGIN
  PERFORM 1 FROM public.metering_counter c WHERE c.id = ANY(holding || gates) ORDER BY c.id FOR NO KEY UPDATE;
  SELECT coalesce(array_agg(c.id ORDER BY c.id), '{}') INTO paying
    FROM public.metering_counter c JOIN public.metering_limit l ON l.id = c.limit_id
    WHERE money > 0 AND c.id = ANY(gates) AND l.currency = money_currency;
  RETURN QUERY
    SELECT 'REFUSED', c.id, c.spent, c.held
    FROM public.metering_counter c JOIN public.metering_limit l ON l.id = c.limit_id
    WHERE c.id = ANY(holding || gates) AND l.is_hard AND l.ended_at IS NULL
      AND CASE WHEN c.id = ANY(paying) THEN c.spent + c.held + money > coalesce(c.most, l.most)
               WHEN c.id = ANY(gates) THEN c.spent + c.held >= coalesce(c.most, l.most)
               ELSE c.spent + c.held + wanted > l.most END
      AND NOT EXISTS (SELECT FROM public.metering_hold h WHERE h.environment_id = environment AND h.key = hold_key)
    ORDER BY c.id;
  IF FOUND THEN RETURN; END IF;
  INSERT INTO public.metering_hold (environment_id, key, account_id, metric_id, dimensions, amount, counters, spend,
                                    currency, spend_counters, holds_spend, status, made_at, expires_at, event_source,
                                    event_id)
  VALUES (environment, hold_key, account, metric, dims, wanted, to_jsonb(holding), money, money_currency,
          to_jsonb(paying), cardinality(paying) > 0, 'HELD', at, expires, '', '')
  ON CONFLICT DO NOTHING RETURNING id INTO made;
  IF made IS NULL THEN
    RETURN QUERY SELECT 'KNOWN', 0::bigint, 0::numeric, 0::numeric;
    RETURN;
  END IF;
  UPDATE public.metering_counter c SET held = c.held + CASE WHEN c.id = ANY(paying) THEN money ELSE wanted END
    WHERE c.id = ANY(holding || paying);
  INSERT INTO public.metering_breach (counter_id, kind, amount, spent, held, hold_key, at)
    SELECT c.id, 'WARNED', CASE WHEN c.id = ANY(gates) THEN money ELSE wanted END, c.spent, c.held, hold_key, at
    FROM public.metering_counter c JOIN public.metering_limit l ON l.id = c.limit_id
    WHERE c.id = ANY(holding || gates) AND NOT l.is_hard AND l.ended_at IS NULL
      AND CASE WHEN c.id = ANY(paying) THEN c.spent + c.held > coalesce(c.most, l.most)
               WHEN c.id = ANY(gates) THEN c.spent + c.held >= coalesce(c.most, l.most)
               ELSE c.spent + c.held > l.most END
    ON CONFLICT DO NOTHING;
  RETURN QUERY
    SELECT 'HELD', c.id, c.spent, c.held FROM public.metering_counter c WHERE c.id = ANY(holding || gates)
    UNION ALL SELECT 'HELD', 0::bigint, 0::numeric, 0::numeric WHERE cardinality(holding || gates) = 0;
END $$;
"""
END = """
CREATE FUNCTION metering_end_holds(holds bigint[], outcome text, at timestamptz) RETURNS bigint[]
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
-- Gives the holds that were held until now. Money of a hold that its event closes stays held: billing writes it first.
DECLARE ended bigint[];
BEGIN
  PERFORM 1 FROM public.metering_hold h WHERE h.id = ANY(holds) ORDER BY h.id FOR NO KEY UPDATE;
  WITH done AS (
    UPDATE public.metering_hold h SET status = outcome, ended_at = at
    WHERE h.id = ANY(holds) AND h.status = 'HELD' RETURNING h.id
  ) SELECT array_agg(id) INTO ended FROM done;
  IF ended IS NULL THEN RETURN '{}'; END IF;
  PERFORM 1 FROM public.metering_counter c
    WHERE c.id IN (SELECT e::bigint FROM public.metering_hold h, jsonb_array_elements_text(h.counters) e
                   WHERE h.id = ANY(ended))
    ORDER BY c.id FOR NO KEY UPDATE;
  UPDATE public.metering_counter c SET held = c.held - taken.amount
    FROM (SELECT e::bigint AS id, sum(h.amount) AS amount
          FROM public.metering_hold h, jsonb_array_elements_text(h.counters) e
          WHERE h.id = ANY(ended) GROUP BY 1) taken
    WHERE c.id = taken.id;
  IF outcome <> 'SETTLED' THEN PERFORM public.metering_free_spend(ended); END IF;
  RETURN ended;
END $$;
"""
FREE = """
CREATE FUNCTION metering_free_spend(holds bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
-- Takes the money of holds off their counters: given back, or written by billing as spent.
BEGIN
  PERFORM 1 FROM public.metering_hold h WHERE h.id = ANY(holds) AND h.holds_spend ORDER BY h.id FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM 1 FROM public.metering_counter c
    WHERE c.id IN (SELECT e::bigint FROM public.metering_hold h, jsonb_array_elements_text(h.spend_counters) e
                   WHERE h.id = ANY(holds) AND h.holds_spend)
    ORDER BY c.id FOR NO KEY UPDATE;
  WITH freed AS (
    UPDATE public.metering_hold h SET holds_spend = false WHERE h.id = ANY(holds) AND h.holds_spend
    RETURNING h.spend, h.spend_counters
  )
  UPDATE public.metering_counter c SET held = c.held - taken.amount
    FROM (SELECT e::bigint AS id, sum(f.spend) AS amount
          FROM freed f, jsonb_array_elements_text(f.spend_counters) e GROUP BY 1) taken
    WHERE c.id = taken.id;
END $$;
"""
GRANTS = """
REVOKE ALL ON FUNCTION metering_reserve, metering_end_holds, metering_free_spend FROM PUBLIC;
GRANT EXECUTE ON FUNCTION metering_reserve, metering_end_holds, metering_free_spend TO {app};
ALTER TABLE metering_hold SET (fillfactor = 80);
"""
DROP = "DROP FUNCTION metering_reserve; DROP FUNCTION metering_end_holds; DROP FUNCTION metering_free_spend;"
# A limit for each account is shown to those who have an account in its environment, and to nobody else.
OWN_LIMITS = f"""
ALTER POLICY portal_own ON metering_limit USING (
  CASE WHEN account_id IS NULL THEN environment_id IN (SELECT environment_id FROM foundation_account)
       ELSE account_id IN {OWN_ACCOUNTS} END);
"""


class Migration(migrations.Migration):
    dependencies = [("metering", "0002_walls")]

    operations = [run(FREE + RESERVE + END + GRANTS, DROP), run(OWN_LIMITS)]
