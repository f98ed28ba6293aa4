"""The seller's download and the published schema."""

import pytest
import xmlschema

from repurchase.integration.feed import native
from tests import world
from tests.repurchase import orders

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(store):
    made = orders.batch(store)
    orders.repeats(made, 2)
    return made


class TestTheDownload:
    @pytest.mark.parametrize("role", ["owner", "manager", "operator", "viewer", "developer"])
    def test_is_there_for_every_member(self, client, store, batch, role):
        client.force_login(world.member(store, role))

        answer = client.get(f"/batches/{batch.ref}/orders.xml")

        assert answer["Content-Type"] == "application/xml"
        assert answer["Content-Disposition"] == f'attachment; filename="{batch.ref}.xml"'
        xmlschema.validate(answer.getvalue().decode(), str(native.SCHEMA))

    def test_is_a_404_to_a_member_of_another_store(self, client, charlie, batch):
        client.force_login(charlie)

        assert client.get(f"/batches/{batch.ref}/orders.xml").status_code == 404
        assert client.get("/batches/BR-00000000/orders.xml").status_code == 404

    def test_asks_who_is_not_signed_in_to_sign_in(self, client, batch):
        answer = client.get(f"/batches/{batch.ref}/orders.xml")

        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in/")

    def test_refuses_an_unknown_wish(self, client, alice, batch):
        client.force_login(alice)

        assert client.get(f"/batches/{batch.ref}/orders.xml?include=all").status_code == 422

    def test_is_read_only(self, client, alice, batch):
        client.force_login(alice)

        assert client.post(f"/batches/{batch.ref}/orders.xml").status_code == 405


class TestThePublishedSchema:
    def test_is_open_to_all_and_the_one_that_is_used(self, client):
        answer = client.get("/schemas/repurchase-order-1.xsd")

        assert answer.content == native.SCHEMA.read_bytes()
        assert answer["Content-Type"] == "application/xml"
