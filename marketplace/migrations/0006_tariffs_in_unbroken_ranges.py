"""Tariffs get an end, and the database refuses a gap or an overlap between the versions of one (issue 4)."""

from django.db import migrations, models

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

# The versions of a tariff that a row belongs to, each with the start of the next one. One writer a table at a time:
# two that did not see each other could else both begin a version. Immediate, but a transaction may defer it to
# put a version between two others (marketplace.mirror.tariffs).
REFUSE = """
CREATE FUNCTION refuse_broken_ranges() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE FUNCTION refuse_broken_ranges_of(tariffs regclass, version jsonb, key text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    same text;
    broken record;
BEGIN
    SELECT string_agg(CASE WHEN version ->> name IS NULL THEN format('%I IS NULL', name)
                           ELSE format('%I = %L', name, version ->> name) END, ' AND ')
      INTO same FROM unnest(key) AS name;
    EXECUTE format(
        'SELECT valid_until, next FROM (SELECT valid_until, lead(valid_from) OVER (ORDER BY valid_from) AS next'
        ' FROM %s WHERE %s) v WHERE next IS NOT NULL AND valid_until IS DISTINCT FROM next LIMIT 1', tariffs, same)
      INTO broken;
    IF broken.next IS NOT NULL THEN
        RAISE EXCEPTION '%: a version ends on % but the next one begins on % (%)',
            tariffs, coalesce(broken.valid_until::text, 'no day'), broken.next, same
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'ranges_are_unbroken';
    END IF;
END $$;
"""

CLOSE = """
UPDATE {table} t SET valid_until = v.next
  FROM (SELECT id, lead(valid_from) OVER (PARTITION BY {key} ORDER BY valid_from) AS next FROM {table}) v
 WHERE v.id = t.id AND v.next IS NOT NULL;
"""

WATCH = """
CREATE CONSTRAINT TRIGGER ranges_are_unbroken AFTER INSERT OR UPDATE OR DELETE ON {table}
DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION refuse_broken_ranges({key});
"""

FORGET = "DROP TRIGGER ranges_are_unbroken ON {table};"
DROP = "DROP FUNCTION refuse_broken_ranges(); DROP FUNCTION refuse_broken_ranges_of(regclass, jsonb, text[]);"


def of_each(sql: str) -> str:
    return "".join(sql.format(table=table, key=", ".join(key)) for table, key in TARIFFS.items())


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0005_production_groups")]

    operations = [
        migrations.RemoveConstraint(
            model_name="ratecard", name="one_rate_card_a_service_store_country_weight_day"
        ),
        migrations.RemoveConstraint(model_name="ratecard", name="a_rate_card_charges"),
        migrations.AddField(
            model_name="buyer",
            name="tax_number_checked_by",
            field=models.CharField(blank=True, default="", max_length=80),
        ),
        migrations.AddField(
            model_name="carrierservice",
            name="volumetric_divisor",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="commissionrate",
            name="valid_until",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="ratecard",
            name="channel",
            field=models.CharField(
                choices=[("standard", "Standard"), ("special", "Special clearance channel")],
                default="standard",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="ratecard", name="minimum_minor", field=models.BigIntegerField(default=0)
        ),
        migrations.AddField(
            model_name="ratecard",
            name="region",
            field=models.CharField(blank=True, default="", max_length=80),
        ),
        migrations.AddField(
            model_name="ratecard", name="valid_until", field=models.DateField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="sku",
            name="volume_cm3",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="taxrate", name="valid_until", field=models.DateField(blank=True, null=True)
        ),
        migrations.AlterField(
            model_name="commissionrate",
            name="rate",
            field=models.DecimalField(blank=True, decimal_places=5, max_digits=6, null=True),
        ),
        migrations.AlterField(
            model_name="ratecard",
            name="base_minor",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="taxrate",
            name="rate",
            field=models.DecimalField(blank=True, decimal_places=5, max_digits=6, null=True),
        ),
        migrations.AddConstraint(
            model_name="buyer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("tax_number_checked_by", ""),
                    ("tax_number_checked_at__isnull", False),
                    _connector="OR",
                ),
                name="a_checked_tax_number_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="commissionrate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until", None),
                    ("valid_until__gt", models.F("valid_from")),
                    _connector="OR",
                ),
                name="commissionrate_ends_after_it_began",
            ),
        ),
        migrations.AddConstraint(
            model_name="ratecard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until", None),
                    ("valid_until__gt", models.F("valid_from")),
                    _connector="OR",
                ),
                name="ratecard_ends_after_it_began",
            ),
        ),
        migrations.AddConstraint(
            model_name="ratecard",
            constraint=models.UniqueConstraint(
                fields=(
                    "service",
                    "store",
                    "country",
                    "region",
                    "channel",
                    "min_weight_g",
                    "valid_from",
                ),
                name="one_rate_card_a_lane_weight_and_day",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="ratecard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("minimum_minor__gte", 0),
                    ("step_g__gt", 0),
                    ("step_minor__gte", 0),
                    models.Q(("base_minor", None), ("base_minor__gte", 0), _connector="OR"),
                ),
                name="a_rate_card_charges",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until", None),
                    ("valid_until__gt", models.F("valid_from")),
                    _connector="OR",
                ),
                name="taxrate_ends_after_it_began",
            ),
        ),
        migrations.RunSQL(of_each(CLOSE), migrations.RunSQL.noop),
        migrations.RunSQL(REFUSE + of_each(WATCH), of_each(FORGET) + DROP),
    ]
