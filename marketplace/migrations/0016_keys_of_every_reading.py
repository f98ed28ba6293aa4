from django.db import migrations

from marketplace.names import keys_of_listed

AT_A_TIME = 2000


def write_keys(apps, schema_editor) -> None:
    """A listed name stands under the keys of every way to read it now."""
    model = apps.get_model("marketplace", "ScreenedParty")
    batch = []
    for row in model.objects.only("name", "aliases").iterator(chunk_size=AT_A_TIME):
        row.keys = keys_of_listed([row.name, *row.aliases])
        batch.append(row)
        if len(batch) == AT_A_TIME:
            model.objects.bulk_update(batch, ["keys"])
            batch = []
    model.objects.bulk_update(batch, ["keys"])


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0015_keys_of_listed_parties")]
    operations = [migrations.RunPython(write_keys, migrations.RunPython.noop)]
