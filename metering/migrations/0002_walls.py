"""The table of events, its monthly partitions and their walls; what a customer's people may read of usage.

Events are partitioned by month of their time. A leaf is unique on (environment, source, id) among events as
they were sent, so nobody can write a repeat into it. Leaves are made by `metering_make_partition`, which belongs
to the owner of the tables: it is the only way in which the app may make one, and it makes nothing else. Making
one doesn't stop writers (create, then attach: SHARE UPDATE EXCLUSIVE on the parent), and two callers at once make
it once.

A leaf that takes events has, beside its keys, one BRIN index: the times of each block of pages (several ranges,
so that late events don't blur it) and a Bloom filter of its accounts. It costs next to nothing to keep, where a
tree by account would cost a third of the write. `metering_seal_partition` adds that tree once the month is over;
late events still come in. Before a sealed month is dropped `metering_keep_keys` writes down the hashes of its keys,
which takes long and stops nobody; `metering_drop_partition` then drops it, which stops everybody for an instant, and
refuses if an event came in between. A dropped month is never made again: its events would count twice.

Nobody reads a leaf by its own name: rights and row-level security stand on the parent. The app may insert into a leaf,
because COPY into a table with row-level security is refused; its month and its keys bind it there as well.
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
  digest bytea NOT NULL CHECK (length(digest) = 32),
  revision integer NOT NULL DEFAULT 0
) PARTITION BY RANGE ("time");
ALTER SEQUENCE metering_event_seq OWNED BY metering_event.seq;
GRANT USAGE, SELECT ON SEQUENCE metering_event_seq TO {app};
ALTER TABLE metering_hourlyusage SET (fillfactor = 70);
ALTER TABLE metering_dailyusage SET (fillfactor = 70);
ALTER TABLE metering_usagemark SET (fillfactor = 70);
ALTER TABLE metering_counter SET (fillfactor = 50);
ALTER TABLE metering_inbox ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX metering_hourlyusage_time ON metering_hourlyusage USING brin (hour) WITH (autosummarize = on);
INSERT INTO metering_dailymark (id, date, built_at) VALUES (1, '2000-01-01', now());
"""
DROP_EVENTS = "DROP TABLE metering_event;"

PARTITIONS = """
CREATE FUNCTION metering_make_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
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
  IF EXISTS (SELECT FROM public.metering_eventpartition p WHERE p.month = starts AND p.status = 'DROPPED') THEN
    RAISE EXCEPTION 'the events of % were dropped, none can be added', to_char(starts, 'YYYY-MM')
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  EXECUTE format('CREATE TABLE public.%I (LIKE public.metering_event'
    ' INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', leaf);
  EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC, {app}, {portal}', leaf);
  EXECUTE format('GRANT INSERT ON public.%I TO {app}', leaf);
  EXECUTE format('CREATE UNIQUE INDEX ON public.%I (environment_id, source, event_id) WHERE revision = 0', leaf);
  EXECUTE format('CREATE INDEX ON public.%I USING brin ("time" timestamptz_minmax_multi_ops,'
    ' account_id int8_bloom_ops, seq) WITH (pages_per_range = 16, autosummarize = on)', leaf);
  EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON public.%I'
    ' FOR EACH STATEMENT EXECUTE FUNCTION public.forbid_change()', leaf);
  EXECUTE format('ALTER TABLE public.metering_event ATTACH PARTITION public.%I'
    ' FOR VALUES FROM (%L) TO (%L)', leaf, starts || ' 00:00:00+00', ends || ' 00:00:00+00');
  INSERT INTO public.metering_eventpartition (month, status, kept_seq) VALUES (starts, 'OPEN', 0)
    ON CONFLICT (month) DO UPDATE SET status = 'OPEN', sealed_at = NULL;
  RETURN true;
END $$;

CREATE FUNCTION metering_seal_partition(month date, at timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET maintenance_work_mem = '256MB' AS $$
-- Gives the number of events; NULL where there is nothing to seal. Writers of this month wait for the index.
DECLARE
  first date := date_trunc('month', month::timestamp)::date;
  leaf text := 'metering_event_' || to_char(month, 'YYYY_MM');
  counted bigint;
BEGIN
  IF (first + interval '1 month') > at OR at > now() + interval '1 day' THEN
    RAISE EXCEPTION 'the month of % is not over', first USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM 1 FROM public.metering_eventpartition p WHERE p.month = first AND p.status = 'OPEN' FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  EXECUTE format('SELECT count(*) FROM public.%I', leaf) INTO counted;
  EXECUTE format('CREATE INDEX ON public.%I (account_id, "time")', leaf);
  UPDATE public.metering_eventpartition p SET status = 'SEALED', sealed_at = at, events = counted
    WHERE p.month = first;
  RETURN counted;
END $$;

CREATE FUNCTION metering_keep_keys(month date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
-- Writes down the keys of a sealed month's events, as far as the sweep has come; gives how many were added, NULL
-- where there is no such month. An event that the sweep took out as a repeat has its key with the one that stays.
DECLARE
  first date := date_trunc('month', month::timestamp)::date;
  leaf text := 'metering_event_' || to_char(month, 'YYYY_MM');
  known bigint;
  swept bigint;
  counted bigint;
  added bigint;
BEGIN
  SELECT p.kept_seq INTO known FROM public.metering_eventpartition p
    WHERE p.month = first AND p.status = 'SEALED' FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  SELECT coalesce(max(m.seq), 0) INTO swept FROM public.metering_sweepmark m;
  EXECUTE format('INSERT INTO public.metering_eventkey (environment_id, key, digest, "time", is_time_given)'
    ' SELECT e.environment_id, substr(sha256(convert_to(e.source, ''UTF8'') || decode(''00'', ''hex'') ||'
    ' convert_to(e.event_id, ''UTF8'')), 1, 16), e.digest, e."time", e.is_time_given FROM public.%I e'
    ' WHERE e.revision = 0 AND e.seq > $1 AND e.seq <= $2 AND NOT EXISTS (SELECT FROM public.metering_eventremoval r'
    ' WHERE r.event_seq = e.seq AND r.reason IN (''REPEAT'', ''CONFLICT'')) ORDER BY e.seq ON CONFLICT DO NOTHING',
    leaf) USING known, swept;
  GET DIAGNOSTICS added = ROW_COUNT;
  EXECUTE format('SELECT count(*) FROM public.%I', leaf) INTO counted;
  UPDATE public.metering_eventpartition p SET kept_seq = greatest(known, swept), events = counted
    WHERE p.month = first;
  RETURN added;
END $$;

CREATE FUNCTION metering_drop_partition(month date, at timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
-- Drops a sealed month that ended at least 70 days ago and whose keys are kept; gives the number of events, NULL
-- where there is no such month. The table is locked first and the leaf after it, in the order of every reader.
DECLARE
  first date := date_trunc('month', month::timestamp)::date;
  leaf text := 'metering_event_' || to_char(month, 'YYYY_MM');
  known bigint;
  counted bigint;
  is_behind boolean;
BEGIN
  IF (first + interval '1 month' + interval '70 days') > least(at, now()) THEN
    RAISE EXCEPTION 'the month of % is too young to be dropped', first USING ERRCODE = 'invalid_parameter_value';
  END IF;
  LOCK TABLE ONLY public.metering_event IN ACCESS EXCLUSIVE MODE;
  SELECT p.kept_seq, p.events INTO known, counted FROM public.metering_eventpartition p
    WHERE p.month = first AND p.status = 'SEALED' FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE seq > $1)', leaf) INTO is_behind USING known;
  IF is_behind THEN
    RAISE EXCEPTION 'keys of events of % are not kept yet', to_char(first, 'YYYY-MM')
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  EXECUTE format('ALTER TABLE public.metering_event DETACH PARTITION public.%I', leaf);
  EXECUTE format('DROP TABLE public.%I', leaf);
  UPDATE public.metering_eventpartition p SET status = 'DROPPED', dropped_at = at WHERE p.month = first;
  RETURN counted;
END $$;

REVOKE ALL ON FUNCTION metering_make_partition(date), metering_seal_partition(date, timestamptz),
  metering_keep_keys(date), metering_drop_partition(date, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION metering_make_partition(date), metering_seal_partition(date, timestamptz),
  metering_keep_keys(date), metering_drop_partition(date, timestamptz) TO {app};
REVOKE INSERT, UPDATE, DELETE ON metering_eventpartition FROM {app};
"""
DROP_PARTITIONS = (
    "DROP FUNCTION metering_make_partition(date), metering_seal_partition(date, timestamptz),"
    " metering_keep_keys(date), metering_drop_partition(date, timestamptz);"
)

OWN = f"account_id IN {OWN_ACCOUNTS}"
OWN_COUNTERS = "counter_id IN (SELECT id FROM metering_counter)"  # itself filtered by its policy
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
        append_only("metering_correction"),
        append_only("metering_correctedevent"),
        append_only("metering_eventkey"),
        append_only("metering_breach"),
        portal_reads("metering_event", OWN),
        portal_reads("metering_eventremoval", OWN),
        portal_reads("metering_hourlyusage", OWN),
        portal_reads("metering_hourlyvalue", OWN),
        portal_reads("metering_dailyusage", OWN),
        portal_reads("metering_dailymark", "true"),
        portal_reads("metering_usagemark", OWN),
        portal_reads("metering_limit", f"account_id IS NULL OR {OWN}"),
        portal_reads("metering_counter", OWN),
        portal_reads("metering_breach", OWN_COUNTERS),
        portal_reads("metering_limitalert", OWN_COUNTERS),
        portal_reads("metering_dimensionset", OWN_SETS),
        portal_reads("metering_backfill", "false"),  # what is not in force is no customer's business
    ]
