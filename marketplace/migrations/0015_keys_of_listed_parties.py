from django.db import migrations

from marketplace.names import keys_of_listed

AT_A_TIME = 2000


def write_keys(apps, schema_editor) -> None:
    """The index of names is by other keys now; the lists need not be imported again for it."""
    model = apps.get_model("marketplace", "ScreenedParty")
    rows = model.objects.order_by("pk").only("name", "aliases")
    batch = []
    for row in rows.iterator(chunk_size=AT_A_TIME):
        row.keys = keys_of_listed([row.name, *row.aliases])
        batch.append(row)
        if len(batch) == AT_A_TIME:
            model.objects.bulk_update(batch, ["keys"])
            batch = []
    model.objects.bulk_update(batch, ["keys"])


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0014_frozen_rows")]
    operations = [migrations.RunPython(write_keys, migrations.RunPython.noop)]
