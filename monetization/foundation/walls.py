"""Walls in the database, as migration operations: append-only, frozen rows, row-level security.

They hold whatever the application does: the `app` role may not change what must not change, and the
`portal` role sees only rows of the accounts named in `portal.account_ids` for its transaction.
Trigger functions read no setting, so no session can switch them off.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PORTAL_ROLE = "portal"
OWN_ACCOUNTS = (
    "(SELECT unnest(string_to_array(nullif(current_setting('portal.account_ids', true), ''), ',')::bigint[]))"
)

FUNCTIONS = """
CREATE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION frozen_row() RETURNS trigger LANGUAGE plpgsql AS $$
-- args: statuses whose rows are free, columns that always are, allowed changes of status "A>B,…"
DECLARE
  old_row jsonb := to_jsonb(OLD); new_row jsonb; free text[] := string_to_array(TG_ARGV[1], ',');
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF old_row->>'status' = ANY(string_to_array(TG_ARGV[0], ',')) THEN RETURN OLD; END IF;
    RAISE EXCEPTION '% % is frozen: DELETE refused', TG_TABLE_NAME, old_row->>'id'
      USING ERRCODE = 'restrict_violation';
  END IF;
  new_row := to_jsonb(NEW);
  IF new_row->>'status' <> old_row->>'status' AND
     NOT (old_row->>'status' || '>' || (new_row->>'status')) = ANY(string_to_array(TG_ARGV[2], ','))
  THEN
    RAISE EXCEPTION '% %: % cannot become %', TG_TABLE_NAME, old_row->>'id', old_row->>'status',
      new_row->>'status' USING ERRCODE = 'restrict_violation';
  END IF;
  IF old_row->>'status' <> ALL(string_to_array(TG_ARGV[0], ','))
     AND new_row - free <> old_row - free THEN
    RAISE EXCEPTION '% % is frozen: UPDATE refused', TG_TABLE_NAME, old_row->>'id'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION frozen_part() RETURNS trigger LANGUAGE plpgsql AS $$
-- args: query for the whole's status by id ($1), column with that id, statuses that are free
DECLARE
  whole text; status text;
BEGIN
  FOREACH whole IN ARRAY ARRAY[
    CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD)->>TG_ARGV[1] END,
    CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW)->>TG_ARGV[1] END]
  LOOP
    EXECUTE TG_ARGV[0] INTO status USING whole::bigint;
    IF status IS NOT NULL AND status <> ALL(string_to_array(TG_ARGV[2], ',')) THEN
      RAISE EXCEPTION '% belongs to something frozen (%): % refused', TG_TABLE_NAME, status, TG_OP
        USING ERRCODE = 'restrict_violation';
    END IF;
  END LOOP;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
"""
DROP_FUNCTIONS = "DROP FUNCTION forbid_change, frozen_row, frozen_part;"


class Statements(migrations.RunPython):
    """SQL alone. It needs no models, so it doesn't make Django render all of them, 0.2 s for each operation."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        self.code(to_state, schema_editor)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        assert self.reverse_code is not None
        self.reverse_code(to_state, schema_editor)


def run(forward: str, reverse: str = "") -> migrations.RunPython:
    """Run SQL with the names of the roles filled in for `{app}` and `{portal}`."""

    def runner(statements: str) -> Any:
        def go(state: Any, editor: BaseDatabaseSchemaEditor) -> None:
            with editor.connection.cursor() as cursor:
                cursor.execute(_named(statements, editor))

        return go

    return Statements(runner(forward), runner(reverse or "SELECT 1"))


def _named(statements: str, editor: BaseDatabaseSchemaEditor) -> str:
    quote = editor.quote_name
    app = str(settings.DATABASES["default"]["USER"])
    return statements.replace("{app}", quote(app)).replace("{portal}", quote(PORTAL_ROLE))


def roles() -> migrations.RunPython:
    """Give the app its everyday rights on all tables, present and future; the portal none."""
    return run(
        "GRANT USAGE ON SCHEMA public TO {app}, {portal};"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app};"
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {app};"
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public"
        "  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};"
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app};",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM {app};"
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM {app};",
    )


def no_truncate(table: str) -> str:
    """Return the SQL that refuses TRUNCATE, which row triggers don't see."""
    return f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();"


def append_only(table: str) -> migrations.RunPython:
    """Refuse UPDATE, DELETE and TRUNCATE by right and by trigger."""
    return run(
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {{app}};"
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION forbid_change();{no_truncate(table)}",
        f"DROP TRIGGER append_only ON {table}; DROP TRIGGER no_truncate ON {table};"
        f"GRANT UPDATE, DELETE ON {table} TO {{app}};",
    )


def frozen(
    table: str, *, free: tuple[str, ...], arrows: Mapping[Any, Any], columns: tuple[str, ...]
) -> migrations.RunPython:
    """Freeze rows whose status is not in `free`, but for `columns`; statuses move along `arrows`."""
    pairs = ",".join(sorted(f"{_text(a)}>{_text(b)}" for a, ends in arrows.items() for b in ends))
    arguments = f"'{','.join(free)}', '{','.join(('status', *columns))}', '{pairs}'"
    return run(
        f"CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION frozen_row({arguments});{no_truncate(table)}",
        f"DROP TRIGGER frozen ON {table}; DROP TRIGGER no_truncate ON {table};",
    )


def frozen_part(table: str, *, column: str, status: str, free: tuple[str, ...]) -> migrations.RunPython:
    """Freeze rows with their whole: `status` is a query by id ($1), `column` holds that id."""
    arguments = f"'{status}', '{column}', '{','.join(free)}'"
    return run(
        f"CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION frozen_part({arguments});{no_truncate(table)}",
        f"DROP TRIGGER frozen ON {table}; DROP TRIGGER no_truncate ON {table};",
    )


def portal_reads(table: str, own: str) -> migrations.RunPython:
    """Let the portal read rows for which `own` holds; everybody else as before."""
    return run(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        f"CREATE POLICY app_all ON {table} TO {{app}} USING (true) WITH CHECK (true);"
        f"CREATE POLICY portal_own ON {table} FOR SELECT TO {{portal}} USING ({own});"
        f"GRANT SELECT ON {table} TO {{portal}};",
        f"REVOKE SELECT ON {table} FROM {{portal}}; DROP POLICY portal_own ON {table};"
        f"DROP POLICY app_all ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;",
    )


def _text(value: Any) -> str:
    return str(value.value if isinstance(value, Enum) else value)
