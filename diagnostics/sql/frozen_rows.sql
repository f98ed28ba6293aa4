-- Frozen rows: only the owner of a table may change or delete what stands in it.
-- `diagnostics/append_only.py` names the models; each app's own frozen_rows.sql calls `keep_rows`
-- for their tables. Why: docs/adr/0010.

-- Triggers run as the role that writes; a function of the owner's (SECURITY DEFINER) may still
-- close a version.
CREATE OR REPLACE FUNCTION only_the_owner_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change text[] := '{}';
BEGIN
    IF current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_NARGS > 0 AND TG_OP = 'UPDATE' THEN
        FOR n IN 0 .. TG_NARGS - 1 LOOP
            may_change := may_change || TG_ARGV[n];
        END LOOP;
        IF to_jsonb(NEW) - may_change = to_jsonb(OLD) - may_change THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'FROZEN: % on % refused to %: a change is a new row',
        TG_OP, TG_TABLE_NAME, current_user
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- Freezes a table's rows, but for the columns named. Again with other columns: replaces the rule.
CREATE OR REPLACE FUNCTION keep_rows(kept regclass, VARIADIC may_change text[] DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    named text := (SELECT coalesce(string_agg(quote_literal(name), ', '), '')
                     FROM unnest(may_change) AS name);
    role name;
BEGIN
    EXECUTE format('DROP TRIGGER IF EXISTS rows_stay ON %s', kept);
    EXECUTE format('CREATE TRIGGER rows_stay BEFORE UPDATE OR DELETE ON %s'
                   ' FOR EACH ROW EXECUTE FUNCTION only_the_owner_changes(%s)', kept, named);
    FOR role IN SELECT rolname FROM pg_roles WHERE rolname IN ('web', 'worker') LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM %I', kept, role);
        -- Of the whole table: Django writes back every column, as it was.
        IF cardinality(may_change) > 0 THEN
            EXECUTE format('GRANT UPDATE ON %s TO %I', kept, role);
        END IF;
    END LOOP;
END $$;
