-- Which offer both parties have signed: asked by the rules of locked orders
-- (repurchase/sql/locked_orders.sql, signed_prices.sql).

-- The offer that both have signed, each in time and of exactly its digest; beyond the band a second
-- member has agreed (R-47, R-53, R-54). One signature is none. It runs as its owner: whoever moves
-- orders need not read signatures.
CREATE OR REPLACE FUNCTION agreed_anew(wanted uuid) RETURNS uuid LANGUAGE sql STABLE
SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT o.id
      FROM pricing_renegotiation r
      JOIN pricing_offer o ON o.renegotiation_id = r.id
      JOIN pricing_signature s ON s.offer_id = o.id AND s.side = 'seller'
                              AND s.digest = o.digest AND s.at < r.deadline_at
      JOIN pricing_signature b ON b.offer_id = o.id AND b.side = 'buyer'
                              AND b.digest = o.digest AND b.at < r.deadline_at
     WHERE r.lock_id = wanted
       AND (NOT o.beyond_band OR EXISTS (SELECT FROM pricing_approval a WHERE a.offer_id = o.id))
     ORDER BY o.version DESC LIMIT 1
$$;

-- The orders of that offer, from the kept bytes, while these still have its digest: [ref, currency,
-- goods, freight, tax, total, …, lines].
CREATE OR REPLACE FUNCTION agreed_orders(wanted uuid) RETURNS jsonb LANGUAGE sql STABLE
SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT convert_from(t.text, 'UTF8')::jsonb -> 'orders'
      FROM pricing_offer o JOIN pricing_offerterms t ON t.offer_id = o.id
     WHERE o.id = agreed_anew(wanted) AND encode(sha256(t.text), 'hex') = o.digest
$$;
