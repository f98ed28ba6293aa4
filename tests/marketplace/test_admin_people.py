"""The administration is no ladder either: nobody gives themselves what they lack, nor signs in as
who has it."""

import pytest
from django.contrib.auth.models import Permission

from diagnostics.models import LedgerEntry
from marketplace.models import ApiKey, Membership, Role, User
from tests import world

pytestmark = pytest.mark.django_db
USERS, STORES = "/admin/marketplace/user/", "/admin/marketplace/store/"


@pytest.fixture
def clerk(client):
    """Keeps users, stores and members, and is no superuser."""
    made = world.user("clerk@example.com", is_staff=True)
    names = [
        f"{verb}_{model}"
        for verb in ("add", "change", "delete", "view")
        for model in ("user", "store", "membership")
    ]
    made.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(made)
    return made


def rows(store, *members: dict, **kept) -> dict[str, str]:
    """The store's page as it is sent, with rows of members."""
    names = ("code", "name", "legal_name", "level", "settlement_currency", "country", "city")
    fields = {name: getattr(store, name) for name in names} | {"clock_offset": "0", "sandbox": "on"}
    fields |= {
        "memberships-TOTAL_FORMS": len(members),
        "memberships-INITIAL_FORMS": sum("id" in m for m in members),
    }
    for n, member in enumerate(members):
        fields |= {
            f"memberships-{n}-{name}": value
            for name, value in ({"store": store.pk} | member).items()
        }
    return fields | kept


def save(client, store, *members: dict):
    return client.post(f"{STORES}{store.pk}/change/", rows(store, *members))


class TestAClerk:
    def test_makes_nobody_a_superuser(self, client, clerk):
        page = client.get(f"{USERS}{clerk.pk}/change/")
        assert page.status_code == 200  # to look at
        other = world.user("other@example.com")
        client.post(
            f"{USERS}{other.pk}/change/",
            {
                "email": other.email,
                "name": "New",
                "is_active": "on",
                "is_superuser": "on",
                "is_staff": "on",
                "user_permissions": [1, 2],
            },
        )
        other.refresh_from_db()
        assert (other.name, other.is_staff, other.is_superuser) == ("New", False, False)
        assert not other.user_permissions.exists()

    @pytest.mark.parametrize("who", [{"is_staff": True}, {"is_superuser": True}])
    def test_takes_no_account_that_is_stronger(self, client, clerk, who):
        boss = world.user("boss@example.com", **who)
        for path in ("change/", "password/", "delete/"):
            answer = client.post(
                f"{USERS}{boss.pk}/{path}",
                {
                    "email": "mine@example.com",
                    "post": "yes",
                    "password1": "a new long password",
                    "password2": "a new long password",
                },
            )
            assert answer.status_code == 403, path
        boss.refresh_from_db()
        assert boss.email == "boss@example.com"
        assert boss.check_password("a long password")

    def test_lets_themselves_into_no_store(self, client, clerk, store):
        assert save(client, store, {"user": clerk.pk, "role": "owner"}).status_code == 200
        assert not Membership.objects.exists()
        mine = Membership.objects.create(user=clerk, store=store, role=Role.VIEWER)
        assert (
            save(client, store, {"id": mine.pk, "user": clerk.pk, "role": "owner"}).status_code
            == 200
        )
        assert Membership.objects.get().role == Role.VIEWER

    def test_turns_no_membership_into_another_persons(self, client, clerk, store):
        """Else the keys that act for it would act for the other."""
        alice, other = world.member(store, Role.OWNER), world.user()
        mine = alice.memberships.get()
        assert (
            save(client, store, {"id": mine.pk, "user": other.pk, "role": "owner"}).status_code
            == 200
        )
        assert Membership.objects.get().user == alice


class TestAMember:
    def test_joins_changes_and_leaves_by_the_ledger_and_takes_no_key_along(
        self, client, clerk, store
    ):
        other = world.user()
        assert save(client, store, {"user": other.pk, "role": "manager"}).status_code == 302
        member = Membership.objects.get()
        row = {"id": member.pk, "user": other.pk}
        assert save(client, store, row | {"role": "owner"}).status_code == 302
        world.key(store)
        ApiKey.objects.update(principal=member)
        assert save(client, store, row | {"role": "owner", "DELETE": "on"}).status_code == 302
        found = LedgerEntry.objects.order_by("seq").values_list("kind", "by", "subject")
        by, who = f"user:{clerk.pk}", f"user:{other.pk}"
        key = ApiKey.objects.get()
        assert list(found) == [
            ("member.joined", by, who),
            ("member.changed", by, who),
            ("key.ended", by, f"key:{key.pk}"),
            ("member.left", by, who),
        ]
        assert key.principal is None

    def test_whose_account_is_deleted_leaves_first(self, client, clerk, store):
        gone = world.member(store, Role.OWNER, "gone@example.com")
        world.key(store)
        ApiKey.objects.update(principal=gone.memberships.get())
        assert client.post(f"{USERS}{gone.pk}/delete/", {"post": "yes"}).status_code == 302
        assert not User.objects.filter(email="gone@example.com").exists()
        assert set(LedgerEntry.objects.values_list("kind", flat=True)) == {
            "key.ended",
            "member.left",
        }
