"""What is compared with the signed prices is planned for as many rows as it has.

PL/pgSQL keeps the plan of the first statement of a connection. After a confirmation of a few orders the rows of 5000
were joined in nested loops: 25 million comparisons, 13 s. EXECUTE plans each statement anew.
"""

from django.db import migrations

ORDERS = """
CREATE OR REPLACE FUNCTION refuse_other_orders_than_signed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE bad text;
BEGIN
    EXECUTE $query$
        WITH moved AS (
            SELECT n.* FROM was b JOIN became n ON n.id = b.id
             WHERE b.status = 'locked' AND n.status = 'confirmed'
               AND EXISTS (SELECT FROM pricing_renegotiation r WHERE r.lock_id = n.lock_id)
        ), signed AS MATERIALIZED (
            SELECT l.lock_id, e ->> 0 AS ref, (e ->> 2)::bigint AS goods, (e ->> 3)::bigint AS freight,
                   (e ->> 4)::bigint AS tax, (e ->> 5)::bigint AS total
              FROM (SELECT DISTINCT lock_id FROM moved) l, jsonb_array_elements(agreed_orders(l.lock_id)) e
        )
        SELECT m.ref FROM moved m LEFT JOIN signed s ON s.lock_id = m.lock_id AND s.ref = m.ref
         WHERE (s.goods, s.freight, s.tax, s.total)
               IS DISTINCT FROM (m.goods_minor, m.freight_minor, m.tax_minor, m.total_minor)
         LIMIT 1
    $query$ INTO bad;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'PRICE_LOCKED: % can be confirmed only at the price that both have signed', bad
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
"""
LINES = """
CREATE OR REPLACE FUNCTION refuse_other_lines_than_signed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE bad bigint;
BEGIN
    EXECUTE $query$
        WITH changed AS (
            SELECT n.id, n.line_no, n.total_minor, o.lock_id, o.ref
              FROM was b JOIN became n ON n.id = b.id JOIN repurchase_repeatorder o ON o.id = n.order_id
             WHERE n.total_minor <> b.total_minor AND n.outcome = 'planned' AND o.lock_id IS NOT NULL
               AND o.status NOT IN ('pending', 'planned', 'excluded', 'failed')
        ), signed AS MATERIALIZED (
            SELECT l.lock_id, e ->> 0 AS ref, (i ->> 0)::bigint AS line_no, (i ->> 3)::bigint AS total
              FROM (SELECT DISTINCT lock_id FROM changed) l, jsonb_array_elements(agreed_orders(l.lock_id)) e,
                   jsonb_array_elements(e -> 11) i
        )
        SELECT c.id FROM changed c
          LEFT JOIN signed s ON s.lock_id = c.lock_id AND s.ref = c.ref AND s.line_no = c.line_no
         WHERE s.total IS DISTINCT FROM c.total_minor
         LIMIT 1
    $query$ INTO bad;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'PRICE_LOCKED: line % can get only the price that both have signed', bad
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("repurchase", "0018_checks_asked_again")]

    operations = [migrations.RunSQL(ORDERS + LINES, migrations.RunSQL.noop)]
