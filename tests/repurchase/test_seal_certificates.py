"""F-23: a certificate that has expired, has not begun or was rotated seals nothing wrongly, and
nothing is lost."""

import datetime as dt
import io
import json
from dataclasses import replace

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers

from diagnostics import ledger
from marketplace import clock
from outbox import document_jobs
from outbox.emails import deliver_due
from outbox.models import Letter
from pricing import agreement_pdf, long_lists, sealed_pdf_reader
from pricing import seal as seals
from pricing.agreements import AgreementKind, canonical_bytes, digest_of
from pricing.models import SealedAgreement, Sealing
from pricing.services import agreement_sealing, seal_alarms, verification
from pricing.services.verification import VerificationCheck
from repurchase.deadlines import sweep
from repurchase.embedded import demo_seal
from tests import world
from tests.repurchase.sealing import confirmed, sealed
from tests.repurchase.test_verifying import judged

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def certify(settings, tmp_path):
    """Puts a certificate in force from and until so many days from now in the operator's place."""

    def put(begin: int, end: int, name: str = "Example Platform Ltd"):
        now = dt.datetime.now(dt.UTC)
        file = tmp_path / "own.p12"
        file.write_bytes(demo_seal.make(name, valid=(now + begin * DAY, now + end * DAY)))
        settings.SEAL_CERTIFICATE, settings.SEAL_PASSPHRASE = str(file), ""
        return seals.load_certificate()

    return put


UNFIT = {"expired": (-30, -1), "not yet valid": (1, 30)}


@pytest.mark.parametrize(("begin", "end"), UNFIT.values(), ids=UNFIT)
class TestACertificateOutsideOfItsTime:
    def test_seals_nothing_and_loses_nothing(self, store, certify, begin, end):
        batch = confirmed(store)
        certify(begin, end)
        with pytest.raises(ImproperlyConfigured, match="SEAL_CERTIFICATE"):
            sealed(batch)
        assert not SealedAgreement.objects.exists()
        assert Sealing.objects.get().done_at is None
        certify(-1, 30)
        Sealing.objects.update(rung_at=clock.now() - document_jobs.LONGEST_WAIT)
        assert sweep.run_sweep(store=store).rung_seals == 1
        assert judged(agreement_sealing.content_of(sealed(batch))).ok

    def test_is_refused_by_the_seal_itself(self, certify, begin, end):
        certify(begin, end)
        with pytest.raises(ImproperlyConfigured):
            seals.seal(b"%PDF-", reason="test")

    def test_is_told_to_the_operator_once_a_day_while_agreements_wait(
        self, store, certify, begin, end, client
    ):
        world.user("staff@example.com", is_staff=True, is_superuser=True)
        certify(begin, end)
        assert sweep.run_sweep().seal_alarms == 0
        assert client.get("/readyz").json()["seal"] is True
        confirmed(store)
        assert sweep.run_sweep().seal_alarms == 1
        assert sweep.run_sweep().seal_alarms == 0
        assert client.get("/readyz").json()["seal"] is False
        deliver_due()
        (letter,) = [each for each in mail.outbox if each.to == ["staff@example.com"]]
        assert "SEAL_CERTIFICATE" in letter.body
        assert "/admin/pricing/sealing/" in letter.body

    def test_is_no_longer_told_once_another_one_is_there(self, store, certify, begin, end):
        world.user("staff@example.com", is_staff=True, is_superuser=True)
        certify(begin, end)
        confirmed(store)
        seal_alarms.email_operator()
        certify(-1, 30)
        deliver_due()
        assert not [each for each in mail.outbox if each.to == ["staff@example.com"]]
        assert Letter.objects.filter(kind=seal_alarms.KIND).count() == 1

    def test_is_named_by_the_check_of_the_configuration(self, certify, capsys, begin, end):
        certify(begin, end)
        with pytest.raises(CommandError):
            call_command("check_config", "--json")
        assert any(
            "SEAL_CERTIFICATE" in each for each in json.loads(capsys.readouterr().out)["warnings"]
        )


def sealed_outside(store, certify, begin: int, end: int) -> bytes:
    """As a signer that asks for no dates would: the very agreement, sealed and recorded, but out
    of time.

    Ours refuses such a certificate, so pyHanko is asked directly, and what `sealing.seal` does
    around it is done here.
    """
    confirmed(store)
    certificate = certify(begin, end)
    asked = Sealing.objects.select_related("store").get()
    draft, now = agreement_sealing.BUILDERS[AgreementKind(asked.kind)](asked), clock.now(store)
    lists = long_lists.csv_attachments(draft.agreement)
    agreement = replace(
        draft.agreement, lists={name: digest_of(each) for name, each in lists.items()}
    )
    content = canonical_bytes(agreement)
    page = agreement_pdf.render(
        agreement, content=content, terms=draft.terms, lists=lists, certificate=certificate, now=now
    )
    out = signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(page)),
        signers.PdfSignatureMetadata(
            field_name=seals.FIELD,
            subfilter=fields.SigSeedSubFilter.PADES,
            md_algorithm="sha256",
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        ),
        signer=seals.load_signer(),
    )
    pdf = out.getvalue()
    made = SealedAgreement(
        id=agreement.id,
        store=store,
        sealing=asked,
        kind=asked.kind,
        subject=asked.subject,
        digest=digest_of(content),
        file_digest=digest_of(pdf),
        file_bytes=len(pdf),
        file_key="out-of-time.pdf",
        fingerprint=certificate.fingerprint,
        agreed_at=agreement.agreed_at,
        sealed_at=now,
    )
    made.save(force_insert=True)
    ledger.record(
        store_id=store.pk,
        kind="agreement.sealed",
        subject=f"batch:{asked.subject}",
        by="system:seal",
        at=now,
        **agreement_sealing.facts_of(made),
    )
    return pdf


@pytest.mark.parametrize(("begin", "end"), UNFIT.values(), ids=UNFIT)
class TestADocumentSealedOutsideOfItsTime:
    def test_is_never_called_genuine(self, store, certify, begin, end, tmp_path, client):
        pdf = sealed_outside(store, certify, begin, end)
        verdict = judged(pdf)
        assert [found.check for found in verdict.checks if not found.ok] == [
            VerificationCheck.IN_FORCE
        ]
        assert verdict.agreement == {}
        (tmp_path / "a.pdf").write_bytes(pdf)
        with pytest.raises(CommandError, match="in_force"):
            call_command("verify_agreement", str(tmp_path / "a.pdf"))
        with (tmp_path / "a.pdf").open("rb") as file:
            page = client.post(
                "/verify/", {"file": file}, headers={"Accept-Language": "en"}
            ).content.decode()
        assert "Not to be trusted" in page
        assert "The certificate had ended, or not begun, when it sealed." in page


class TestARotatedCertificate:
    def test_leaves_what_was_sealed_before_genuine(self, store, certify):
        """Also after the old one has ended: it was in force when it sealed."""
        old = certify(-1, 30)
        first = agreement_sealing.content_of(sealed(confirmed(store)))
        new = certify(-1, 60, "Example Platform Ltd, 2")
        second = confirmed(store, country="FR")
        pdf = agreement_sealing.content_of(
            agreement_sealing.seal(Sealing.objects.get(done_at=None).pk)
        )
        assert second.ref in pdf.decode("latin-1") or judged(pdf).agreement["subject"] == second.ref
        assert judged(first).ok
        assert judged(pdf).ok
        said = [sealed_pdf_reader.read(each)["fingerprint"] for each in (first, pdf)]
        assert said == [old.fingerprint, new.fingerprint]

    def test_that_ended_since_does_not_make_its_documents_false(self, store, certify):
        certify(-1, 30)
        pdf = agreement_sealing.content_of(sealed(confirmed(store)))
        read = sealed_pdf_reader.read(pdf)
        row = SealedAgreement.objects.select_related("store").get()
        assert verification.judge(pdf, read).ok
        at = dt.datetime.fromisoformat(read["sealed_at"])
        for begin, end, ok in (
            (at, at, True),
            (at - DAY, at - dt.timedelta(seconds=1), False),
            (at + dt.timedelta(seconds=1), at + DAY, False),
        ):
            told = read | {"not_before": begin.isoformat(), "not_after": end.isoformat()}
            assert verification._check_in_force(told, row).ok is ok

    def test_is_judged_by_every_time_that_is_known(self, store, certify):
        certify(-1, 30)
        sealed(confirmed(store))
        row = SealedAgreement.objects.select_related("store").get()
        now = dt.datetime.now(dt.UTC)
        told = {
            "sealed_at": now.isoformat(),
            "stamped_at": "",
            "not_before": (now - DAY).isoformat(),
            "not_after": (now + DAY).isoformat(),
        }
        assert verification._check_in_force(told, row).ok
        assert not verification._check_in_force(told | {"sealed_at": ""}, row).ok
        assert not verification._check_in_force(
            told | {"stamped_at": (now + 2 * DAY).isoformat()}, row
        ).ok
        row.store.sandbox, row.sealed_at = False, now + 2 * DAY
        assert not verification._check_in_force(told, row).ok
