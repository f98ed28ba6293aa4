"""The printed page, and its seal as programs see it that know nothing of us."""

import datetime as dt
import re
import shutil
import subprocess

import pytest
from django.core.exceptions import ImproperlyConfigured

from diagnostics import pdf as pdf_module
from pricing import agreement_pdf, agreements, long_lists, seal, sealed_pdf_reader
from repurchase.embedded import demo_seal
from tests.pricing.test_agreements import AT, order, renegotiated

TERMS = {"terms-1.json": b"[]"}


def printed(agreement=None) -> bytes:
    drawn = agreement or renegotiated()
    return agreement_pdf.render(
        drawn,
        content=agreements.canonical_bytes(drawn),
        terms=TERMS,
        lists=long_lists.csv_attachments(drawn),
        certificate=seal.load_certificate(),
        now=AT,
    )


@pytest.fixture(scope="module")
def page() -> bytes:
    return printed()


@pytest.fixture(scope="module")
def sealed(page) -> bytes:
    return seal.seal(page, reason="test")


def text_of(pdf: bytes, tmp_path) -> str:
    (tmp_path / "a.pdf").write_bytes(pdf)
    done = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "a.pdf", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


class TestThePage:
    def test_can_be_read_in_both_languages(self, page, tmp_path):
        text = text_of(page, tmp_path)
        for words in (
            "宁波某某有限公司",
            "Buyer GmbH",
            "王芳",
            "203.0.113.7",
            "+2.00 %",
            "7.31 (2026-11-24)",
            "d" * 40,
        ):
            assert words in text
        assert "《速卖通大宗交易补充协议》第4.7条" in text.replace("\n", "")
        assert "simple electronic signature with evidence" in text
        assert "No time-stamp authority took part" in text
        assert "self-made demo certificate" in text

    def test_embeds_its_fonts(self, page, tmp_path):
        (tmp_path / "a.pdf").write_bytes(page)
        fonts = subprocess.run(
            ["pdffonts", tmp_path / "a.pdf"], capture_output=True, text=True, check=True
        ).stdout.splitlines()[2:]
        assert fonts
        assert all(re.search(r"WenQuanYi.* yes yes yes ", font) for font in fonts)

    def test_says_who_stamped_the_time_when_somebody_did(self, settings, tmp_path):
        settings.SEAL_TSA_URL = "https://tsa.example/"
        text = text_of(printed(), tmp_path)
        assert "https://tsa.example/" in text
        assert "No time-stamp authority took part" not in text

    def test_fetches_nothing(self):
        for url in ("file:///etc/passwd", "http://127.0.0.1/", "data:text/css,a"):
            with pytest.raises(ValueError, match="refused"):
                pdf_module.BlockedFetcher().fetch(url)

    def test_shows_markup_in_a_name_as_text(self, tmp_path):
        goods = (agreements.AgreementGoods(sku="SKU-1", title='<img src="file:///etc/passwd">'),)
        assert "<img src" in text_of(printed(renegotiated(goods=goods)), tmp_path)


class TestTheSeal:
    def test_reads_as_intact_and_whole(self, sealed):
        found = sealed_pdf_reader.read(sealed)
        assert (found["seals"], found["intact"], found["whole"]) == (1, True, True)
        assert found["name"] == agreements.DEMO_SEAL
        assert found["fingerprint"] == seal.load_certificate().fingerprint
        assert set(found["files"]) == {"agreement.json", "terms-1.json", "orders.csv", "lines.csv"}
        assert found["agreement"].encode() == agreements.canonical_bytes(renegotiated())

    def test_is_valid_to_pdfsig(self, sealed, tmp_path):
        (tmp_path / "a.pdf").write_bytes(sealed)
        said = subprocess.run(
            ["pdfsig", tmp_path / "a.pdf"], capture_output=True, text=True, check=True
        ).stdout
        assert "Signature is Valid." in said
        assert "Total document signed" in said
        assert "ETSI.CAdES.detached" in said
        (tmp_path / "b.pdf").write_bytes(sealed.replace(b"/Producer", b"/Producex", 1))
        said = subprocess.run(
            ["pdfsig", tmp_path / "b.pdf"], capture_output=True, text=True, check=False
        ).stdout
        assert "Signature is Valid." not in said

    def test_is_valid_to_openssl(self, sealed, tmp_path):
        def verified(pdf: bytes) -> bool:
            start, cut, rest, tail = map(
                int, re.search(rb"/ByteRange\s*\[(\d+) (\d+) (\d+) (\d+)", pdf).groups()
            )
            (tmp_path / "signed").write_bytes(pdf[start : start + cut] + pdf[rest : rest + tail])
            cms = bytes.fromhex(pdf[cut + 1 : rest - 1].decode())
            (tmp_path / "cms.der").write_bytes(cms)
            command = [
                "openssl",
                "cms",
                "-verify",
                "-noverify",
                "-binary",
                "-inform",
                "DER",
                "-in",
                "cms.der",
            ]
            done = subprocess.run(
                [*command, "-content", "signed", "-out", "out"],
                cwd=tmp_path,
                capture_output=True,
                check=False,
            )
            return done.returncode == 0

        assert verified(sealed)
        assert not verified(sealed.replace(b"/Producer", b"/Producex", 1))

    def test_has_its_tools_from_the_set_up(self):
        assert shutil.which("pdfsig")
        assert shutil.which("openssl")

    def test_says_where_something_was_added_after_it(self, sealed):
        assert sealed_pdf_reader.read(sealed + b"\n% added")["whole"] is False


class TestTheCertificate:
    def test_is_the_operators(self, settings, tmp_path, page):
        file = tmp_path / "own.p12"
        file.write_bytes(demo_seal.make("Example Platform Ltd", passphrase=b"secret"))
        settings.SEAL_CERTIFICATE, settings.SEAL_PASSPHRASE = str(file), "secret"
        assert not seal.is_demo(seal.load_certificate())
        assert (
            sealed_pdf_reader.read(seal.seal(page, reason="test"))["name"] == "Example Platform Ltd"
        )

    @pytest.mark.parametrize("passphrase", ["", "wrong"])
    def test_needs_its_passphrase(self, settings, tmp_path, passphrase):
        file = tmp_path / "own.p12"
        file.write_bytes(demo_seal.make("Example Platform Ltd", passphrase=b"secret"))
        settings.SEAL_CERTIFICATE, settings.SEAL_PASSPHRASE = str(file), passphrase
        with pytest.raises(ImproperlyConfigured, match="can't be opened"):
            seal.load_certificate()

    @pytest.mark.parametrize("path", ["", "/nowhere.p12", __file__])
    def test_is_asked_for_in_words_when_there_is_none(self, settings, path):
        settings.SEAL_CERTIFICATE = path
        with pytest.raises(ImproperlyConfigured, match="SEAL_CERTIFICATE"):
            seal.load_certificate()

    def test_of_the_demo_is_kept_and_readable_by_its_owner_only(self, tmp_path):
        file = demo_seal.ensure(tmp_path / "seal.p12")
        before = file.read_bytes()
        assert demo_seal.ensure(file).read_bytes() == before
        assert file.stat().st_mode & 0o777 == 0o600


class TestALargeAgreement:
    def test_of_500_orders_is_printed_in_seconds(self):
        """5000 are measured by `make bench`."""
        big = renegotiated(orders=tuple(order(n) for n in range(1, 501)))
        begun = dt.datetime.now(dt.UTC)
        pdf = printed(big)
        assert dt.datetime.now(dt.UTC) - begun < dt.timedelta(seconds=20)
        assert len(pdf) < 1 << 20
