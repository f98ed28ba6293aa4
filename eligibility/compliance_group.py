"""The platform's compliance group, made by every migration as permissions are; its members are
named in the admin."""

from typing import Any

from django.apps import AppConfig, apps

GROUP = "Compliance"
LABELS = ("eligibility", "marketplace")
GROUP_PERMISSIONS = (
    "answer_partyquestion",
    "view_partyquestion",
    "view_partyvote",
    "view_screenedparty",
    "view_embargo",
)


def ensure_compliance_group(sender: AppConfig, using: str, **_options: Any) -> None:
    """Gives the group what it needs and lacks; what somebody has given it beside that stays."""
    if sender.label not in LABELS:
        return
    group, _made = apps.get_model("auth", "Group").objects.using(using).get_or_create(name=GROUP)
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    wanted = permissions.filter(codename__in=GROUP_PERMISSIONS, content_type__app_label__in=LABELS)
    group.permissions.add(*wanted)
