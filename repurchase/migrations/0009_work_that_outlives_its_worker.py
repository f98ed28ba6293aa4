import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0007_keys_that_run_out"),
        ("repurchase", "0008_repeated_already"),
    ]

    operations = [
        migrations.CreateModel(
            name="EditTask",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("owner", models.CharField(blank=True, max_length=100)),
                ("beat_at", models.DateTimeField(null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("rung_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("code", models.CharField(blank=True, max_length=40)),
                ("changes", models.JSONField()),
                ("version", models.PositiveIntegerField()),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("orders", models.PositiveIntegerField()),
                ("planned", models.PositiveIntegerField(default=0)),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.CharField(max_length=80)),
                ("evidence", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="KeptAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=255)),
                ("request", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField()),
                ("body", models.JSONField()),
                ("location", models.CharField(blank=True, max_length=200)),
                ("kept_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(model_name="chunk", name="one_chunk_a_batch_and_position"),
        migrations.AddField(
            model_name="batch", name="attempt_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(
            model_name="batch", name="code", field=models.CharField(blank=True, max_length=40)
        ),
        migrations.AddField(
            model_name="batch", name="dry_run", field=models.BooleanField(default=False)
        ),
        migrations.AddField(
            model_name="batch",
            name="fingerprint",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="chunk", name="attempt", field=models.PositiveSmallIntegerField(default=1)
        ),
        migrations.AddField(
            model_name="chunk", name="beat_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(
            model_name="chunk", name="code", field=models.CharField(blank=True, max_length=40)
        ),
        migrations.AddField(
            model_name="chunk", name="owner", field=models.CharField(blank=True, max_length=100)
        ),
        migrations.AddField(
            model_name="chunk",
            name="positions",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveIntegerField(), null=True, size=None
            ),
        ),
        migrations.AddField(
            model_name="selection",
            name="made",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="repurchase.batch",
            ),
        ),
        migrations.AddConstraint(
            model_name="chunk",
            constraint=models.UniqueConstraint(
                fields=("batch", "attempt", "first_position"),
                name="one_chunk_an_attempt_and_position",
            ),
        ),
        migrations.AddField(
            model_name="edittask",
            name="batch",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="edit_tasks",
                to="repurchase.batch",
            ),
        ),
        migrations.AddField(
            model_name="edittask",
            name="store",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="marketplace.store",
            ),
        ),
        migrations.AddField(
            model_name="edittask",
            name="undoes",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="repurchase.batchedit",
            ),
        ),
        migrations.AddField(
            model_name="keptanswer",
            name="store",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="marketplace.store",
            ),
        ),
        migrations.AddIndex(
            model_name="edittask",
            index=models.Index(
                condition=models.Q(("done_at__isnull", True)),
                fields=["rung_at"],
                name="edits_to_do",
            ),
        ),
        migrations.AddIndex(
            model_name="edittask",
            index=models.Index(fields=["batch", "-id"], name="edit_tasks_of_a_batch"),
        ),
        migrations.AddConstraint(
            model_name="edittask",
            constraint=models.UniqueConstraint(
                condition=models.Q(("done_at__isnull", True)),
                fields=("batch",),
                name="one_edit_at_work_a_batch",
            ),
        ),
        migrations.AddIndex(
            model_name="keptanswer", index=models.Index(fields=["kept_at"], name="answers_by_age")
        ),
        migrations.AddConstraint(
            model_name="keptanswer",
            constraint=models.UniqueConstraint(
                fields=("store", "key"), name="one_answer_a_store_and_key"
            ),
        ),
    ]
