"""Taking documents, reading them in the background, handing them in (R-31 to R-42)."""

import datetime as dt
import random

import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Store, User
from outbox import emails
from outbox.models import Letter
from qualification import queries
from qualification.models import Case, Qualification, Upload
from qualification.queries import documents
from qualification.readings import DocumentKind
from qualification.review import QualificationEvent, QualificationStatus
from qualification.services import qualification_status, reviews, uploads
from qualification.services.reviews import DocumentRejection, ReviewAction
from qualification.uploads import UploadState
from repurchase.demo.sample_documents import certificates, contents, pdf_of
from tests import world

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        }
    }


@pytest.fixture
def gathering(store):
    """The store gathers its documents."""
    Qualification.objects.update(state=QualificationStatus.DOCUMENTS)
    return store


def sample(seed: str = "a") -> bytes:
    rng = random.Random(seed)
    return pdf_of(
        certificates.draw_iso_certificate(
            contents.make_company(rng), rng, until=dt.date(2030, 1, 1)
        )
    )


def put(of: Store, data: bytes, *, kind: DocumentKind = DocumentKind.ISO_9001, **fields) -> Upload:
    return uploads.upload(
        store=of, kind=kind, name="a.pdf", data=data, by="user:1", now=clock.now(of), **fields
    )


def refusal(act, *args, **fields) -> Code:
    with pytest.raises(Problem) as refused:
        act(*args, **fields)
    return refused.value.code


class TestAnUpload:
    def test_is_kept_untouched_under_a_key_that_tells_nothing(self, gathering):
        data = sample()
        made = put(gathering, data)
        with default_storage.open(made.stored) as file:
            assert file.read() == data
        assert str(made.key) not in made.stored
        assert gathering.code not in made.stored

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", Code.DOCUMENT_EMPTY),
            (b"\x89PNG", Code.DOCUMENT_NOT_PDF),
            (b"%PDF-" + bytes(10 * 2**20), Code.DOCUMENT_TOO_LARGE),
        ],
    )
    def test_that_is_refused_leaves_nothing(self, gathering, tmp_path, data, code):
        assert refusal(put, gathering, data) is code
        assert not Upload.objects.exists()
        assert not [p for p in tmp_path.rglob("*") if p.is_file()]

    def test_of_the_same_file_is_named(self, gathering):
        data = sample()
        put(gathering, data)
        assert refusal(put, gathering, data) is Code.DOCUMENT_REPEATED

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("../../etc/passwd.pdf", "passwd.pdf"),
            ("C:\\papers\\licence.pdf", "licence.pdf"),
            ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie: x=1.pdf"),
            ("a\0.pdf", "a.pdf"),
            ("invoice\u202efdp.exe", "invoicefdp.exe"),
            ("..", "document.pdf"),
            ("", "document.pdf"),
            ("营业执照.pdf", "营业执照.pdf"),
            ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ],
    )
    def test_keeps_the_file_s_own_name_only(self, gathering, name, kept):
        made = uploads.upload(
            store=gathering,
            kind=DocumentKind.ISO_9001,
            name=name,
            data=sample(),
            by="user:1",
            now=clock.now(gathering),
        )
        assert made.name == kept

    def test_comes_so_many_times_a_day(self, gathering):
        first = world.upload(
            gathering, DocumentKind.ISO_9001, is_current=False, uploaded_at=clock.now(gathering)
        )
        fields = {
            f.name: getattr(first, f.name)
            for f in Upload._meta.fields
            if f.name not in ("id", "key")
        }
        Upload.objects.bulk_create([Upload(**fields) for _ in range(uploads.MAX_FILES_PER_DAY - 1)])
        assert refusal(put, gathering, sample()) is Code.TOO_MANY_REQUESTS
        Upload.objects.update(uploaded_at=clock.now(gathering) - DAY)
        assert put(gathering, sample()).state == UploadState.UPLOADED

    @pytest.mark.parametrize(
        "at", [s for s in QualificationStatus if s is not QualificationStatus.DOCUMENTS], ids=str
    )
    def test_is_taken_only_while_documents_are_wanted(self, store, at):
        Qualification.objects.update(state=at)
        assert refusal(put, store, sample()) is Code.STATE_CONFLICT

    def test_replaces_one_and_keeps_it(self, gathering):
        first = put(gathering, sample("a"))
        second = put(gathering, sample("b"), replaces=first)
        first.refresh_from_db()
        assert (first.is_current, second.version) == (False, 2)
        assert default_storage.exists(first.stored)
        assert refusal(put, gathering, sample("c"), replaces=first) is Code.STATE_CONFLICT

    def test_replaces_one_of_its_own_kind_only(self, gathering):
        first = put(gathering, sample("a"))
        assert (
            refusal(put, gathering, sample("b"), kind=DocumentKind.LICENCE, replaces=first)
            is Code.INPUT_INVALID
        )
        first.refresh_from_db()
        assert first.is_current

    def test_that_was_on_its_way_when_the_documents_were_handed_in_is_not_among_them(
        self, gathering
    ):
        """It was let in while documents were wanted; the row that it would add comes after the
        hand-in."""
        fields = {
            "kind": DocumentKind.ISO_9001,
            "name": "a",
            "size": 1,
            "sha256": "1",
            "stored": "x",
            "by": "user:1",
        }
        Qualification.objects.update(state=QualificationStatus.IN_REVIEW)
        late = refusal(
            uploads._create_upload,
            store=gathering,
            now=clock.now(gathering),
            replaces=None,
            **fields,
        )
        assert late is Code.STATE_CONFLICT


class TestReading:
    def test_keeps_fields_pages_and_their_pictures(self, gathering):
        made = put(gathering, sample())
        uploads.read(made.pk)
        made.refresh_from_db()
        assert (made.state, made.pages) == (UploadState.READ, 1)
        assert {f["name"] for f in made.reading["fields"]} == {"company", "standard", "valid_until"}
        assert default_storage.exists(f"{made.folder}/page-1.jpg")
        uploads.read(made.pk)  # a second delivery
        assert LedgerEntry.objects.filter(kind="qualification.read").count() == 1

    def test_of_what_can_t_be_opened_ends_with_its_code(self, gathering):
        made = put(gathering, sample()[:-3000])
        uploads.read(made.pk)
        made.refresh_from_db()
        assert (made.state, made.code) == (UploadState.UNREADABLE, "DOCUMENT_DAMAGED")

    def test_is_done_by_the_engine_that_the_setting_names(self, gathering, settings):
        settings.OCR_ENGINE = "tests.qualification.silent_engine"
        made = put(gathering, sample())
        uploads.read(made.pk)
        made.refresh_from_db()
        assert (made.state, made.code) == (UploadState.UNREADABLE, "DOCUMENT_UNREADABLE")

    def test_that_a_lost_worker_began_is_rung_again_and_given_up_in_the_end(self, gathering):
        made = put(gathering, sample())
        long_ago = clock.now() - uploads.ABANDONED_AFTER - dt.timedelta(seconds=1)
        Upload.objects.update(state=UploadState.READING, tries=1, rung_at=long_ago)
        assert uploads.enqueue_unread() == 1
        Upload.objects.update(tries=uploads.MAX_TRIES, rung_at=long_ago)
        assert uploads.enqueue_unread() == 0
        made.refresh_from_db()
        assert made.state == UploadState.UNREADABLE


class TestHandingIn:
    def test_names_what_is_missing(self, gathering):
        world.upload(gathering, DocumentKind.LICENCE)
        world.upload(
            gathering,
            DocumentKind.STATEMENT,
            state=UploadState.UPLOADED,
            reading=None,
            name="slow.pdf",
        )
        with pytest.raises(Problem) as refused:
            uploads.submit(store=gathering, by="user:1", now=clock.now(gathering))
        assert refused.value.code is Code.DOCUMENTS_MISSING
        assert [m for m in refused.value.evidence["missing"] if "slow.pdf" in m]

    def test_begins_the_review_with_its_deadline(self, gathering):
        """R-42: handed in on Monday, 23 November 2026: due when Wednesday ends in China."""
        world.papers(gathering)
        uploads.submit(store=gathering, by="user:1", now=world.NOW)
        case = Case.objects.get()
        assert case.due_at == dt.datetime(2026, 11, 25, 16, tzinfo=dt.UTC)
        assert (
            queries.get_qualification_status(gathering, world.NOW) is QualificationStatus.IN_REVIEW
        )


class TestTheClockOfAReview:
    @pytest.fixture
    def case(self, gathering):
        world.papers(gathering)
        uploads.submit(store=gathering, by="user:1", now=world.NOW)
        return Case.objects.get()

    def act(self) -> ReviewAction:
        case = Case.objects.select_related("store").get()
        reviewer = User.objects.filter(is_staff=True).first() or world.user(is_staff=True)
        return ReviewAction(case=case, reviewer=reviewer, version=case.version)

    def send_back(self) -> None:
        licence = Upload.objects.get(kind=DocumentKind.LICENCE, is_current=True)
        reviews.send_back(
            act=self.act(), refusals=[DocumentRejection(upload=licence, code=Code.SEAL_MISSING)]
        )

    def test_stands_still_while_the_seller_must_act(self, case):
        store = case.store
        world.move_clock(store, world.NOW + DAY)
        self.send_back()
        case.refresh_from_db()
        assert (case.days_left, case.due_at) == (1, None)
        assert dt.timedelta(hours=24) <= case.spent < dt.timedelta(hours=24, minutes=5)
        monday = world.NOW + 7 * DAY
        old = Upload.objects.get(kind=DocumentKind.LICENCE)
        Upload.objects.filter(pk=old.pk).update(is_current=False)
        world.upload(store, DocumentKind.LICENCE)
        uploads.submit(store=store, by="user:1", now=monday)
        case.refresh_from_db()
        assert Case.objects.count() == 1
        assert case.due_at == dt.datetime(2026, 12, 1, 16, tzinfo=dt.UTC)

    def test_rings_the_lead_once_when_due_soon_and_once_when_late(self, case):
        lead = world.user("lead@example.com", is_staff=True, is_superuser=True)
        assert reviews.alert_deadlines() == 0
        world.move_clock(case.store, world.NOW + 2 * DAY)
        assert (reviews.alert_deadlines(), reviews.alert_deadlines()) == (1, 0)
        world.move_clock(case.store, world.NOW + 3 * DAY)
        assert (reviews.alert_deadlines(), reviews.alert_deadlines()) == (1, 0)
        emails.deliver_due()
        assert [m.to for m in mail.outbox] == [[lead.email]] * 2

    def test_counts_a_late_decision_as_late_for_ever(self, case):
        world.move_clock(case.store, world.NOW + 4 * DAY)
        self.send_back()
        case.refresh_from_db()
        assert case.was_late

    def test_is_forecast_before_it_is_handed_in(self, case):
        """As for a new one, and with the days that are left for one that was sent back."""
        other = world.store()
        assert queries.forecast_deadline(other, world.NOW).at == case.due_at
        world.move_clock(case.store, world.NOW + DAY)
        self.send_back()
        monday = world.NOW + 7 * DAY
        assert queries.forecast_deadline(case.store, monday).at == dt.datetime(
            2026, 12, 1, 16, tzinfo=dt.UTC
        )

    def test_of_a_year_without_a_calendar_alarms(self, gathering):
        world.papers(gathering)
        uploads.submit(
            store=gathering, by="user:1", now=dt.datetime(2026, 12, 31, 2, tzinfo=dt.UTC)
        )
        assert Case.objects.get().is_provisional
        assert Letter.objects.get(kind="qualification.review_alarm").subjects["grade"] == "calendar"

    def test_is_measured_from_the_cases(self, case):
        assert queries.review_statistics().count == 0
        Case.objects.update(
            ended_at=world.NOW, running_since=None, due_at=None, spent=dt.timedelta(hours=30)
        )
        found = queries.review_statistics()
        assert (found.count, str(found.hours), found.share) == (1, "30.0", 1)


class TestADeclarationOfAnotherStore:
    def test_is_found_again(self, gathering):
        other = world.store()
        world.upload(other, DocumentKind.DECLARATION, read={"number": "530120260999999999"})
        world.upload(gathering, DocumentKind.DECLARATION, read={"number": "530120260999999999"})
        found = queries.run_document_checks(
            gathering, queries.current_documents(gathering), world.NOW
        )
        assert {c.code for c in found if c.verdict == "failed"} >= {Code.DECLARATION_SEEN_ELSEWHERE}

    def test_is_found_again_though_another_number_was_typed_over_it(self, gathering):
        world.upload(world.store(), DocumentKind.DECLARATION, read={"number": "530120260999999999"})
        typed = {"number": "530120260888888888"}
        world.upload(
            gathering,
            DocumentKind.DECLARATION,
            read={"number": "530120260999999999"},
            settled=typed,
        )
        found = queries.run_document_checks(
            gathering, queries.current_documents(gathering), world.NOW
        )
        assert {c.code for c in found if c.verdict == "failed"} >= {Code.DECLARATION_SEEN_ELSEWHERE}


NO_DEBITS = {f"debits 2026-{month}": "0.00" for month in ("08", "09", "10")}


class TestAStatementOfAnotherStore:
    def found(self, of: Store) -> set[str]:
        judged = queries.run_document_checks(of, queries.current_documents(of), world.NOW)
        return {str(c.code) for c in judged if c.verdict == "failed"}

    def shown(self, of: Store, **fields) -> Upload:
        row = world.upload(of, DocumentKind.STATEMENT, **fields)
        row.number, row.marks = queries.cross_store_keys(row)
        row.save()
        return row

    @pytest.mark.parametrize(
        ("theirs", "mine", "found"),
        [
            ({}, {}, True),
            ({}, {"account": "777766665555"}, True),  # the same sums, month by month
            (
                {
                    "account": "777766665555",
                    "credits 2026-08": "1.00",
                    "credits 2026-09": "2.00",
                    "credits 2026-10": "3.00",
                },
                {},
                False,
            ),
            # the same account
            (
                {"credits 2026-08": "1.00", "credits 2026-09": "2.00", "credits 2026-10": "3.00"},
                {},
                True,
            ),
            (NO_DEBITS | {"account": "777766665555"}, NO_DEBITS, True),
        ],
    )
    def test_is_found_again(self, gathering, theirs, mine, found):
        self.shown(world.store(), read=theirs)
        self.shown(gathering, read=mine)
        assert ("STATEMENT_SEEN_ELSEWHERE" in self.found(gathering)) is found

    @pytest.mark.parametrize(("changed", "found"), [(0, True), (1, True), (2, False)])
    def test_is_found_again_by_its_movements(self, gathering, changed, found):
        """Another account, and so many movements raised by a cent."""
        for of, cents in ((world.store(), 0), (gathering, changed)):
            told = [f"2026-08-{n + 1:02} +{n + 7}.0{int(n < cents)} = {of.pk}.00" for n in range(9)]
            row = self.shown(of, read={"account": f"99{of.pk:010}", **self.sums(cents)})
            for each in row.reading["fields"]:
                each["raw"] = "; ".join(told) if each["name"] == "credits 2026-08" else each["raw"]
            row.number, row.marks = queries.cross_store_keys(row)
            row.save()
        assert ("STATEMENT_SEEN_ELSEWHERE" in self.found(gathering)) is found

    def sums(self, cents: int) -> dict[str, str]:
        """Each statement with its own."""
        return {f"credits 2026-{m}": f"{m}{cents}00.00" for m in ("08", "09", "10")}

    def test_is_found_by_its_bytes_though_nothing_was_read(self, gathering):
        for of in (world.store(), gathering):
            world.upload(of, DocumentKind.STATEMENT, sha256="a" * 64)
        assert "STATEMENT_SEEN_ELSEWHERE" in self.found(gathering)

    def test_costs_two_questions_for_any_number_of_documents(
        self, gathering, django_assert_num_queries
    ):
        papers = [self.shown(gathering, read={"account": f"99{n}"}) for n in range(6)]
        found = queries.current_documents(gathering)
        assert len(found) == len(papers)
        with django_assert_num_queries(2):
            documents._statements_seen_elsewhere(gathering, found)


class TestTheApi:
    def call(self, client, store, **fields):
        key = world.key(store)
        return client.post(
            "/api/v1/qualification/documents/",
            fields,
            headers={"Authorization": f"Bearer {key}", "Accept-Language": "en"},
        )

    def test_takes_a_document_and_tells_of_it(self, client, gathering):
        answer = self.call(
            client, gathering, kind="iso_9001", file=SimpleUploadedFile("a.pdf", sample())
        )
        assert answer.status_code == 201
        assert answer.json()["state"] == "uploaded"
        key = world.key(gathering, "read")
        told = client.get(
            "/api/v1/qualification/", headers={"Authorization": f"Bearer {key}"}
        ).json()
        assert [u["name"] for u in told["uploads"]] == ["a.pdf"]

    def test_refuses_with_the_code(self, client, gathering):
        answer = self.call(
            client, gathering, kind="iso_9001", file=SimpleUploadedFile("a.pdf", b"\x89PNG")
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "DOCUMENT_NOT_PDF")

    def test_replaces_nothing_of_another_store(self, client, gathering):
        foreign = world.upload(world.store(), DocumentKind.ISO_9001)
        answer = self.call(
            client,
            gathering,
            kind="iso_9001",
            file=SimpleUploadedFile("a.pdf", sample()),
            replaces=str(foreign.key),
        )
        assert answer.status_code == 404
        foreign.refresh_from_db()
        assert foreign.is_current


class TestThePage:
    def test_takes_a_file_and_says_why_another_is_refused(self, client, gathering):
        client.force_login(world.member(gathering))
        good = {
            "kind": "iso_9001",
            "file": SimpleUploadedFile("a.pdf", sample()),
            "store": gathering.pk,
        }
        answer = client.post(
            "/qualification/documents/", good, headers={"Accept": "application/json"}
        )
        assert answer.status_code == 201
        bad = {
            "kind": "iso_9001",
            "file": SimpleUploadedFile("b.pdf", b"nonsense"),
            "store": gathering.pk,
        }
        answer = client.post(
            "/qualification/documents/", bad, headers={"Accept": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "DOCUMENT_NOT_PDF")

    def test_takes_several_without_a_script(self, client, gathering):
        client.force_login(world.member(gathering))
        files = [SimpleUploadedFile("a.pdf", sample("a")), SimpleUploadedFile("b.pdf", b"no")]
        page = client.post(
            "/qualification/documents/", {"kind": "iso_9001", "file": files}, follow=True
        ).content.decode()
        assert Upload.objects.count() == 1
        assert "b.pdf" in page

    def test_is_only_looked_at_by_an_operator(self, client, gathering, bob):
        client.force_login(world.member(gathering, "operator"))
        assert "multipart/form-data" not in client.get("/qualification/").content.decode()
        body = {"kind": "iso_9001", "file": SimpleUploadedFile("a.pdf", sample())}
        assert client.post("/qualification/documents/", body).status_code == 403

    def test_withdraws_and_hands_in(self, client, gathering):
        client.force_login(world.member(gathering))
        extra = world.upload(gathering, DocumentKind.ISO_9001)
        world.papers(gathering)
        assert client.post(f"/qualification/documents/{extra.key}/withdraw/").status_code == 302
        assert client.post("/qualification/submit/").status_code == 302
        assert Qualification.objects.get(store=gathering).state == QualificationStatus.IN_REVIEW
        assert not Upload.objects.get(pk=extra.pk).is_current

    def test_asks_the_same_number_of_questions_for_any_number_of_documents(
        self, client, gathering, django_assert_max_num_queries
    ):
        client.force_login(world.member(gathering))
        for _ in range(12):
            world.upload(gathering, DocumentKind.DECLARATION)
        with django_assert_max_num_queries(25):
            client.get("/qualification/documents/")


class TestALapse:
    def test_wants_the_documents_anew_and_keeps_the_old(self, store):
        world.papers(store)
        Qualification.objects.update(state=QualificationStatus.LAPSED)
        qualification_status.advance(
            store=store, event=QualificationEvent.APPLY, by="user:1", now=clock.now(store)
        )
        assert put(store, sample()).state == UploadState.UPLOADED

    def test_lets_what_was_approved_before_be_replaced_or_taken_out(self, client, store):
        for row in world.papers(store):
            Upload.objects.filter(pk=row.pk).update(state=UploadState.APPROVED)
        Qualification.objects.update(state=QualificationStatus.DOCUMENTS)
        client.force_login(world.member(store))
        page = client.get("/qualification/documents/").content.decode()
        old = Upload.objects.get(kind=DocumentKind.LICENCE)
        assert f"replace-{old.key}" in page
        assert put(store, sample(), kind=DocumentKind.LICENCE, replaces=old).version == 2
