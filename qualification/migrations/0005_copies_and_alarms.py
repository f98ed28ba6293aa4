import django.contrib.postgres.indexes
from django.db import migrations, models

from qualification.repeated_statements import identifying_marks


def mark_statements(apps, schema_editor):
    """What was read before is found again as well."""
    uploads = apps.get_model("qualification", "Upload")
    for row in uploads.objects.filter(kind="bank_statements", reading__isnull=False).iterator(200):
        uploads.objects.filter(pk=row.pk).update(
            marks=identifying_marks(_Read(row.reading["fields"], row.settled))
        )


class _Read:
    """A stored reading as `repeats` takes it."""

    def __init__(self, fields, settled):
        self.values = {each["name"]: each["value"] for each in fields} | settled
        self.raws = {each["name"]: each.get("raw", "") for each in fields}

    def value(self, name):
        return self.values.get(name, "")

    def raw(self, name):
        return self.raws.get(name, "")

    def names(self, prefix):
        return sorted(name for name in self.values if name.startswith(prefix))


class Migration(migrations.Migration):
    dependencies = [("qualification", "0004_names")]

    operations = [
        migrations.AddField(
            "case",
            "failed_checks",
            models.JSONField(blank=True, default=list, verbose_name="failed checks"),
        ),
        migrations.AddField("upload", "marks", models.JSONField(blank=True, default=list)),
        migrations.RunPython(mark_statements, migrations.RunPython.noop),
        migrations.AddIndex("upload", models.Index(fields=["sha256"], name="uploads_by_digest")),
        migrations.AddIndex(
            "upload",
            django.contrib.postgres.indexes.GinIndex(fields=["marks"], name="uploads_by_marks"),
        ),
    ]
