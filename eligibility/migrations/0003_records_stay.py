from django.db import migrations

from diagnostics.append_only import forbid_row_changes


class Migration(migrations.Migration):
    """What a screening was decided by is written once; its digests stand in the ledger."""

    dependencies = [
        ("eligibility", "0002_records_of_edits"),
        ("diagnostics", "0004_rows_that_stay"),
    ]
    operations = [forbid_row_changes("eligibility_screeningrecord")]
