"""The reviewer's desk: what it shows, what it takes, what it refuses without losing a word (B-6,
R-41 to R-45)."""

import datetime as dt
import html
import re

import pytest
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from diagnostics.models import LedgerEntry
from marketplace import clock
from qualification.models import Case, Qualification, Upload
from qualification.readings import DocumentKind
from qualification.review import QualificationStatus
from qualification.services import uploads
from qualification.uploads import UploadState
from tests import world

pytestmark = pytest.mark.django_db
QUEUE = "/admin/qualification/case/"


def reviewer(email: str = "reviewer@example.com", *codenames: str):
    made = world.user(email, is_staff=True)
    names = codenames or ("view_case", "view_qualification", "review_qualification")
    made.user_permissions.set(Permission.objects.filter(codename__in=names))
    return made


@pytest.fixture
def handed_in(store):
    """`handed_in(unsure={Kind: names})`: a set in review, and its case."""
    world.sku(store, hs_code="691110")

    def make(**of_licence) -> Case:
        Qualification.objects.update(state=QualificationStatus.DOCUMENTS)
        world.papers(store)
        if of_licence:
            Upload.objects.filter(kind=DocumentKind.LICENCE).delete()
            world.upload(store, DocumentKind.LICENCE, **of_licence)
        uploads.submit(store=store, by="user:1", now=clock.now(store))
        return Case.objects.get(store=store)

    return make


def form(case: Case, act: str, *, seals: bool = True, **fields) -> dict:
    case.refresh_from_db()
    seen = {f"seal:{u.key}": "yes" for u in Upload.objects.filter(is_current=True)} if seals else {}
    return {"version": case.version, "act": act} | seen | fields


def press(client, case: Case, act: str, **fields):
    return client.post(f"{QUEUE}{case.pk}/desk/", form(case, act, **fields))


def standing() -> str:
    return Qualification.objects.get().state


class TestTheQueue:
    def test_leads_to_the_desk_with_the_days_that_are_left(self, client, handed_in):
        case = handed_in()
        client.force_login(reviewer())
        page = client.get(QUEUE).content.decode()
        assert f"{QUEUE}{case.pk}/desk/" in page
        assert case.store.name in page

    def test_asks_the_same_number_of_questions_for_any_number_of_reviews(
        self, client, handed_in, django_assert_max_num_queries
    ):
        case = handed_in()
        for _ in range(15):
            Case.objects.create(
                store=world.store(),
                opened_at=case.opened_at,
                running_since=case.opened_at,
                due_at=case.due_at,
            )
        client.force_login(reviewer())
        with django_assert_max_num_queries(16):
            assert client.get(QUEUE).status_code == 200

    def test_is_narrowed_to_what_waits(self, client, handed_in):
        case = handed_in()
        client.force_login(reviewer())
        assert f"{QUEUE}{case.pk}/desk/" in client.get(f"{QUEUE}?decided=no").content.decode()
        assert f"{QUEUE}{case.pk}/desk/" not in client.get(f"{QUEUE}?decided=yes").content.decode()

    def test_is_not_for_staff_without_the_right(self, client, handed_in):
        case = handed_in()
        client.force_login(reviewer("other@example.com", "view_case"))
        assert client.get(f"{QUEUE}{case.pk}/desk/").status_code == 404
        assert press(client, case, "approve").status_code == 404
        assert standing() == QualificationStatus.IN_REVIEW


class TestTheDesk:
    @pytest.fixture(autouse=True)
    def _signed_in(self, client):
        client.force_login(reviewer())

    def test_shows_fields_boxes_and_checks(self, client, handed_in):
        case = handed_in(unsure=("company",), read={"company": "别家公司"})
        page = client.get(f"{QUEUE}{case.pk}/desk/").content.decode()
        assert 'class="box box-open"' in page
        assert "COMPANY_NAME_MISMATCH" in page
        assert page.index("别家公司") < page.index("530120260")  # what is disputed stands first

    def test_opens_the_store(self, client, handed_in):
        case = handed_in()
        assert press(client, case, "approve").status_code == 302
        case.refresh_from_db()
        assert (standing(), case.was_late, case.due_at) == (QualificationStatus.OPEN, False, None)
        assert set(Upload.objects.values_list("state", flat=True)) == {UploadState.APPROVED}
        decided = LedgerEntry.objects.get(kind="qualification.decided")
        assert decided.facts["outcome"] == "approved"

    def test_wants_every_seal_looked_at(self, client, handed_in):
        """R-45."""
        answer = press(client, handed_in(), "approve", seals=False)
        assert (answer.status_code, standing()) == (422, QualificationStatus.IN_REVIEW)
        assert "REVIEW" not in standing()

    def test_wants_every_doubtful_field_settled(self, client, handed_in):
        case = handed_in(unsure=("credit_code",))
        assert press(client, case, "approve").status_code == 422
        key = Upload.objects.get(kind=DocumentKind.LICENCE).key
        settled = {f"ok:{key}:credit_code": "on", f"value:{key}:credit_code": "91110000600037341L"}
        assert press(client, case, "approve", **settled).status_code == 302
        assert (
            Upload.objects.get(kind=DocumentKind.LICENCE).settled["credit_code"]
            == "91110000600037341L"
        )

    def test_takes_no_tick_beside_nothing_and_says_how_much_is_left(self, client, handed_in):
        case = handed_in(unsure=("credit_code",), read={"credit_code": ""})
        row = Upload.objects.get(kind=DocumentKind.LICENCE)
        ticked = {f"ok:{row.key}:credit_code": "on", f"value:{row.key}:credit_code": " "}
        answer = press(client, case, "approve", **ticked)
        page = answer.content.decode()
        assert (answer.status_code, standing()) == (422, QualificationStatus.IN_REVIEW)
        assert f"{row.name} (1)" in page
        assert "<strong>1</strong>" in page
        assert page.count("data-left") == 1

    def test_takes_only_what_can_be_the_value(self, client, handed_in):
        case = handed_in()
        row = Upload.objects.get(kind=DocumentKind.LICENCE)
        typed = {f"ok:{row.key}:valid_until": "on", f"value:{row.key}:valid_until": "next year"}
        answer = press(client, case, "approve", **typed)
        assert (answer.status_code, standing()) == (422, QualificationStatus.IN_REVIEW)
        assert f"{row.name}: “next year”" in answer.content.decode()
        row.refresh_from_db()
        assert row.settled == {}

    def test_shows_a_refused_form_as_it_was_sent(self, client, handed_in):
        """A seal that nobody looked at is not seen by being sent twice."""
        case = handed_in()
        seen, unseen = Upload.objects.filter(is_current=True).order_by("pk")[:2]
        answer = press(client, case, "approve", seals=False, **{f"seal:{seen.key}": "no"})
        page = " ".join(answer.content.decode().split())
        assert answer.status_code == 422
        assert f'name="seal:{seen.key}" value="no" checked' in page
        assert f'name="seal:{unseen.key}" value="yes" checked' not in page
        assert f'name="seal:{unseen.key}" value="no" checked' not in page

    def test_is_claimed_by_one_of_two_and_keeps_what_was_typed(self, client, handed_in):
        case = handed_in(unsure=("credit_code",))
        key = Upload.objects.get(kind=DocumentKind.LICENCE).key
        sent = form(case, "claim", **{f"value:{key}:credit_code": "TYPED BY HAND"})
        answer = client.post(f"{QUEUE}{case.pk}/desk/", sent)
        assert answer.status_code == 200
        assert "TYPED BY HAND" in answer.content.decode()
        client.force_login(reviewer("second@example.com"))
        late = client.post(f"{QUEUE}{case.pk}/desk/", sent)
        assert late.status_code == 409
        case.refresh_from_db()
        assert case.claimed_by.email == "reviewer@example.com"
        assert "TYPED BY HAND" in late.content.decode()

    def test_sends_one_file_back_and_keeps_the_others(self, client, handed_in):
        case = handed_in()
        key = Upload.objects.get(kind=DocumentKind.LICENCE).key
        marked = {f"reject:{key}": "on", f"code:{key}": "SEAL_MISSING", f"remark:{key}": "no stamp"}
        assert press(client, case, "send_back", **marked).status_code == 302
        case.refresh_from_db()
        row = Upload.objects.get(key=key)
        assert (standing(), row.state, row.code, row.remark) == (
            "documents",
            "rejected",
            "SEAL_MISSING",
            "no stamp",
        )
        assert Upload.objects.filter(state=UploadState.READ).count() == 4
        assert (case.due_at, case.days_left) == (None, 2)
        assert "no stamp" in Qualification.objects.get().reason

    def test_sends_nothing_back_without_saying_what(self, client, handed_in):
        assert press(client, handed_in(), "send_back").status_code == 422
        assert standing() == QualificationStatus.IN_REVIEW

    def test_refuses_a_stale_form_and_loses_nothing(self, client, handed_in):
        case = handed_in(unsure=("credit_code",))
        key = Upload.objects.get(kind=DocumentKind.LICENCE).key
        stale = form(
            case,
            "approve",
            **{f"value:{key}:credit_code": "TYPED BY HAND", "overrule": "because of X"},
        )
        Case.objects.update(version=case.version + 1)
        answer = client.post(f"{QUEUE}{case.pk}/desk/", stale)
        page = answer.content.decode()
        assert (answer.status_code, standing()) == (409, QualificationStatus.IN_REVIEW)
        assert "TYPED BY HAND" in page
        assert "because of X" in page
        assert f'name="version" value="{case.version + 1}"' in page

    def test_shows_a_page_and_gives_the_original_to_reviewers_only(self, client, handed_in, alice):
        case = handed_in()
        row = Upload.objects.get(kind=DocumentKind.LICENCE)
        default_storage.save(f"{row.folder}/page-1.jpg", ContentFile(b"jpeg"))
        address = f"{QUEUE}{case.pk}/page/{row.key}/1/"
        assert client.get(address).content == b"jpeg"
        assert client.get(f"{QUEUE}{case.pk}/page/{row.key}/2/").status_code == 404
        client.force_login(alice)
        assert client.get(address).status_code == 302
        default_storage.delete(f"{row.folder}/page-1.jpg")


class TestAFailedCheck:
    @pytest.fixture
    def failing(self, handed_in):
        return handed_in(read={"valid_until": "2026-11-01"})

    def test_can_t_be_passed_over_without_a_reason(self, client, failing):
        client.force_login(reviewer())
        assert press(client, failing, "approve").status_code == 422
        assert standing() == QualificationStatus.IN_REVIEW

    def test_is_overruled_by_two_different_people(self, client, failing):
        """R-41: a second, different human only to overrule."""
        client.force_login(reviewer())
        assert (
            press(client, failing, "approve", overrule="renewal is on its way").status_code == 302
        )
        assert standing() == QualificationStatus.IN_REVIEW
        assert press(client, failing, "approve", overrule="me again").status_code == 422
        assert standing() == QualificationStatus.IN_REVIEW
        client.force_login(reviewer("second@example.com"))
        assert press(client, failing, "approve").status_code == 302
        assert standing() == QualificationStatus.OPEN
        assert LedgerEntry.objects.filter(kind="qualification.overruled").count() == 1

    def test_is_not_cleared_by_ticking_what_stands_there(self, client, handed_in):
        """One reviewer confirmed prefilled sums and answered “no seal”, and the store was open."""
        case = handed_in()
        row = Upload.objects.get(kind=DocumentKind.STATEMENT)
        for each in row.reading["fields"]:
            if each["name"].startswith("credits"):
                each["proven"], each["confidence"] = False, 0.0
        row.save()
        names = [f["name"] for f in row.reading["fields"]]
        ticked = {f"ok:{row.key}:{n}": "on" for n in names}
        ticked |= {f"value:{row.key}:{f['name']}": f["value"] for f in row.reading["fields"]}
        client.force_login(reviewer())
        answer = press(client, case, "approve", **ticked)
        assert (answer.status_code, standing()) == (422, QualificationStatus.IN_REVIEW)
        assert (
            press(client, case, "approve", overrule="the bank confirmed it", **ticked).status_code
            == 302
        )
        assert standing() == QualificationStatus.IN_REVIEW
        client.force_login(reviewer("second@example.com"))
        assert press(client, case, "approve").status_code == 302
        assert standing() == QualificationStatus.OPEN

    def test_of_a_page_that_was_laid_over_is_not_cleared_by_ticking_what_it_shows(
        self, client, handed_in
    ):
        case = handed_in()
        row = Upload.objects.get(kind=DocumentKind.LICENCE)
        row.reading["laid_over"] = ["valid_until"]
        for each in row.reading["fields"]:
            each["confidence"] = 0.4 if each["name"] == "valid_until" else each["confidence"]
        row.save()
        until = next(f["value"] for f in row.reading["fields"] if f["name"] == "valid_until")
        ticked = {f"ok:{row.key}:valid_until": "on", f"value:{row.key}:valid_until": until}
        client.force_login(reviewer())
        page = client.get(
            f"{QUEUE}{case.pk}/desk/", headers={"Accept-Language": "en"}
        ).content.decode()
        assert f"Page 1 shows {until} where something else lies under it" in page
        assert press(client, case, "approve", **ticked).status_code == 422
        assert (
            press(client, case, "approve", overrule="a sticker of the office", **ticked).status_code
            == 302
        )
        assert standing() == QualificationStatus.IN_REVIEW
        assert LedgerEntry.objects.get(kind="qualification.overruled").facts["failed"] == [
            "PAGE_LAID_OVER"
        ]
        client.force_login(reviewer("second@example.com"))
        assert press(client, case, "approve").status_code == 302
        assert standing() == QualificationStatus.OPEN

    def test_that_one_person_typed_over_needs_another(self, client, failing):
        row = Upload.objects.get(kind=DocumentKind.LICENCE)
        typed = {f"ok:{row.key}:valid_until": "on", f"value:{row.key}:valid_until": "2036-11-01"}
        client.force_login(reviewer())
        assert press(client, failing, "approve", **typed).status_code == 422
        assert (
            press(client, failing, "approve", overrule="misread: it says 2036", **typed).status_code
            == 302
        )
        page = client.get(
            f"{QUEUE}{failing.pk}/desk/", headers={"Accept-Language": "en"}
        ).content.decode()
        assert "what failed once stays failed" in page
        assert standing() == QualificationStatus.IN_REVIEW
        facts = LedgerEntry.objects.get(kind="qualification.overruled").facts
        (told,) = [each for each in facts["settled"] if each["document"] == str(row.key)]
        assert (told["changed"], told["confirmed"], told["seal"]) == (["valid_until"], [], "yes")
        client.force_login(reviewer("second@example.com"))
        assert press(client, failing, "approve").status_code == 302
        assert standing() == QualificationStatus.OPEN

    def test_that_came_up_after_the_reason_was_given_wants_one_of_its_own(self, client, failing):
        """The second reviewer sees no seal: nobody has given a reason for that."""
        client.force_login(reviewer())
        press(client, failing, "approve", overrule="renewal is on its way")
        row = Upload.objects.get(kind=DocumentKind.STATEMENT)
        client.force_login(reviewer("second@example.com"))
        no_seal = {f"seal:{row.key}": "no"}
        assert press(client, failing, "approve", **no_seal).status_code == 422
        assert (
            press(client, failing, "approve", overrule="sealed on paper", **no_seal).status_code
            == 302
        )
        assert standing() == QualificationStatus.IN_REVIEW
        client.force_login(reviewer("third@example.com"))
        assert press(client, failing, "approve", **no_seal).status_code == 302
        assert standing() == QualificationStatus.OPEN


class TestASealThatNobodySaw:
    """R-45, whatever the machine has detected."""

    @pytest.mark.parametrize("kind", [DocumentKind.LICENCE, DocumentKind.STATEMENT])
    def test_fails(self, client, handed_in, kind):
        case = handed_in()
        row = Upload.objects.get(kind=kind)
        client.force_login(reviewer())
        answer = press(client, case, "approve", **{f"seal:{row.key}": "no"})
        assert (answer.status_code, standing()) == (422, QualificationStatus.IN_REVIEW)

    def test_still_fails_after_another_document_was_sent_back(self, client, handed_in):
        case = handed_in()
        row = Upload.objects.get(kind=DocumentKind.STATEMENT)
        other = Upload.objects.get(kind=DocumentKind.LICENCE)
        client.force_login(reviewer())
        back = {
            f"reject:{other.key}": "on",
            f"code:{other.key}": "FIELD_UNREAD",
            f"seal:{row.key}": "no",
        }
        assert press(client, case, "send_back", **back).status_code == 302
        Upload.objects.filter(pk=other.pk).update(is_current=False)
        world.upload(case.store, DocumentKind.LICENCE)
        uploads.submit(store=case.store, by="user:1", now=clock.now(case.store))
        assert press(client, case, "approve").status_code == 422
        assert standing() == QualificationStatus.IN_REVIEW


class TestTheHistory:
    def test_tells_who_did_what_and_why(self, client, handed_in):
        case = handed_in(read={"valid_until": "2026-11-01"})
        client.force_login(reviewer())
        press(client, case, "approve", overrule="renewal is on its way")
        page = client.get(
            f"{QUEUE}{case.pk}/desk/", headers={"Accept-Language": "en"}
        ).content.decode()
        history = page[page.index("<summary>History") :]
        assert "failed checks overruled · reviewer@example.com" in history
        assert "“renewal is on its way”" in history
        assert history.index("failed checks overruled") < history.index("documents handed in")


class TestTheReviewer:
    def test_is_no_member_of_the_store(self, client, store, handed_in):
        case = handed_in()
        both = world.member(store, "viewer")
        both.is_staff = True
        both.save()
        both.user_permissions.set(Permission.objects.filter(codename="review_qualification"))
        client.force_login(both)
        assert press(client, case, "approve").status_code == 403
        assert standing() == QualificationStatus.IN_REVIEW

    @pytest.mark.parametrize("uploaded_by", ["user:{}", "key:3/user:{}"])
    def test_did_not_upload_it(self, client, handed_in, uploaded_by):
        case, me = handed_in(), reviewer()
        Upload.objects.filter(kind=DocumentKind.LICENCE).update(
            uploaded_by=uploaded_by.format(me.pk)
        )
        client.force_login(me)
        assert press(client, case, "approve").status_code == 403

    def test_can_t_edit_the_row_itself(self, client, handed_in):
        handed_in()
        client.force_login(reviewer())
        row = Qualification.objects.get()
        answer = client.post(
            f"/admin/qualification/qualification/{row.pk}/change/", {"state": "open"}
        )
        assert (answer.status_code, standing()) == (403, QualificationStatus.IN_REVIEW)


class TestTheFigures:
    def test_come_from_the_reviews_themselves(self, client, handed_in):
        """R-43, R-44."""
        client.force_login(reviewer())
        assert client.get(f"{QUEUE}figures/").status_code == 200
        press(client, handed_in(), "approve")
        page = client.get(f"{QUEUE}figures/").content.decode()
        assert "100" in page
        assert "svg" in page

    def test_show_shares_with_a_digit_that_can_be_read(self, client, handed_in):
        case = handed_in()
        now, hour = case.opened_at, dt.timedelta(hours=1)
        ended = {"opened_at": now, "ended_at": now, "spent": 30 * hour}
        for late in (False, False, True):
            Case.objects.create(store=world.store(), was_late=late, **ended)
        client.force_login(reviewer())
        page = client.get(f"{QUEUE}figures/", headers={"Accept-Language": "en"}).content.decode()
        assert "66.7 %" in page
        assert page.count('class="bar"') == 2  # hours, and the share in time, of the one month


class TestTheAdministration:
    def test_is_chinese_for_a_reviewer(self, client, handed_in):
        """Whatever it names: apps, rows, columns, filters, states."""
        case = handed_in()
        made = reviewer("all@example.com")
        apps = ("diagnostics", "marketplace", "outbox", "pricing", "qualification", "repurchase")
        made.user_permissions.set(Permission.objects.filter(content_type__app_label__in=apps))
        client.force_login(made)
        english = re.compile(r"\b(?!PDF|SKU|API|USD|OCR|UTC|DOCTYPE|Sample|Test)[A-Z]?[a-z]{4,}\b")
        for address in (
            "/admin/",
            QUEUE,
            f"{QUEUE}figures/",
            "/admin/qualification/qualification/",
            "/admin/qualification/workday/",
            "/admin/qualification/workday/add/",
            f"{QUEUE}{case.pk}/desk/",
        ):
            answer = client.get(address, headers={"Accept-Language": "zh-hans"})
            found = english.findall(words_of(answer.content.decode()))
            found = [w for w in found if w not in case.store.name + case.store.legal_name]
            assert " ".join(found) == "", address


def words_of(page: str) -> str:
    """What is read on it: no tags, no scripts, no file names, addresses or codes."""
    body = page[page.index("<body") :]
    shown = html.unescape(
        re.sub(r"<(script|style|code)\b.*?</\1>|<[^>]*>", " ", body, flags=re.DOTALL)
    )
    return re.sub(r"\S*[@/.]\S*|\b[A-Z]+(_[A-Z]+)+\b", " ", shown)


class TestAnApproval:
    def test_ends_with_the_first_document_that_ends(self, client, handed_in):
        client.force_login(reviewer())
        press(client, handed_in(read={"valid_until": "2027-01-31"}), "approve")
        assert Qualification.objects.get().valid_until.isoformat() == "2027-01-31T16:00:00+00:00"
