"""An email is one person, whoever typed it how."""

import pytest
from django.db import IntegrityError

from marketplace.models import User
from tests import world

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password 7"


@pytest.fixture
def add(client):
    """The reviewer's form that adds a user."""
    client.force_login(world.user(is_staff=True, is_superuser=True))

    def post(email):
        return client.post(
            "/admin/marketplace/user/add/",
            {
                "email": email,
                "name": "A",
                "usable_password": "true",
                "password1": PASSWORD,
                "password2": PASSWORD,
            },
        )

    return post


class TestAnEmail:
    def test_is_kept_in_small_letters(self, add):
        assert add("Alice@Example.COM").status_code == 302
        assert User.objects.filter(email="alice@example.com").exists()

    def test_in_other_letters_is_the_same_person(self, add):
        add("alice@example.com")
        assert "email" in add("ALICE@example.com").context["adminform"].form.errors
        assert User.objects.filter(email__iexact="alice@example.com").count() == 1

    def test_in_capitals_is_refused_by_the_database(self, db):
        with pytest.raises(IntegrityError):
            User.objects.create(email="Alice@example.com")

    @pytest.mark.parametrize("typed", ["alice@example.com", "ALICE@Example.com"])
    def test_signs_in_however_it_is_typed(self, client, typed):
        User.objects.create_user("alice@example.com", PASSWORD)
        assert (
            client.post("/sign-in/", {"username": typed, "password": PASSWORD}).status_code == 302
        )
