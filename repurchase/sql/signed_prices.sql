-- R-54 in the database: a locked price changes to exactly the one that both have signed, or not at
-- all. Rows are let through where two signatures stand for an offer (`agreed_anew`,
-- locked_orders.sql); at the end of the statement every amount is held here against that offer's
-- kept bytes.
--
-- The comparisons run by EXECUTE. PL/pgSQL keeps the plan of the first statement of a connection:
-- after a confirmation of a few orders the rows of 5000 were joined in nested loops, 25 million
-- comparisons, 13 s. EXECUTE plans each statement anew, for as many rows as it has.

-- Whether the buyer's signature left a customised service of that very order unconfirmed (R-15).
CREATE OR REPLACE FUNCTION left_a_service_out(wanted uuid, ref text)
RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT EXISTS (
        SELECT FROM pricing_signature b, jsonb_array_elements(b.particulars -> 'services') told
         WHERE b.offer_id = agreed_anew(wanted) AND b.side = 'buyer'
           AND told ->> 'order' = ref AND NOT (told ->> 'confirmed')::boolean
    )
$$;

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
            SELECT l.lock_id, e ->> 0 AS ref,
                   (e ->> 2)::bigint AS goods, (e ->> 3)::bigint AS freight,
                   (e ->> 4)::bigint AS tax, (e ->> 5)::bigint AS total
              FROM (SELECT DISTINCT lock_id FROM moved) l,
                   jsonb_array_elements(agreed_orders(l.lock_id)) e
        )
        SELECT m.ref FROM moved m LEFT JOIN signed s ON s.lock_id = m.lock_id AND s.ref = m.ref
         WHERE (s.goods, s.freight, s.tax, s.total)
               IS DISTINCT FROM (m.goods_minor, m.freight_minor, m.tax_minor, m.total_minor)
           AND NOT (m.goods_minor <= s.goods AND m.freight_minor <= s.freight
                    AND m.tax_minor <= s.tax AND m.total_minor <= s.total
                    AND left_a_service_out(m.lock_id, m.ref))
         LIMIT 1
    $query$ INTO bad;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'PRICE_LOCKED: % can be confirmed only at the price that both have signed',
            bad
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

-- A renegotiated order is confirmed at the signed amounts; below them only where a service was left
-- out (R-15, R-54).
CREATE OR REPLACE TRIGGER a_renegotiated_order_gets_the_signed_price
    AFTER UPDATE ON repurchase_repeatorder
    REFERENCING OLD TABLE AS was NEW TABLE AS became FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_other_orders_than_signed();

CREATE OR REPLACE FUNCTION refuse_other_lines_than_signed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE bad bigint;
BEGIN
    EXECUTE $query$
        WITH changed AS (
            SELECT n.id, n.line_no, n.total_minor, o.lock_id, o.ref
              FROM was b JOIN became n ON n.id = b.id
              JOIN repurchase_repeatorder o ON o.id = n.order_id
             WHERE n.total_minor <> b.total_minor AND n.outcome = 'planned'
               AND o.lock_id IS NOT NULL
               AND o.status NOT IN ('pending', 'planned', 'excluded', 'failed')
        ), signed AS MATERIALIZED (
            SELECT l.lock_id, e ->> 0 AS ref,
                   (i ->> 0)::bigint AS line_no, (i ->> 3)::bigint AS total
              FROM (SELECT DISTINCT lock_id FROM changed) l,
                   jsonb_array_elements(agreed_orders(l.lock_id)) e,
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

-- A renegotiated line gets the signed price and no other (R-54).
CREATE OR REPLACE TRIGGER a_renegotiated_line_gets_the_signed_price
    AFTER UPDATE ON repurchase_repeatline
    REFERENCING OLD TABLE AS was NEW TABLE AS became FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_other_lines_than_signed();
