from django.db import migrations, models

KEEP = """
CREATE TRIGGER a_locked_order_keeps_its_tax_number BEFORE UPDATE ON repurchase_repeatorder FOR EACH ROW
    WHEN (
        OLD.status NOT IN ('pending', 'planned', 'excluded', 'failed')
        AND OLD.buyer_tax_number <> NEW.buyer_tax_number
    )
    EXECUTE FUNCTION refuse_to_change_locked_terms();
"""
DROP = "DROP TRIGGER a_locked_order_keeps_its_tax_number ON repurchase_repeatorder;"


class Migration(migrations.Migration):
    """What a repeat order carries over is compared with its source order, the tax number too (R-88)."""

    dependencies = [
        ("repurchase", "0013_fixes_by_a_worker"),
        ("marketplace", "0011_tax_numbers_of_then"),
    ]
    operations = [
        migrations.AddField(
            model_name="repeatorder",
            name="buyer_tax_number",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.RunSQL(KEEP, DROP),
    ]
