"""F-13 for PDFs: each hostile or broken file gets its code, and the process that asked lives on."""

import json
import random
import subprocess
import sys
import zlib
from io import BytesIO

import pikepdf
import pytest
from PIL import Image

from diagnostics.codes import Code
from diagnostics.problem import Problem
from qualification import intake
from repurchase.demo.sample_documents import certificates, contents, pdf_of


def sound() -> bytes:
    rng = random.Random("sound")
    return pdf_of(certificates.draw_licence(contents.make_company(rng), rng))


def saved(pdf: pikepdf.Pdf, **options) -> bytes:
    out = BytesIO()
    pdf.save(out, **options)
    return out.getvalue()


def blank(pages: int = 1, *, points: int = 200) -> pikepdf.Pdf:
    pdf = pikepdf.new()
    for _ in range(pages):
        pdf.add_blank_page(page_size=(points, points))
    return pdf


def encrypted(user: str) -> bytes:
    return saved(blank(), encryption=pikepdf.Encryption(owner="owner", user=user))


def with_javascript() -> bytes:
    pdf = blank()
    action = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    pdf.Root.OpenAction = action
    return saved(pdf)


def with_launch_in_an_annotation() -> bytes:
    pdf = blank()
    action = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="calc.exe")
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=action
    )
    pdf.pages[0].Annots = pikepdf.Array([note])
    return saved(pdf)


def with_an_attachment() -> bytes:
    pdf = blank()
    pdf.attachments["a.txt"] = b"hello"
    return saved(pdf)


def bomb() -> bytes:
    """4 GiB of page content in 4 MB: a block of deflated zeros, again and again."""
    packer = zlib.compressobj(9)
    start = packer.compress(bytes(2**22)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(2**22)) + packer.flush(zlib.Z_FULL_FLUSH)
    pdf = blank()
    stream = pikepdf.Stream(pdf, b"")
    stream.write(start + again * 1023 + packer.flush(), filter=pikepdf.Name.FlateDecode)
    pdf.pages[0].Contents = pdf.make_indirect(stream)
    return saved(pdf)


def renamed_png() -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 40), "white").save(out, "PNG")
    return out.getvalue()


BAD = {
    "no bytes": (lambda: b"", Code.DOCUMENT_EMPTY),
    "a PNG renamed": (renamed_png, Code.DOCUMENT_NOT_PDF),
    "nonsense after a PDF's first line": (
        lambda: b"%PDF-1.7\n" + bytes(range(256)) * 40,
        Code.DOCUMENT_DAMAGED,
    ),
    "cut off": (lambda: sound()[:-4000], Code.DOCUMENT_DAMAGED),
    "a password to open": (lambda: encrypted("secret"), Code.DOCUMENT_ENCRYPTED),
    "a password to copy": (lambda: encrypted(""), Code.DOCUMENT_ENCRYPTED),
    "JavaScript": (with_javascript, Code.DOCUMENT_UNSAFE),
    "a launch action": (with_launch_in_an_annotation, Code.DOCUMENT_UNSAFE),
    "an attachment": (with_an_attachment, Code.DOCUMENT_UNSAFE),
    "51 pages": (lambda: saved(blank(51)), Code.DOCUMENT_TOO_MANY_PAGES),
    "a page of 3000 points": (lambda: saved(blank(points=3000)), Code.DOCUMENT_TOO_COMPLEX),
}


def opened(data: bytes) -> list[intake.RenderedPage]:
    intake.validate_upload(data, max_bytes=10 * 2**20)
    return intake.render_pages(data)


class TestABadFile:
    @pytest.mark.parametrize("name", BAD)
    def test_gets_its_code(self, name):
        make, code = BAD[name]
        with pytest.raises(Problem) as refused:
            opened(make())
        assert refused.value.code is code

    def test_of_one_byte_too_many_is_too_large(self):
        intake.validate_upload(b"%PDF-" + bytes(95), max_bytes=100)
        with pytest.raises(Problem) as refused:
            intake.validate_upload(b"%PDF-" + bytes(96), max_bytes=100)
        assert refused.value.code is Code.DOCUMENT_TOO_LARGE

    def test_that_is_a_bomb_ends_its_child_alone(self):
        """By memory or by processor time, whichever ends first; the time is shortened for the
        test."""
        data = bomb()
        assert len(data) < 10 * 2**20  # small enough to be taken
        with pytest.raises(Problem) as refused:
            intake.render_pages(data, limits={**intake.LIMITS, "cpu_seconds": 4})
        assert refused.value.code is Code.DOCUMENT_TOO_COMPLEX

    def test_that_takes_too_long_is_ended(self):
        with pytest.raises(Problem) as refused:
            intake.render_pages(sound(), wall_seconds=0.05)
        assert refused.value.code is Code.DOCUMENT_TOO_COMPLEX

    def test_that_wants_more_memory_than_there_is_ends_alone(self):
        with pytest.raises(Problem) as refused:
            intake.render_pages(sound(), limits={**intake.LIMITS, "memory": 30 * 2**20})
        assert refused.value.code is Code.DOCUMENT_TOO_COMPLEX

    def test_can_t_reach_the_network(self, tmp_path):
        """The child's own wall, tried in a process like it."""
        program = (
            f"import importlib.util as u; s = u.spec_from_file_location('c', {str(intake.CHILD_SCRIPT)!r});"
            "m = u.module_from_spec(s); s.loader.exec_module(m); m._block_network();"
            "import socket; socket.socket()"
        )
        tried = subprocess.run(
            [sys.executable, "-I", "-c", program], capture_output=True, text=True
        )
        assert "PermissionError" in tried.stderr


class TestFiveHundredHostileFiles:
    def test_break_neither_the_reader_nor_its_limits(self):
        """F-13 in the size of `make test`; `python -m tests.qualification.fuzzing 20000` takes
        other ones."""
        program = [sys.executable, "-m", "tests.qualification.fuzzing", "500", "make test"]
        done = subprocess.run(program, capture_output=True, text=True, check=True)
        told = json.loads(done.stdout.splitlines()[-1])
        assert told["broken"] == {}
        assert sum(told["codes"].values()) == 500
        assert len(told["codes"]) >= 5  # the files are not all alike
        assert told["peak"] <= 2**30


class TestASoundFile:
    def test_shows_its_pages(self):
        leaves = opened(sound())
        ((width, height),) = [leaf.image.size for leaf in leaves]
        assert abs(width - 1654) < 2  # A4 at 200 dpi
        assert abs(height - 2339) < 2
        assert leaves[0].words == []

    def test_of_50_pages_is_taken(self):
        assert len(opened(saved(blank(50, points=72)))) == 50

    def test_that_was_typed_brings_its_words(self):
        from weasyprint import HTML

        page = "<style>body {font-family: WenQuanYi Micro Hei}</style><p>户名：宁波海晟进出口有限公司</p><p>账号：6222021234567890</p>"
        (leaf,) = opened(HTML(string=page).write_pdf())
        text = "".join(word.text for word in leaf.words)
        assert "宁波海晟进出口有限公司" in text
        assert "6222021234567890" in text
