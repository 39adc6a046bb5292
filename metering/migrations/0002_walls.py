"""The table of events, its monthly partitions and their walls; what a customer's people may read of usage.

Events are partitioned by month of their time. A leaf is unique on (environment, source, id), so nobody can
write a repeat into it. Leaves are made by `metering_make_partition`, which belongs to the owner of the tables:
it is the only way in which the app may make one, and it makes nothing else. Making one doesn't stop writers
(create, then attach: SHARE UPDATE EXCLUSIVE on the parent), and two callers at once make it once.

Nobody reads or writes a leaf by its own name: rights and row-level security stand on the parent.
"""

from django.db import migrations

from monetization.foundation.walls import OWN_ACCOUNTS, append_only, portal_reads, run

EVENTS = """
CREATE SEQUENCE metering_event_seq;
CREATE TABLE metering_event (
  seq bigint NOT NULL DEFAULT nextval('metering_event_seq'),
  environment_id bigint NOT NULL,
  account_id bigint NOT NULL,
  source text NOT NULL,
  event_id text NOT NULL,
  type text NOT NULL,
  subject text NOT NULL,
  "time" timestamptz NOT NULL,
  is_time_given boolean NOT NULL DEFAULT true,
  received_at timestamptz NOT NULL,
  data jsonb NOT NULL,
  digest bytea NOT NULL CHECK (length(digest) = 32)
) PARTITION BY RANGE ("time");
ALTER SEQUENCE metering_event_seq OWNED BY metering_event.seq;
GRANT USAGE, SELECT ON SEQUENCE metering_event_seq TO {app};
ALTER TABLE metering_hourlyusage SET (fillfactor = 70);
ALTER TABLE metering_usagemark SET (fillfactor = 70);
"""
DROP_EVENTS = "DROP TABLE metering_event;"

PARTITIONS = """
CREATE FUNCTION metering_make_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  starts date := date_trunc('month', month::timestamp)::date;
  ends date := (date_trunc('month', month::timestamp) + interval '1 month')::date;
  leaf text := 'metering_event_' || to_char(month, 'YYYY_MM');
BEGIN
  IF month IS NULL OR month < DATE '2000-01-01' OR month >= DATE '2200-01-01' THEN
    RAISE EXCEPTION 'events are kept from 2000 to 2199, not for %', month
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF to_regclass('public.' || leaf) IS NOT NULL THEN RETURN false; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('metering_make_partition'));
  -- Asked of the table itself: what to_regclass remembers may be older than the lock.
  IF EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = leaf) THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE public.%I (LIKE public.metering_event'
    ' INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', leaf);
  EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC, {app}, {portal}', leaf);
  EXECUTE format('CREATE UNIQUE INDEX ON public.%I (environment_id, source, event_id)', leaf);
  EXECUTE format('CREATE INDEX ON public.%I (account_id, "time")', leaf);
  EXECUTE format('CREATE INDEX ON public.%I USING brin (seq) WITH (pages_per_range = 32)', leaf);
  EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON public.%I'
    ' FOR EACH STATEMENT EXECUTE FUNCTION public.forbid_change()', leaf);
  EXECUTE format('ALTER TABLE public.metering_event ATTACH PARTITION public.%I'
    ' FOR VALUES FROM (%L) TO (%L)', leaf, starts || ' 00:00:00+00', ends || ' 00:00:00+00');
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION metering_make_partition(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION metering_make_partition(date) TO {app};
"""
DROP_PARTITIONS = "DROP FUNCTION metering_make_partition(date);"

OWN = f"account_id IN {OWN_ACCOUNTS}"
OWN_SETS = "id IN (SELECT dimensions_id FROM metering_hourlyusage)"  # itself filtered by its policy


class Migration(migrations.Migration):
    dependencies = [
        ("metering", "0001_initial"),
        ("foundation", "0002_walls"),
    ]

    operations = [
        run(EVENTS, DROP_EVENTS),
        run(PARTITIONS, DROP_PARTITIONS),
        append_only("metering_event"),
        append_only("metering_eventremoval"),
        portal_reads("metering_event", OWN),
        portal_reads("metering_eventremoval", OWN),
        portal_reads("metering_hourlyusage", OWN),
        portal_reads("metering_usagemark", OWN),
        portal_reads("metering_dimensionset", OWN_SETS),
    ]
