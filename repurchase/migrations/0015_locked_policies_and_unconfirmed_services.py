from django.db import migrations

REFUSE = """
CREATE OR REPLACE FUNCTION refuse_to_change_locked_policies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'PRICE_LOCKED: % on % refused, its prices are locked by these policies and rates', TG_OP, OLD.ref
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER a_locked_batch_keeps_its_policies BEFORE UPDATE ON repurchase_batch FOR EACH ROW
    WHEN (
        OLD.status IN ('locked', 'closed')
        AND (OLD.policies, OLD.rate_set_id, OLD.index_close_id, OLD.screened_at)
            IS DISTINCT FROM (NEW.policies, NEW.rate_set_id, NEW.index_close_id, NEW.screened_at)
    )
    EXECUTE FUNCTION refuse_to_change_locked_policies();
"""
# Below the signed price only where the buyer's signature left a customised service of that very order unconfirmed:
# its lines leave the scope. What stays keeps the signed price, which `refuse_other_lines_than_signed` holds.
SERVICES = """
CREATE OR REPLACE FUNCTION left_a_service_out(wanted uuid, ref text) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT EXISTS (
        SELECT FROM pricing_signature b, jsonb_array_elements(b.particulars -> 'services') told
         WHERE b.offer_id = agreed_anew(wanted) AND b.side = 'buyer'
           AND told ->> 'order' = ref AND NOT (told ->> 'confirmed')::boolean
    )
$$;
CREATE OR REPLACE FUNCTION refuse_other_orders_than_signed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE bad text;
BEGIN
    WITH moved AS (
        SELECT n.* FROM was b JOIN became n ON n.id = b.id
         WHERE b.status = 'locked' AND n.status = 'confirmed'
           AND EXISTS (SELECT FROM pricing_renegotiation r WHERE r.lock_id = n.lock_id)
    ), signed AS MATERIALIZED (
        SELECT l.lock_id, e ->> 0 AS ref, (e ->> 2)::bigint AS goods, (e ->> 3)::bigint AS freight,
               (e ->> 4)::bigint AS tax, (e ->> 5)::bigint AS total
          FROM (SELECT DISTINCT lock_id FROM moved) l, jsonb_array_elements(agreed_orders(l.lock_id)) e
    )
    SELECT m.ref INTO bad FROM moved m LEFT JOIN signed s ON s.lock_id = m.lock_id AND s.ref = m.ref
     WHERE (s.goods, s.freight, s.tax, s.total)
           IS DISTINCT FROM (m.goods_minor, m.freight_minor, m.tax_minor, m.total_minor)
       AND NOT (m.goods_minor <= s.goods AND m.freight_minor <= s.freight AND m.tax_minor <= s.tax
                AND m.total_minor <= s.total AND left_a_service_out(m.lock_id, m.ref))
     LIMIT 1;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'PRICE_LOCKED: % can be confirmed only at the price that both have signed', bad
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
"""
WHOLE = """
CREATE OR REPLACE FUNCTION refuse_other_orders_than_signed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE bad text;
BEGIN
    WITH moved AS (
        SELECT n.* FROM was b JOIN became n ON n.id = b.id
         WHERE b.status = 'locked' AND n.status = 'confirmed'
           AND EXISTS (SELECT FROM pricing_renegotiation r WHERE r.lock_id = n.lock_id)
    ), signed AS MATERIALIZED (
        SELECT l.lock_id, e ->> 0 AS ref, (e ->> 2)::bigint AS goods, (e ->> 3)::bigint AS freight,
               (e ->> 4)::bigint AS tax, (e ->> 5)::bigint AS total
          FROM (SELECT DISTINCT lock_id FROM moved) l, jsonb_array_elements(agreed_orders(l.lock_id)) e
    )
    SELECT m.ref INTO bad FROM moved m LEFT JOIN signed s ON s.lock_id = m.lock_id AND s.ref = m.ref
     WHERE (s.goods, s.freight, s.tax, s.total)
           IS DISTINCT FROM (m.goods_minor, m.freight_minor, m.tax_minor, m.total_minor)
     LIMIT 1;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'PRICE_LOCKED: % can be confirmed only at the price that both have signed', bad
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP FUNCTION left_a_service_out(uuid, text);
"""

ALLOW = """
DROP TRIGGER a_locked_batch_keeps_its_policies ON repurchase_batch;
DROP FUNCTION refuse_to_change_locked_policies();
"""


class Migration(migrations.Migration):
    """What a plan was decided under stays once its prices are locked (⚙); unconfirmed services leave signed orders."""

    dependencies = [
        ("repurchase", "0014_carried_tax_numbers"),
        ("pricing", "0009_frozen_values_and_rows"),
    ]
    operations = [migrations.RunSQL(REFUSE, ALLOW), migrations.RunSQL(SERVICES, WHOLE)]
