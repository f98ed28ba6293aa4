"""The demo's people: a seller who owns the stores, a manager and an operator on the team,
reviewers, who keeps the tariffs."""

import secrets
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group, Permission

from eligibility.compliance_group import GROUP
from marketplace import api_keys
from marketplace.models import ApiKey, Membership, Role, Store, User

SELLER, OPERATOR, REVIEWER = "seller@example.com", "operator@example.com", "reviewer@example.com"
MANAGER = "manager@example.com"  # the second member who approves prices beyond ±3 % (R-47)
REVIEW_LEAD = "lead@example.com"  # the second pair of eyes, and who is told of late reviews
# may begin new versions of tariffs and ⚙ values and judge quarantined rates, nothing else
TARIFFS = "tariffs@example.com"
TARIFF_MODELS = ("commissionrate", "taxrate", "ratecard", "policyvalue")
COMPLIANCE = (
    "compliance@example.com",
    "compliance2@example.com",
)  # two people, who decide on listed parties
KEY_NAME = "demo"
APPS = (
    "diagnostics",
    "eligibility",
    "marketplace",
    "outbox",
    "pricing",
    "qualification",
    "repurchase",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoStaff:
    seller: User
    manager: User
    operator: User

    def join(self, store: Store) -> None:
        Membership.objects.create(user=self.seller, store=store, role=Role.OWNER)
        Membership.objects.create(user=self.manager, store=store, role=Role.MANAGER)
        Membership.objects.create(user=self.operator, store=store, role=Role.OPERATOR)


def load() -> DemoStaff:
    """People without a password yet: `issue_credentials` gives them one."""
    ours = Permission.objects.filter(content_type__app_label__in=APPS)
    reviews = ours.filter(codename__startswith="view_") | ours.filter(
        codename="review_qualification"
    )
    leads = ours.filter(
        codename__in=["lead_review", "add_workday", "change_workday", "delete_workday"]
    )
    User.objects.create_user(REVIEWER, name="赵审核 Reviewer", is_staff=True).user_permissions.set(
        reviews
    )
    User.objects.create_user(
        REVIEW_LEAD, name="钱主管 Lead reviewer", is_staff=True
    ).user_permissions.set(reviews | leads)
    _ensure_tariff_keeper()
    _ensure_compliance_staff()
    return DemoStaff(
        seller=User.objects.create_user(SELLER, name="陈卖家 Seller"),
        manager=_ensure_manager(),
        operator=User.objects.create_user(OPERATOR, name="林运营 Operator"),
    )


def _ensure_manager() -> User:
    """Of every store of the seller; made where a demo that was loaded before lacks one."""
    manager, _ = User.objects.get_or_create(email=MANAGER, defaults={"name": "王经理 Manager"})
    for store in Store.objects.filter(memberships__user__email=SELLER):
        Membership.objects.get_or_create(user=manager, store=store, defaults={"role": Role.MANAGER})
    return manager


def _ensure_tariff_keeper() -> User:
    """Made where a demo that was loaded before lacks it."""
    keeper, _ = User.objects.get_or_create(
        email=TARIFFS, defaults={"name": "孙费率 Tariffs", "is_staff": True}
    )
    ours = Permission.objects.filter(content_type__app_label__in=APPS)
    codenames = [f"{verb}_{model}" for verb in ("add", "change") for model in TARIFF_MODELS]
    codenames += ["view_quarantined", "change_quarantined"]
    codenames += [
        f"{verb}_{model}" for verb in ("view", "add") for model in ("fxrate", "indexclose")
    ]
    views = [
        "view_batch",
        "view_category",
        "view_carrierservice",
        *[f"view_{m}" for m in TARIFF_MODELS],
    ]
    keeper.user_permissions.set(ours.filter(codename__in=codenames + views))
    return keeper


def _ensure_compliance_staff() -> list[User]:
    """Made where a demo that was loaded before lacks them."""
    members = []
    for email, name in zip(COMPLIANCE, ("周合规 Compliance", "吴合规 Compliance"), strict=True):
        member, _ = User.objects.get_or_create(
            email=email, defaults={"name": name, "is_staff": True}
        )
        member.groups.add(Group.objects.get(name=GROUP))
        members.append(member)
    return members


def issue_credentials() -> dict[str, Any]:
    """New passwords and a new API key of the first store; the old ones are void."""
    first = Store.objects.get(code="harbour-lane")
    ApiKey.objects.filter(store=first, name=KEY_NAME).delete()
    seller = User.objects.get(email=SELLER)
    return {
        "seller": _issue_login(seller),
        "manager": _issue_login(_ensure_manager()),
        "operator": _issue_login(User.objects.get(email=OPERATOR)),
        "reviewer": _issue_login(User.objects.get(email=REVIEWER)),
        "lead_reviewer": _issue_login(User.objects.get(email=REVIEW_LEAD)),
        "tariff_keeper": _issue_login(_ensure_tariff_keeper()),
        **dict(
            zip(
                ("compliance", "compliance_second"),
                map(_issue_login, _ensure_compliance_staff()),
                strict=True,
            )
        ),
        "api_key": api_keys.request_key(
            member=Membership.objects.get(store=first, user=seller),
            name=KEY_NAME,
            scopes=list(api_keys.SCOPES),
        ),
    }


def _issue_login(user: User) -> dict[str, str]:
    password = secrets.token_urlsafe(15)
    user.set_password(password)
    user.save(update_fields=["password"])
    return {"email": user.email, "password": password}
