"""A seal is made under a lease, while no row is held."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pricing", "0009_frozen_values_and_rows")]

    operations = [
        migrations.AddField("sealing", "alarmed_at", models.DateTimeField(null=True)),
        migrations.AddField("sealing", "busy_until", models.DateTimeField(null=True)),
        migrations.AddField(
            "sealing", "error", models.CharField(blank=True, default="", max_length=200)
        ),
    ]
