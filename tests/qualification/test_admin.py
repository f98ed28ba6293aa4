import pytest
from django.contrib.auth.models import Permission

from qualification.models import Qualification
from qualification.review import Standing
from tests import world

pytestmark = pytest.mark.django_db
PATH = "/admin/qualification/qualification/"


@pytest.fixture
def waiting(store):
    Qualification.objects.update(state=Standing.IN_REVIEW)
    return Qualification.objects.get()


def reviewer(*codenames: str):
    made = world.user("reviewer@example.com", is_staff=True)
    made.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return made


def act(client, action: str, row: Qualification, **fields):
    return client.post(PATH, {"action": action, "_selected_action": [row.pk], **fields}, follow=True)


class TestTheReviewer:
    @pytest.fixture(autouse=True)
    def _signed_in(self, client):
        client.force_login(reviewer("view_qualification", "review_qualification"))

    def test_opens_a_store(self, client, waiting):
        act(client, "approve", waiting)
        waiting.refresh_from_db()
        assert waiting.state == Standing.OPEN
        assert waiting.valid_until is not None

    def test_sends_it_back_with_a_reason(self, client, waiting):
        act(client, "send_back", waiting, reason="October is missing")
        waiting.refresh_from_db()
        assert (waiting.state, waiting.reason) == (Standing.DOCUMENTS, "October is missing")

    def test_is_told_when_the_reason_is_missing(self, client, waiting):
        page = act(client, "send_back", waiting).content.decode()
        waiting.refresh_from_db()
        assert waiting.state == Standing.IN_REVIEW
        assert "messagelist" in page

    def test_can_t_open_what_is_not_in_review(self, client, waiting):
        Qualification.objects.update(state=Standing.DOCUMENTS)
        act(client, "approve", waiting)
        waiting.refresh_from_db()
        assert waiting.state == Standing.DOCUMENTS

    def test_can_t_edit_the_row_itself(self, client, waiting):
        answer = client.post(f"{PATH}{waiting.pk}/change/", {"state": "open"})
        waiting.refresh_from_db()
        assert (answer.status_code, waiting.state) == (403, Standing.IN_REVIEW)


class TestStaffWithoutTheRight:
    def test_may_look_but_not_review(self, client, waiting):
        client.force_login(reviewer("view_qualification"))
        assert client.get(PATH).status_code == 200
        act(client, "approve", waiting)
        waiting.refresh_from_db()
        assert waiting.state == Standing.IN_REVIEW
