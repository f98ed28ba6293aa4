"""An API key acts for a member. Keys that were made by a member who may grant them act for that member; others wait."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery

MAY_GRANT = ("owner", "manager")


def name_principals(apps, _schema_editor) -> None:
    key, membership = (
        apps.get_model("marketplace", "ApiKey"),
        apps.get_model("marketplace", "Membership"),
    )
    maker = membership.objects.filter(
        store=OuterRef("store"), user=OuterRef("created_by"), role__in=MAY_GRANT
    )
    key.objects.update(principal=Subquery(maker.values("pk")[:1]))
    key.objects.filter(principal__isnull=False).update(granted_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0011_tax_numbers_of_then")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="granted_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="principal",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="api_keys",
                to="marketplace.membership",
            ),
        ),
        migrations.RunPython(name_principals, migrations.RunPython.noop, elidable=True),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop, elidable=True),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("principal__isnull", True), ("granted_at__isnull", False), _connector="OR"
                ),
                name="an_api_key_acts_once_it_is_granted",
            ),
        ),
    ]
