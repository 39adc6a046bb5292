"""Hold something of limits, and take holds off again, each in one statement of the caller.

A counter that everybody wants is locked only as long as the server itself needs: nobody waits for a client between
the lock and the commit. Rows are locked in one order everywhere (an account's mark, holds, counters, each by id), so
callers wait for each other and never in a circle. All or none: nothing is held anywhere unless it fits everywhere.
"""

from django.db import migrations

from monetization.foundation.walls import OWN_ACCOUNTS, run

RESERVE = """
CREATE FUNCTION metering_reserve(
  environment bigint, hold_key text, account bigint, metric bigint, dims jsonb, wanted numeric,
  holding bigint[], gates bigint[], at timestamptz, expires timestamptz
) RETURNS TABLE (outcome text, counter bigint, spent numeric, held numeric)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
-- HELD (all counters hold it), REFUSED (the counters in which there is no room), KNOWN (the key is taken).
-- Gates are counters of money: they must not be used up, and hold nothing, because no price is known here.
DECLARE made bigint;
BEGIN
  PERFORM 1 FROM public.metering_counter c WHERE c.id = ANY(holding || gates) ORDER BY c.id FOR NO KEY UPDATE;
  RETURN QUERY
    SELECT 'REFUSED', c.id, c.spent, c.held
    FROM public.metering_counter c JOIN public.metering_limit l ON l.id = c.limit_id
    WHERE c.id = ANY(holding || gates) AND l.is_hard AND l.ended_at IS NULL
      AND CASE WHEN c.id = ANY(gates) THEN c.spent >= l.most ELSE c.spent + c.held + wanted > l.most END
      AND NOT EXISTS (SELECT FROM public.metering_hold h WHERE h.environment_id = environment AND h.key = hold_key)
    ORDER BY c.id;
  IF FOUND THEN RETURN; END IF;
  INSERT INTO public.metering_hold (environment_id, key, account_id, metric_id, dimensions, amount, counters, status,
                                    made_at, expires_at, event_source, event_id)
  VALUES (environment, hold_key, account, metric, dims, wanted, to_jsonb(holding), 'HELD', at, expires, '', '')
  ON CONFLICT DO NOTHING RETURNING id INTO made;
  IF made IS NULL THEN
    RETURN QUERY SELECT 'KNOWN', 0::bigint, 0::numeric, 0::numeric;
    RETURN;
  END IF;
  UPDATE public.metering_counter c SET held = c.held + wanted WHERE c.id = ANY(holding);
  INSERT INTO public.metering_breach (counter_id, kind, amount, spent, held, hold_key, at)
    SELECT c.id, 'WARNED', wanted, c.spent, c.held, hold_key, at
    FROM public.metering_counter c JOIN public.metering_limit l ON l.id = c.limit_id
    WHERE c.id = ANY(holding || gates) AND NOT l.is_hard AND l.ended_at IS NULL
      AND CASE WHEN c.id = ANY(gates) THEN c.spent >= l.most ELSE c.spent + c.held > l.most END
    ON CONFLICT DO NOTHING;
  RETURN QUERY
    SELECT 'HELD', c.id, c.spent, c.held FROM public.metering_counter c WHERE c.id = ANY(holding || gates)
    UNION ALL SELECT 'HELD', 0::bigint, 0::numeric, 0::numeric WHERE cardinality(holding || gates) = 0;
END $$;
"""
END = """
CREATE FUNCTION metering_end_holds(holds bigint[], outcome text, at timestamptz) RETURNS bigint[]
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
-- Gives the holds that were held until now.
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
  RETURN ended;
END $$;
"""
GRANTS = """
REVOKE ALL ON FUNCTION
  metering_reserve(bigint, text, bigint, bigint, jsonb, numeric, bigint[], bigint[], timestamptz, timestamptz),
  metering_end_holds(bigint[], text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  metering_reserve(bigint, text, bigint, bigint, jsonb, numeric, bigint[], bigint[], timestamptz, timestamptz),
  metering_end_holds(bigint[], text, timestamptz) TO {app};
ALTER TABLE metering_hold SET (fillfactor = 80);
"""
DROP = "DROP FUNCTION metering_reserve; DROP FUNCTION metering_end_holds;"
# A limit for each account is shown to those who have an account in its environment, and to nobody else.
OWN_LIMITS = f"""
ALTER POLICY portal_own ON metering_limit USING (
  CASE WHEN account_id IS NULL THEN environment_id IN (SELECT environment_id FROM foundation_account)
       ELSE account_id IN {OWN_ACCOUNTS} END);
"""


class Migration(migrations.Migration):
    dependencies = [("metering", "0002_walls")]

    operations = [run(RESERVE + END + GRANTS, DROP), run(OWN_LIMITS)]
