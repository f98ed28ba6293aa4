from django.db import migrations

from diagnostics.append_only import kept


class Migration(migrations.Migration):
    """What a screening was decided by is written once; its digests stand in the ledger."""

    dependencies = [
        ("eligibility", "0002_records_of_edits"),
        ("diagnostics", "0004_rows_that_stay"),
    ]
    operations = [kept("eligibility_screeningrecord")]
