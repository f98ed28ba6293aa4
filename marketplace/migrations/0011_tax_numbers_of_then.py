from django.db import migrations, models


class Migration(migrations.Migration):
    """The buyer's tax number as an order was made with it, where that was kept (R-88)."""

    dependencies = [("marketplace", "0010_quarantine")]
    operations = [
        migrations.AddField(
            model_name="pastorder",
            name="buyer_tax_number",
            field=models.CharField(blank=True, max_length=40, null=True),
        )
    ]
