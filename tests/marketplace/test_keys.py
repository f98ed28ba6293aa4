"""A key acts for one member, its principal, and never does more than they may at that moment."""

import datetime as dt

import pytest
from django.utils import timezone

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import api_keys, members
from marketplace.access import ROLE_CAPABILITIES, Capability
from marketplace.models import ApiKey, Membership, Role
from tests import world

pytestmark = pytest.mark.django_db
BOTH = ["read", "write"]


@pytest.fixture
def owner(store):
    return Membership.objects.get(user=world.member(store, Role.OWNER, "owner@example.com"))


@pytest.fixture
def manager(store):
    return Membership.objects.get(user=world.member(store, Role.MANAGER, "manager@example.com"))


@pytest.fixture
def developer(store):
    return Membership.objects.get(user=world.member(store, Role.DEVELOPER, "dev@example.com"))


def asked(by: Membership, scopes=BOTH) -> tuple[str, ApiKey]:
    text = api_keys.request_key(member=by, name="ERP", scopes=scopes)
    return text, ApiKey.objects.get(digest=api_keys.digest_of(text))


def again(key: ApiKey) -> ApiKey:
    return ApiKey.objects.get(pk=key.pk)


def refused(code: Code, what, *args, **options) -> Problem:
    with pytest.raises(Problem) as said:
        what(*args, **options)
    assert said.value.code is code
    return said.value


def told() -> list[tuple[str, str, str, str]]:
    rows = LedgerEntry.objects.order_by("seq")
    return [
        (row.kind, row.by, row.facts.get("principal"), row.facts.get("requester")) for row in rows
    ]


def may(text: str, needs: Capability) -> bool:
    key = api_keys.find_key_by_text(text)
    try:
        api_keys.require_key_permission(key, needs=needs, scope="write")
    except Problem:
        return False
    return True


class TestARequest:
    def test_does_nothing_until_somebody_grants_it(self, developer):
        text, key = asked(developer)
        assert key.state == "requested"
        refused(
            Code.KEY_NOT_GRANTED,
            api_keys.require_key_permission,
            api_keys.find_key_by_text(text),
            needs=Capability.VIEW,
            scope="read",
        )
        assert not api_keys.list_active_keys().exists()

    @pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER])
    def test_is_for_developers_owners_and_managers(self, store, role):
        other = Membership.objects.get(user=world.member(store, role))
        refused(Code.NOT_PERMITTED, api_keys.request_key, member=other, name="ERP", scopes=BOTH)
        assert not ApiKey.objects.exists()

    def test_is_not_granted_by_who_asked(self, developer):
        _, key = asked(developer)
        for act in (api_keys.grant, api_keys.refuse, api_keys.take_over):
            refused(Code.NOT_PERMITTED, act, key, by=developer)
        assert again(key).state == "requested"

    def test_is_granted_at_once_to_who_could_grant_it(self, manager):
        text, _ = asked(manager)
        assert api_keys.find_key_by_text(text).principal == manager
        assert [kind for kind, *_ in told()] == ["key.requested", "key.granted"]

    def test_once_refused_never_works(self, developer, manager):
        text, key = asked(developer)
        api_keys.refuse(key, by=manager)
        assert again(key).state == "refused"
        assert api_keys.find_key_by_text(text) is None
        refused(Code.STATE_CONFLICT, api_keys.grant, key, by=manager)

    def test_of_another_store_is_granted_by_nobody(self, developer, charlie):
        _, key = asked(developer)
        refused(Code.NOT_FOUND, api_keys.grant, key, by=charlie.memberships.get())
        assert again(key).state == "requested"

    def test_is_in_the_ledger_with_key_principal_and_requester(self, developer, manager, owner):
        _, key = asked(developer)
        api_keys.grant(key, by=manager)
        new = api_keys.find_key_by_text(api_keys.take_over(key, by=owner))
        api_keys.revoke(key, by=developer)
        d, m, o = (f"user:{each.user_id}" for each in (developer, manager, owner))
        assert told() == [
            ("key.requested", d, "", d),
            ("key.granted", m, m, d),
            ("key.taken_over", o, o, o),
            ("key.revoked", d, m, d),
        ]
        taken = LedgerEntry.objects.get(kind="key.taken_over")
        assert (taken.subject, taken.facts["before"], taken.facts["was"]) == (
            f"key:{new.pk}",
            key.pk,
            m,
        )
        others = LedgerEntry.objects.exclude(pk=taken.pk)
        assert set(others.values_list("subject", flat=True)) == {f"key:{key.pk}"}


class TestAGrantedKey:
    @pytest.mark.parametrize("role", Role.values)
    @pytest.mark.parametrize("needs", sorted(Capability))
    def test_does_what_its_principal_may_do_now_and_no_more(self, developer, manager, role, needs):
        text, key = asked(developer)
        api_keys.grant(key, by=manager)
        Membership.objects.filter(pk=manager.pk).update(role=role)
        assert may(text, needs) is (needs in ROLE_CAPABILITIES[role])

    @pytest.mark.parametrize(("scope", "others"), [("read", "write"), ("write", "read")])
    def test_does_what_its_scopes_let_it_do(self, owner, scope, others):
        text, _ = asked(owner, [scope])
        refused(
            Code.SCOPE_MISSING,
            api_keys.require_key_permission,
            api_keys.find_key_by_text(text),
            needs=Capability.VIEW,
            scope=others,
        )
        api_keys.require_key_permission(
            api_keys.find_key_by_text(text), needs=Capability.VIEW, scope=scope
        )

    def test_names_itself_and_its_principal(self, developer, manager):
        _, key = asked(developer)
        api_keys.grant(key, by=manager)
        actor = again(key).actor
        assert actor == f"key:{key.pk}/user:{manager.user_id}"
        assert (
            api_keys.person_of(actor)
            == api_keys.person_of(f"user:{manager.user_id}")
            == manager.user_id
        )

    @pytest.mark.parametrize(
        "actor", ["key:3", "user:", "user:x", "grant:7", "key:3/user:", "user:1/user:2"]
    )
    def test_is_nobodys_where_no_person_is_named(self, actor):
        assert api_keys.person_of(actor) is None

    def test_can_be_granted_once(self, developer, manager, owner):
        _, key = asked(developer)
        api_keys.grant(key, by=manager)
        refused(Code.STATE_CONFLICT, api_keys.grant, key, by=owner)
        assert again(key).principal == manager

    def test_ends_with_the_membership_of_its_principal(self, developer, manager, owner):
        text, key = asked(developer)
        api_keys.grant(key, by=manager)
        members.leave(manager, by=owner.user)
        assert api_keys.find_key_by_text(text) is None
        assert again(key).state == "ended"
        assert [kind for kind, *_ in told()][-2:] == ["key.ended", "member.left"]
        refused(Code.STATE_CONFLICT, api_keys.take_over, key, by=owner)
        refused(Code.STATE_CONFLICT, api_keys.grant, key, by=owner)

    def test_stays_ended_when_its_principal_joins_again(self, developer, manager, owner):
        text, key = asked(developer)
        api_keys.grant(key, by=manager)
        user, store = manager.user, manager.store
        manager.delete()  # by whatever way
        members.join(Membership(user=user, store=store, role=Role.OWNER), by=owner.user)
        assert api_keys.find_key_by_text(text) is None

    def test_goes_on_when_another_took_it_over_before(self, developer, manager, owner):
        text, key = asked(developer)
        api_keys.grant(key, by=owner)
        assert may(text, Capability.MANAGE_KEYS)
        new = api_keys.take_over(key, by=manager)
        assert api_keys.find_key_by_text(text).principal == owner
        members.leave(owner, by=manager.user)
        assert api_keys.find_key_by_text(text) is None
        assert api_keys.find_key_by_text(new).principal == manager
        assert not may(new, Capability.MANAGE_KEYS)

    def test_whose_text_its_principal_has_seen_ends_for_them_when_another_takes_it_over(
        self, manager, owner
    ):
        text, key = asked(manager)
        new = api_keys.take_over(key, by=owner)
        members.leave(manager, by=owner.user)
        assert api_keys.find_key_by_text(text) is None
        assert api_keys.find_key_by_text(new).principal == owner
        refused(Code.STATE_CONFLICT, api_keys.take_over, key, by=owner)

    def test_is_taken_over_once(self, developer, manager, owner):
        _, key = asked(developer)
        api_keys.grant(key, by=owner)
        api_keys.take_over(key, by=manager)
        refused(Code.STATE_CONFLICT, api_keys.take_over, key, by=manager)

    @pytest.mark.parametrize("granted", [True, False])
    def test_ends_when_who_asked_for_it_and_saw_its_text_leaves(self, developer, owner, granted):
        text, key = asked(developer)
        if granted:
            api_keys.grant(key, by=owner)
        members.leave(developer, by=owner.user)
        assert api_keys.find_key_by_text(text) is None
        assert again(key).state == ("ended" if granted else "refused")
        ended = LedgerEntry.objects.get(kind="key.ended")
        assert (ended.subject, ended.facts["requester"]) == (
            f"key:{key.pk}",
            f"user:{developer.user_id}",
        )
        for act in (api_keys.grant, api_keys.take_over):
            refused(Code.STATE_CONFLICT, act, key, by=owner)

    def test_replaced_by_rotation_ends_at_once_with_who_saw_its_text(self, developer, owner):
        text, key = asked(developer)
        api_keys.grant(key, by=owner)
        new = api_keys.rotate(key, by=owner)
        members.leave(developer, by=owner.user)
        assert api_keys.find_key_by_text(text) is None
        assert api_keys.find_key_by_text(new).principal == owner

    def test_of_another_store_stays_when_who_asked_for_it_leaves_this_one(
        self, developer, owner, charlie
    ):
        elsewhere = Membership.objects.create(
            user=developer.user, store=charlie.memberships.get().store, role=Role.OWNER
        )
        text, _ = asked(elsewhere)
        members.leave(developer, by=owner.user)
        assert api_keys.find_key_by_text(text).principal == elsewhere

    def test_is_not_taken_over_by_its_own_principal(self, manager):
        _, key = asked(manager)
        refused(Code.STATE_CONFLICT, api_keys.take_over, key, by=manager)

    def test_rests_while_its_principal_may_not_sign_in(self, developer, manager, owner):
        text, key = asked(developer)
        api_keys.grant(key, by=manager)
        manager.user.is_active = False
        manager.user.save()
        assert api_keys.find_key_by_text(text) is None
        new = api_keys.take_over(key, by=owner)
        assert api_keys.find_key_by_text(text) is None
        assert api_keys.find_key_by_text(new).principal == owner

    def test_never_acts_for_a_member_of_another_store(self, developer, manager, charlie):
        text, key = asked(developer)
        api_keys.grant(key, by=manager)
        ApiKey.objects.update(principal=charlie.memberships.get())
        assert api_keys.find_key_by_text(text) is None


class TestARotatedKey:
    def test_acts_for_its_principal_when_they_rotate_it(self, developer, manager):
        _, key = asked(developer)
        api_keys.grant(key, by=manager)
        assert api_keys.find_key_by_text(api_keys.rotate(key, by=manager)).principal == manager

    def test_waits_to_be_granted_when_who_asked_for_it_rotates_it(self, developer, owner):
        text, key = asked(developer)
        api_keys.grant(key, by=owner)
        new = api_keys.rotate(key, by=developer)
        assert api_keys.find_key_by_text(new).state == "requested"
        assert (may(text, Capability.MANAGE_KEYS), may(new, Capability.VIEW)) == (True, False)
        assert (
            "key.rotated",
            f"user:{developer.user_id}",
            "",
            f"user:{developer.user_id}",
        ) in told()

    def test_waits_to_be_granted_when_another_developer_rotates_it(self, store, developer, manager):
        _, key = asked(developer)
        api_keys.grant(key, by=manager)
        other = Membership.objects.get(user=world.member(store, Role.DEVELOPER))
        assert api_keys.find_key_by_text(api_keys.rotate(key, by=other)).state == "requested"

    def test_of_an_owner_acts_for_the_manager_who_rotates_it(self, developer, manager, owner):
        _, key = asked(developer)
        api_keys.grant(key, by=owner)
        text = api_keys.rotate(key, by=manager)
        assert api_keys.find_key_by_text(text).principal == manager
        assert not may(text, Capability.MANAGE_KEYS)

    def test_is_not_made_of_one_that_does_not_act(self, developer, manager, owner):
        _, waiting = asked(developer)
        _, ended = asked(manager)
        members.leave(manager, by=owner.user)
        for key in (waiting, ended):
            refused(Code.NOT_FOUND, api_keys.rotate, key, by=owner)
        assert (
            ApiKey.objects.filter(expires_at__lt=timezone.now() + dt.timedelta(days=2)).count() == 0
        )
