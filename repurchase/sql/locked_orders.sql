-- R-19 in the database: who goes past the services finds the locked price closed as well. A new
-- column that the buyer agrees to belongs into `a_locked_order_keeps_its_terms` or
-- `a_locked_line_keeps_its_terms`.

CREATE OR REPLACE FUNCTION refuse_to_change_locked_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'PRICE_LOCKED: % on % % refused, its order is locked',
        TG_OP, TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- What the buyer pays and is promised can't be changed any more; state, lock, ERP's answer, note
-- can, and the address, which has to be erasable (R-19). Two ways out: both have signed another
-- price (R-54), or with the buyer's answer lines that leave the scope take their amounts with them
-- (R-15).
CREATE OR REPLACE TRIGGER a_locked_order_keeps_its_terms
    BEFORE UPDATE ON repurchase_repeatorder FOR EACH ROW
    WHEN (
        OLD.status NOT IN ('pending', 'planned', 'excluded', 'failed')
        AND (
            (OLD.store_id, OLD.batch_id, OLD.past_order_id, OLD.currency, OLD.promise_days,
             OLD.prices_include_tax, OLD.incoterm, OLD.importer_of_record,
             OLD.tax_category, OLD.tax_rate, OLD.tax_code)
            IS DISTINCT FROM
            (NEW.store_id, NEW.batch_id, NEW.past_order_id, NEW.currency, NEW.promise_days,
             NEW.prices_include_tax, NEW.incoterm, NEW.importer_of_record,
             NEW.tax_category, NEW.tax_rate, NEW.tax_code)
            OR (OLD.goods_minor, OLD.freight_minor, OLD.tax_minor, OLD.total_minor)
               IS DISTINCT FROM (NEW.goods_minor, NEW.freight_minor, NEW.tax_minor, NEW.total_minor)
               AND NOT (OLD.status = 'locked' AND NEW.status = 'confirmed'
                        AND agreed_anew(OLD.lock_id) IS NOT NULL)
               AND NOT (OLD.status = 'locked' AND NEW.status IN ('confirmed', 'declined')
                        AND NEW.goods_minor <= OLD.goods_minor
                        AND NEW.freight_minor <= OLD.freight_minor
                        AND NEW.tax_minor <= OLD.tax_minor AND NEW.total_minor <= OLD.total_minor)
            OR NEW.status IN ('pending', 'planned', 'excluded', 'failed')
        )
    )
    EXECUTE FUNCTION refuse_to_change_locked_terms();

-- The tax number that was carried over stays (R-14, R-88).
CREATE OR REPLACE TRIGGER a_locked_order_keeps_its_tax_number
    BEFORE UPDATE ON repurchase_repeatorder FOR EACH ROW
    WHEN (
        OLD.status NOT IN ('pending', 'planned', 'excluded', 'failed')
        AND OLD.buyer_tax_number <> NEW.buyer_tax_number
    )
    EXECUTE FUNCTION refuse_to_change_locked_terms();

-- A locked order is not deleted (R-19).
CREATE OR REPLACE TRIGGER a_locked_order_stays
    BEFORE DELETE ON repurchase_repeatorder FOR EACH ROW
    WHEN (OLD.status NOT IN ('pending', 'planned', 'excluded', 'failed'))
    EXECUTE FUNCTION refuse_to_change_locked_terms();

CREATE OR REPLACE FUNCTION refuse_to_change_locked_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND
        (OLD.store_id, OLD.order_id, OLD.source_line_id, OLD.line_no, OLD.sku_id, OLD.quantity,
         OLD.moq, OLD.base_minor, OLD.outcome)
        IS NOT DISTINCT FROM
        (NEW.store_id, NEW.order_id, NEW.source_line_id, NEW.line_no, NEW.sku_id, NEW.quantity,
         NEW.moq, NEW.base_minor, NEW.outcome)
        AND EXISTS (
            SELECT FROM repurchase_repeatorder o
             WHERE o.id = OLD.order_id AND o.status = 'confirmed'
               AND agreed_anew(o.lock_id) IS NOT NULL
        )
    THEN
        RETURN NEW;  -- to exactly the signed price: see signed_prices.sql
    END IF;
    IF EXISTS (
        SELECT FROM repurchase_repeatorder o
         WHERE o.id IN (OLD.order_id, NEW.order_id)
           AND o.status NOT IN ('pending', 'planned', 'excluded', 'failed')
    ) THEN
        RAISE EXCEPTION 'PRICE_LOCKED: % on % % refused, its order is locked',
            TG_OP, TG_TABLE_NAME, OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;

-- A line keeps its goods, quantity and price; it may only leave the scope, to nothing (R-15, R-16,
-- R-19).
CREATE OR REPLACE TRIGGER a_locked_line_keeps_its_terms
    BEFORE UPDATE ON repurchase_repeatline FOR EACH ROW
    WHEN (
        (OLD.store_id, OLD.order_id, OLD.source_line_id, OLD.line_no, OLD.sku_id, OLD.quantity,
         OLD.moq, OLD.base_minor)
        IS DISTINCT FROM
        (NEW.store_id, NEW.order_id, NEW.source_line_id, NEW.line_no, NEW.sku_id, NEW.quantity,
         NEW.moq, NEW.base_minor)
        OR OLD.total_minor <> NEW.total_minor
           AND NOT (NEW.total_minor = 0 AND NEW.outcome <> 'planned')
        OR OLD.outcome <> NEW.outcome AND NEW.outcome = 'planned'
    )
    EXECUTE FUNCTION refuse_to_change_locked_lines();

-- A line of a locked order is not deleted (R-19).
CREATE OR REPLACE TRIGGER a_locked_line_stays
    BEFORE DELETE ON repurchase_repeatline FOR EACH ROW
    EXECUTE FUNCTION refuse_to_change_locked_lines();

CREATE OR REPLACE FUNCTION refuse_new_lines_of_a_locked_order()
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM touched t JOIN repurchase_repeatorder o ON o.id = t.order_id
         WHERE o.status NOT IN ('pending', 'planned', 'excluded', 'failed')
    ) THEN
        RAISE EXCEPTION 'PRICE_LOCKED: % on % refused, its order is locked', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

-- A locked order gets no further line (R-19).
CREATE OR REPLACE TRIGGER a_locked_order_gets_no_line
    AFTER INSERT ON repurchase_repeatline
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_new_lines_of_a_locked_order();

CREATE OR REPLACE FUNCTION refuse_to_empty_a_waiting_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM repurchase_repeatorder o WHERE o.id = NEW.order_id AND o.status = 'locked'
    ) THEN
        RAISE EXCEPTION 'PRICE_LOCKED: UPDATE on % % refused, its order is locked',
            TG_TABLE_NAME, OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- A line leaves the scope only after its order was answered, never while the order waits at its
-- locked price (R-15).
CREATE OR REPLACE TRIGGER a_waiting_line_stays
    BEFORE UPDATE ON repurchase_repeatline FOR EACH ROW
    WHEN ((OLD.total_minor, OLD.outcome) IS DISTINCT FROM (NEW.total_minor, NEW.outcome))
    EXECUTE FUNCTION refuse_to_empty_a_waiting_line();
