"""What prices and triggers rest on is written once: a change is a new row with its first day or instant (issue 15)."""

import django.db.models.deletion
from django.db import migrations, models

from diagnostics.append_only import forbid_row_changes

TARIFFS = {
    "marketplace_commissionrate": ("category_id",),
    "marketplace_taxrate": ("country", "region"),
    "marketplace_ratecard": (
        "service_id",
        "store_id",
        "country",
        "region",
        "channel",
        "min_weight_g",
    ),
}

# A new version ends the one in force on its first day, and ends itself where a later one begins: one statement, while
# `ranges_are_unbroken` is deferred. As the owner, since nobody else may change a version that stands; where the ranges
# are unbroken it changes nothing. It holds the table's writers apart by the same lock as that trigger.
CLOSE = """
CREATE OR REPLACE FUNCTION close_the_version_before(tariffs regclass, begun bigint) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    key text[] := CASE tariffs::text {keys} END;
    same text;
BEGIN
    IF key IS NULL THEN
        RAISE EXCEPTION '% holds no tariffs', tariffs;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('refuse_broken_ranges'), tariffs::oid::int);
    SELECT string_agg(format('o.%1$I IS NOT DISTINCT FROM n.%1$I', name), ' AND ') INTO same FROM unnest(key) AS name;
    EXECUTE format(
        'UPDATE %1$s t SET valid_until = v.next'
        ' FROM (SELECT o.id, n.id AS begun, n.valid_from, lead(o.valid_from) OVER (ORDER BY o.valid_from) AS next'
        '         FROM %1$s o JOIN %1$s n ON n.id = $1 AND %2$s) v'
        ' WHERE v.id = t.id AND v.next IS NOT NULL AND t.valid_until IS DISTINCT FROM v.next'
        '   AND (t.id = v.begun OR v.next = v.valid_from AND (t.valid_until IS NULL OR t.valid_until > v.next))',
        tariffs, same) USING begun;
END $$;
"""
DROP = "DROP FUNCTION close_the_version_before(regclass, bigint);"

PROTECTED = [
    (
        "commissionrate",
        "category",
        "marketplace.category",
        {"related_name": "commission_rates", "verbose_name": "category of goods"},
    ),
    ("fxrate", "rate_set", "marketplace.fxrateset", {"related_name": "rates", "db_index": False}),
    (
        "fxrateset",
        "store",
        "marketplace.store",
        {"related_name": "+", "db_index": False, "null": True, "blank": True},
    ),
    ("paymentterms", "buyer", "marketplace.buyer", {"related_name": "payment_terms"}),
    ("paymentterms", "store", "marketplace.store", {"related_name": "+"}),
    ("pricelistentry", "sku", "marketplace.sku", {"related_name": "price_list"}),
    ("pricelistentry", "store", "marketplace.store", {"related_name": "+"}),
    (
        "quarantined",
        "rate_set",
        "marketplace.fxrateset",
        {"related_name": "quarantined", "db_index": False, "null": True},
    ),
    (
        "ratecard",
        "service",
        "marketplace.carrierservice",
        {"related_name": "rate_cards", "verbose_name": "carrier service"},
    ),
    (
        "ratecard",
        "store",
        "marketplace.store",
        {
            "related_name": "rate_cards",
            "null": True,
            "blank": True,
            "verbose_name": "negotiated by the store (empty: public)",
        },
    ),
    ("registrationrequirement", "category", "marketplace.category", {"null": True, "blank": True}),
]


def close() -> str:
    whens = (f"WHEN '{table}' THEN ARRAY{list(key)}" for table, key in TARIFFS.items())
    return CLOSE.replace("{keys}", " ".join(whens))


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0013_rates_by_currency"),
        ("diagnostics", "0004_rows_that_stay"),
    ]
    operations = [
        *(
            migrations.AlterField(
                model_name=model,
                name=name,
                field=models.ForeignKey(
                    to=to, on_delete=django.db.models.deletion.PROTECT, **options
                ),
            )
            for model, name, to, options in PROTECTED
        ),
        migrations.RunSQL(close(), DROP),
        *(forbid_row_changes(table) for table in TARIFFS),
        forbid_row_changes("marketplace_fxrateset"),
        forbid_row_changes("marketplace_fxrate"),
        forbid_row_changes("marketplace_indexclose"),
        forbid_row_changes("marketplace_policyvalue"),
        forbid_row_changes("marketplace_pricelistentry"),
        forbid_row_changes("marketplace_paymentterms"),
        forbid_row_changes("marketplace_registrationrequirement"),
        forbid_row_changes("marketplace_carrierservice", "name", "carrier"),
        forbid_row_changes("marketplace_quarantined", "verdict", "decided_at", "decided_by", "why"),
    ]
