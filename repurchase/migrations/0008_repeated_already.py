from django.db import migrations, models


class Migration(migrations.Migration):
    """What a buyer has accepted a repeat of is found by index, and taken again only when the seller says so."""

    dependencies = [("repurchase", "0007_locked_fees_and_services_stay")]
    operations = [
        migrations.AddField("selection", "with_repeated", models.BooleanField(default=False)),
        migrations.AddIndex(
            "repeatorder",
            models.Index(
                fields=["store", "past_order"],
                condition=models.Q(
                    status__in=[
                        "awaiting_payment",
                        "completed",
                        "confirmed",
                        "paid",
                        "released",
                        "shipped",
                    ]
                ),
                name="accepted_repeats",
            ),
        ),
    ]
