"""A sealed document on the pages of its two parties, and at /verify/."""

import secrets

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from pricing import signing
from pricing.models import Grant
from pricing.services import agreement_sealing
from tests.repurchase.sealing import confirmed, sealed

pytestmark = pytest.mark.django_db


def upload(client, content: bytes, **headers):
    file = SimpleUploadedFile("a.pdf", content, "application/pdf")
    return client.post("/verify/?lang=en", {"file": file}, **headers)


class TestThePages:
    def test_offer_it_once_it_is_sealed_and_say_before_that_it_is_coming(
        self, client, store, alice
    ):
        batch = confirmed(store, by=f"user:{alice.pk}")
        token = signing.token_of(Grant.objects.get())
        client.force_login(alice)
        for page in (f"/batches/{batch.ref}/", f"/b/{token}/"):
            text = client.get(page).content.decode()
            assert "hourglass" in text
            assert "/agreements/" not in text
        made = sealed(batch)
        for page in (f"/batches/{batch.ref}/", f"/b/{token}/"):
            link = f"{page}agreements/{made.pk}.pdf"
            assert link in client.get(page).content.decode()
            answer = client.get(link)
            assert answer.content == agreement_sealing.content_of(made)
            assert (
                answer.headers["Content-Disposition"]
                == f'attachment; filename="{batch.ref}-confirmation.pdf"'
            )
            assert answer.headers["Cache-Control"] == "private, no-store"


class TestChecking:
    def test_tells_a_genuine_file_from_a_changed_one(self, client, store):
        made = sealed(confirmed(store))
        pdf = agreement_sealing.content_of(made)
        genuine = upload(client, pdf).content.decode()
        assert "Genuine and unchanged" in genuine
        assert made.subject in genuine
        assert 'data-ok="no"' not in genuine
        changed = upload(client, pdf.replace(b"/Producer", b"/Producex", 1)).content.decode()
        assert "Not to be trusted" in changed
        assert 'data-check="known" data-ok="no"' in " ".join(changed.split())
        assert made.subject not in changed

    def test_of_what_is_no_pdf_says_so(self, client):
        assert "Not to be trusted" in upload(client, b"hello").content.decode()

    def test_without_a_file_is_refused(self, client):
        assert client.post("/verify/").status_code == 422

    def test_is_throttled(self, client):
        caller = f"203.0.113.{secrets.randbelow(250)}"
        codes = [upload(client, b"hello", REMOTE_ADDR=caller).status_code for _ in range(21)]
        assert codes == [200] * 20 + [429]

    def test_speaks_chinese_when_asked(self, client):
        assert client.get("/verify/", headers={"Accept-Language": "zh-CN"}).status_code == 200
