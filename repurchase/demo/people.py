"""The demo's people: a seller who owns the stores, an operator on the team, a reviewer."""

import secrets
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Permission

from marketplace import access
from marketplace.models import ApiKey, Membership, Role, Store, User

SELLER, OPERATOR, REVIEWER = "seller@example.com", "operator@example.com", "reviewer@example.com"
LEAD = "lead@example.com"  # the second pair of eyes, and who is told of late reviews
KEY_NAME = "demo"
APPS = ("diagnostics", "eligibility", "marketplace", "outbox", "pricing", "qualification", "repurchase")


@dataclass(frozen=True, kw_only=True, slots=True)
class Staff:
    seller: User
    operator: User

    def join(self, store: Store) -> None:
        Membership.objects.create(user=self.seller, store=store, role=Role.OWNER)
        Membership.objects.create(user=self.operator, store=store, role=Role.OPERATOR)


def load() -> Staff:
    """People without a password yet: `issue` gives them one."""
    ours = Permission.objects.filter(content_type__app_label__in=APPS)
    reviews = ours.filter(codename__startswith="view_") | ours.filter(codename="review_qualification")
    leads = ours.filter(codename__in=["lead_review", "add_workday", "change_workday", "delete_workday"])
    User.objects.create_user(REVIEWER, name="赵审核 Reviewer", is_staff=True).user_permissions.set(reviews)
    User.objects.create_user(LEAD, name="钱主管 Lead reviewer", is_staff=True).user_permissions.set(
        reviews | leads
    )
    return Staff(
        seller=User.objects.create_user(SELLER, name="陈卖家 Seller"),
        operator=User.objects.create_user(OPERATOR, name="林运营 Operator"),
    )


def issue() -> dict[str, Any]:
    """New passwords and a new API key of the first store; the old ones are void."""
    first = Store.objects.get(code="harbour-lane")
    ApiKey.objects.filter(store=first, name=KEY_NAME).delete()
    seller = User.objects.get(email=SELLER)
    return {
        "seller": _login(seller),
        "operator": _login(User.objects.get(email=OPERATOR)),
        "reviewer": _login(User.objects.get(email=REVIEWER)),
        "lead_reviewer": _login(User.objects.get(email=LEAD)),
        "api_key": access.new_api_key(store=first, name=KEY_NAME, scopes=["read", "write"], by=seller),
    }


def _login(user: User) -> dict[str, str]:
    password = secrets.token_urlsafe(15)
    user.set_password(password)
    user.save(update_fields=["password"])
    return {"email": user.email, "password": password}
