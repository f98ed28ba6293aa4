-- Tariffs have versions by day: each ends where the next one begins, without a gap or an overlap
-- (R-59, R-60, R-64). A new key column of a tariff belongs here twice: into
-- `close_the_version_before` and into its trigger.

-- The versions of a tariff that a row belongs to, each with the start of the next one.
CREATE OR REPLACE FUNCTION refuse_broken_ranges_of(tariffs regclass, version jsonb, key text[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    same text;
    broken record;
BEGIN
    SELECT string_agg(CASE WHEN version ->> name IS NULL THEN format('%I IS NULL', name)
                           ELSE format('%I = %L', name, version ->> name) END, ' AND ')
      INTO same FROM unnest(key) AS name;
    EXECUTE format(
        'SELECT valid_until, next'
        ' FROM (SELECT valid_until, lead(valid_from) OVER (ORDER BY valid_from) AS next'
        '         FROM %s WHERE %s) v'
        ' WHERE next IS NOT NULL AND valid_until IS DISTINCT FROM next LIMIT 1', tariffs, same)
      INTO broken;
    IF broken.next IS NOT NULL THEN
        RAISE EXCEPTION '%: a version ends on % but the next one begins on % (%)',
            tariffs, coalesce(broken.valid_until::text, 'no day'), broken.next, same
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'ranges_are_unbroken';
    END IF;
END $$;

-- One writer a table at a time: two that did not see each other could else both begin a version.
CREATE OR REPLACE FUNCTION refuse_broken_ranges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('refuse_broken_ranges'), TG_RELID::int);
    IF TG_OP <> 'INSERT' THEN
        PERFORM refuse_broken_ranges_of(TG_RELID::regclass, to_jsonb(OLD), TG_ARGV);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM refuse_broken_ranges_of(TG_RELID::regclass, to_jsonb(NEW), TG_ARGV);
    END IF;
    RETURN NULL;
END $$;

-- A new version ends the one in force on its first day, and ends itself where a later one begins:
-- one statement, while `ranges_are_unbroken` is deferred. As the owner, since nobody else may
-- change a version that stands; where the ranges are unbroken it changes nothing. It holds the
-- table's writers apart by the same lock as that trigger.
CREATE OR REPLACE FUNCTION close_the_version_before(tariffs regclass, begun bigint)
RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    key text[] := CASE tariffs::text
        WHEN 'marketplace_commissionrate' THEN ARRAY['category_id']
        WHEN 'marketplace_taxrate' THEN ARRAY['country', 'region']
        WHEN 'marketplace_ratecard'
            THEN ARRAY['service_id', 'store_id', 'country', 'region', 'channel', 'min_weight_g']
    END;
    same text;
BEGIN
    IF key IS NULL THEN
        RAISE EXCEPTION '% holds no tariffs', tariffs;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('refuse_broken_ranges'), tariffs::oid::int);
    SELECT string_agg(format('o.%1$I IS NOT DISTINCT FROM n.%1$I', name), ' AND ')
      INTO same FROM unnest(key) AS name;
    EXECUTE format(
        'UPDATE %1$s t SET valid_until = v.next'
        ' FROM (SELECT o.id, n.id AS begun, n.valid_from,'
        '              lead(o.valid_from) OVER (ORDER BY o.valid_from) AS next'
        '         FROM %1$s o JOIN %1$s n ON n.id = $1 AND %2$s) v'
        ' WHERE v.id = t.id AND v.next IS NOT NULL AND t.valid_until IS DISTINCT FROM v.next'
        '   AND (t.id = v.begun'
        '        OR v.next = v.valid_from AND (t.valid_until IS NULL OR t.valid_until > v.next))',
        tariffs, same) USING begun;
END $$;

-- Immediate, but a transaction may defer them to put a version between two others
-- (`marketplace.mirror.tariffs`).

-- A category has one commission rate a day (R-59).
DROP TRIGGER IF EXISTS ranges_are_unbroken ON marketplace_commissionrate;
CREATE CONSTRAINT TRIGGER ranges_are_unbroken
    AFTER INSERT OR UPDATE OR DELETE ON marketplace_commissionrate
    DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW
    EXECUTE FUNCTION refuse_broken_ranges(category_id);

-- A destination has one tax rate a day (R-64).
DROP TRIGGER IF EXISTS ranges_are_unbroken ON marketplace_taxrate;
CREATE CONSTRAINT TRIGGER ranges_are_unbroken
    AFTER INSERT OR UPDATE OR DELETE ON marketplace_taxrate
    DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW
    EXECUTE FUNCTION refuse_broken_ranges(country, region);

-- A lane, weight and channel have one price a day, a store's own or the public one (R-60).
DROP TRIGGER IF EXISTS ranges_are_unbroken ON marketplace_ratecard;
CREATE CONSTRAINT TRIGGER ranges_are_unbroken
    AFTER INSERT OR UPDATE OR DELETE ON marketplace_ratecard
    DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW
    EXECUTE FUNCTION refuse_broken_ranges(
        service_id, store_id, country, region, channel, min_weight_g
    );
