"""What proves something stays as it is, and a lock keeps the values that it was locked by (issue 15)."""

import django.db.models.deletion
from django.db import migrations, models

from diagnostics import ledger, proofs
from diagnostics.append_only import forbid_row_changes
from marketplace import clock

PROVING = (
    "Lock",
    "LockTerms",
    "Grant",
    "Act",
    "Renegotiation",
    "Offer",
    "OfferTerms",
    "Approval",
    "Signature",
    "Remark",
)
AT_ONCE = 500

REFUSE = """
CREATE TRIGGER an_act_is_append_only BEFORE UPDATE OR DELETE ON pricing_act
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_what_was_offered();
CREATE TRIGGER a_locks_terms_are_append_only BEFORE UPDATE OR DELETE ON pricing_lockterms
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_what_was_offered();
CREATE TRIGGER frozen_values_are_append_only BEFORE UPDATE OR DELETE ON pricing_frozenvalues
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_what_was_offered();
"""
ALLOW = """
DROP TRIGGER frozen_values_are_append_only ON pricing_frozenvalues;
DROP TRIGGER a_locks_terms_are_append_only ON pricing_lockterms;
DROP TRIGGER an_act_is_append_only ON pricing_act;
"""


def record_what_stands(apps, schema_editor) -> None:
    """Rows from before digests were kept get theirs now, in entries that say so."""
    for model in (apps.get_model("pricing", name) for name in PROVING):
        for store_id in (
            model.objects.order_by("store_id").values_list("store_id", flat=True).distinct()
        ):
            pks = list(
                model.objects.filter(store_id=store_id).order_by("pk").values_list("pk", flat=True)
            )
            for start in range(0, len(pks), AT_ONCE):
                ledger.record(
                    store_id=store_id,
                    kind="rows.recorded",
                    subject=f"store:{store_id}",
                    by="system:migration",
                    at=clock.now(),
                    rows=proofs.digest_rows(
                        model.objects.filter(pk__in=pks[start : start + AT_ONCE])
                    ),
                )


class Migration(migrations.Migration):
    dependencies = [
        ("pricing", "0008_offers"),
        ("marketplace", "0014_frozen_rows"),
        ("diagnostics", "0004_rows_that_stay"),
    ]
    operations = [
        migrations.CreateModel(
            name="FrozenValues",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject", models.CharField(max_length=40)),
                ("digest", models.CharField(max_length=64)),
                ("text", models.BinaryField()),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["store", "subject"], name="frozen_values_of_a_subject")
                ]
            },
        ),
        migrations.AddField(
            model_name="lock",
            name="frozen",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="locks",
                to="pricing.frozenvalues",
            ),
        ),
        migrations.AddField(
            model_name="signature", name="particulars", field=models.JSONField(default=dict)
        ),
        migrations.RunSQL(REFUSE, ALLOW),
        forbid_row_changes("pricing_frozenvalues"),
        forbid_row_changes("pricing_lockterms"),
        forbid_row_changes("pricing_act"),
        forbid_row_changes("pricing_offer"),
        forbid_row_changes("pricing_offerterms"),
        forbid_row_changes("pricing_approval"),
        forbid_row_changes("pricing_signature"),
        forbid_row_changes("pricing_remark"),
        forbid_row_changes("pricing_sealedagreement"),
        forbid_row_changes("pricing_grant", "version"),
        forbid_row_changes("pricing_renegotiation", "ended_at", "ended_by"),
        forbid_row_changes(
            "pricing_lock",
            "status",
            "renegotiation_deadline",
            "ended_at",
            "ended_by",
            "judged_by",
            "next_reminder_at",
        ),
        migrations.RunPython(record_what_stands, migrations.RunPython.noop),
    ]
