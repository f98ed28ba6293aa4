import base64
import uuid

import pytest

from diagnostics.codes import Code
from diagnostics.problem import Problem
from pricing import signing
from pricing.models import Grant
from tests import world


@pytest.fixture
def grant(store) -> Grant:
    return granted(store, world.buyer(store))


def granted(store, buyer, subject="BR-1") -> Grant:
    return signing.ensure_grant(
        store=store, buyer=buyer, subject=subject, by="user:1", now=world.NOW
    )


def refused(token: str) -> bool:
    with pytest.raises(Problem) as problem:
        signing.grant_of(token)
    return problem.value.code == Code.LINK_INVALID


class TestALink:
    def test_leads_to_its_grant_with_store_and_buyer_at_hand(
        self, grant, django_assert_num_queries
    ):
        token = signing.token_of(grant)
        with django_assert_num_queries(1):
            found = signing.grant_of(token)
            assert (found, found.store, found.buyer) == (grant, grant.store, grant.buyer)

    def test_carries_256_bits_and_needs_no_escaping(self, grant):
        token = signing.token_of(grant)
        assert len(base64.urlsafe_b64decode(token.partition(".")[2] + "=")) == 32
        assert set(token) <= set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
        )

    def test_is_nowhere_in_the_database(self, grant):
        mac = signing.token_of(grant).partition(".")[2]
        assert mac not in str(Grant.objects.filter(pk=grant.pk).values().get())

    def test_dies_with_its_version(self, grant):
        token = signing.token_of(grant)
        Grant.objects.update(version=2)
        assert refused(token)
        assert signing.grant_of(signing.token_of(Grant.objects.get())) == grant

    def test_dies_with_its_key(self, grant, settings):
        token = signing.token_of(grant)
        settings.LINK_KEY = "another key, as long as the first one was"
        assert refused(token)

    def test_does_not_open_another_grant(self, store, grant):
        other = granted(store, grant.buyer, "BR-2")
        assert refused(
            signing.token_of(other).split(".")[0] + "." + signing.token_of(grant).split(".")[1]
        )

    def test_with_any_character_changed_is_invalid(self, grant):
        token = signing.token_of(grant)
        for place, character in enumerate(token):
            other = "B" if character == "A" else "A"
            assert refused(token[:place] + other + token[place + 1 :])

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda t: "",
            lambda t: ".",
            lambda t: t[:-1],
            lambda t: t + "A",
            lambda t: t + "=",
            lambda t: t + "\n",
            lambda t: " " + t,
            lambda t: t.replace(".", "=="),
            lambda t: t.split(".")[0],
            lambda t: t.split(".")[0] + ".",
            lambda t: "合同." + t,
            lambda t: t + "合同",
            lambda t: t + "\ud800",
            lambda t: t + "\x00",
            lambda t: "A" * 100_000,
        ],
    )
    def test_that_is_not_exactly_as_derived_is_invalid(self, grant, spoil):
        assert refused(spoil(signing.token_of(grant)))

    def test_of_an_unknown_grant_is_invalid(self, db):
        assert refused(signing.token_of(Grant(pk=uuid.uuid4(), version=1)))


class TestAGrant:
    def test_is_one_a_buyer_and_subject(self, store, grant):
        assert granted(store, grant.buyer) == grant
        assert granted(store, grant.buyer, "BR-2") != grant
        assert granted(store, world.buyer(store)) != grant
        assert (grant.granted_at, grant.granted_by) == (world.NOW, "user:1")
