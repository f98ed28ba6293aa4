"""PDFs that mean harm, seeded: sound ones with wounds, and ones that were never sound (F-13)."""

import random
import re
import zlib
from collections.abc import Callable
from io import BytesIO

import pikepdf
from PIL import Image

NUMBERS = (
    b"0",
    b"-1",
    b"1",
    b"2147483647",
    b"-2147483648",
    b"99999999999999999999",
    b"0.0001",
    b"1e99",
    b"NaN",
)
KEYS = (
    b"/Type/Pages", b"/Kids[1 0 R 1 0 R]", b"/Parent 1 0 R", b"/Count 999999", b"/Filter/FlateDecode",
    b"/Filter[/ASCIIHexDecode/FlateDecode]", b"/Filter/JBIG2Decode", b"/Filter/JPXDecode", b"/Rotate 45",
    b"/MediaBox[0 0 9999999 9999999]", b"/MediaBox[9 9 9 9]", b"/MediaBox[0 0 1 1]", b"/MediaBox[0 0 2000 1]",
    b"/UserUnit 1000", b"/Encrypt 1 0 R", b"/S/JavaScript/JS(x)", b"/Length 99999999",
)  # fmt: skip
ROOMS = (100, 40, 12, 3, 1, 0.5)  # points a side


def make(rng: random.Random) -> bytes:
    """One file; most are small, so that thousands can be tried."""
    many = (_wounded, _wounded, _wounded, _wounded, _spliced, _nested, _wide_picture, _made_up)
    # a loop ends only with its child's memory
    kind = _looping if rng.random() < 0.01 else rng.choice(many)
    return kind(rng)


def _saved(pdf: pikepdf.Pdf, **options: object) -> bytes:
    out = BytesIO()
    pdf.save(out, **options)
    return out.getvalue()


def _sound(rng: random.Random) -> bytes:
    pdf = pikepdf.new()
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        pdf.add_blank_page(page_size=(50, 50))
        pdf.pages[-1].MediaBox = [0, 0, rng.choice(ROOMS), rng.choice(ROOMS)]
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    page = pdf.pages[0]
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    page.Contents = pdf.make_stream(
        b"BT /F1 12 Tf 5 5 Td (Account 6222) Tj ET " * rng.choice((1, 3, 200))
    )
    if rng.random() < 0.2:
        page.Resources.XObject = pikepdf.Dictionary(I=_picture(pdf, rng.choice((1, 9, 60))))
        page.Contents = pdf.make_stream(b"q 90 0 0 90 0 0 cm /I Do Q")
    modes = (pikepdf.ObjectStreamMode.disable, pikepdf.ObjectStreamMode.generate)
    return _saved(pdf, object_stream_mode=rng.choice(modes), linearize=rng.random() < 0.2)


def _picture(pdf: pikepdf.Pdf, side: int, **other: object) -> pikepdf.Stream:
    out = BytesIO()
    Image.new("RGB", (side, side), "red").save(out, "JPEG")
    size = {"Width": side, "Height": side, "BitsPerComponent": 8} | other
    return pikepdf.Stream(
        pdf,
        out.getvalue(),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        ColorSpace=pikepdf.Name.DeviceRGB,
        Filter=pikepdf.Name.DCTDecode,
        **size,
    )


def _wounded(rng: random.Random) -> bytes:
    data = _sound(rng)
    for _ in range(rng.choice((1, 1, 2, 5, 30))):
        data = rng.choice(WOUNDS)(data, rng)
    return data


def _flip(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) or 1)
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return (
        data[: rng.randrange(len(data) or 1)] if rng.random() < 0.3 else data[rng.randrange(20) :]
    )


def _drop(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) or 1)
    return data[:at] + data[at + rng.randrange(1, 200) :]


def _twice(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) or 1)
    end = at + rng.randrange(1, 300)
    return data[:end] + data[at:end] * rng.choice((1, 5)) + data[end:]


def _number(data: bytes, rng: random.Random) -> bytes:
    found = list(re.finditer(rb"(?<= |\[)\d+", data))
    if not found:
        return data
    one = rng.choice(found)
    return data[: one.start()] + rng.choice(NUMBERS) + data[one.end() :]


def _key(data: bytes, rng: random.Random) -> bytes:
    found = list(re.finditer(rb"<<", data))
    if not found:
        return data
    at = rng.choice(found).end()
    return data[:at] + rng.choice(KEYS) + data[at:]


WOUNDS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip,
    _flip,
    _cut,
    _drop,
    _twice,
    _number,
    _key,
)


def _spliced(rng: random.Random) -> bytes:
    one, other = _sound(rng), _sound(rng)
    return one[: rng.randrange(len(one))] + other[rng.randrange(len(other)) :]


def _nested(rng: random.Random) -> bytes:
    """Brackets in brackets, as deep as a reader's stack."""
    deep = rng.choice((50, 500, 20_000, 200_000))
    opened, closed = rng.choice(((b"[", b"]"), (b"<</A", b">>"), (b"(", b")")))
    return (
        b"%PDF-1.7\n1 0 obj\n"
        + opened * deep
        + closed * deep
        + b"\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF"
    )


def _looping(rng: random.Random) -> bytes:
    """Pages that are their own parents, and forms that draw themselves."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(50, 50))
    form = pikepdf.Stream(
        pdf, b"/F Do " * rng.choice((1, 40)), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form
    )
    form = pdf.make_indirect(form)
    form.BBox = pikepdf.Array([0, 0, 50, 50])
    form.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))
    pdf.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))
    pdf.pages[0].Contents = pdf.make_stream(b"/F Do " * rng.choice((1, 100)))
    if rng.random() < 0.5:
        pdf.pages[0].Parent = pdf.pages[0].obj
    return _saved(pdf)


def _wide_picture(rng: random.Random) -> bytes:
    """A picture that says it is far larger than it is, or whose few bytes inflate to many."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(60, 60))
    side = rng.choice((3000, 30_000, 2_000_000_000))
    if rng.random() < 0.5:
        picture = _picture(pdf, 9, Width=side, Height=side)
    else:
        picture = pikepdf.Stream(pdf, b"")
        picture.write(zlib.compress(bytes(2**22), 9), filter=pikepdf.Name.FlateDecode)
        picture.Type, picture.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
        picture.Width, picture.Height, picture.BitsPerComponent = side, side, 8
        picture.ColorSpace = pikepdf.Name.DeviceRGB
    pdf.pages[0].Resources = pikepdf.Dictionary(
        XObject=pikepdf.Dictionary(I=pdf.make_indirect(picture))
    )
    pdf.pages[0].Contents = pdf.make_stream(b"q 60 0 0 60 0 0 cm /I Do Q")
    return _saved(pdf)


def _made_up(rng: random.Random) -> bytes:
    pieces = (
        *KEYS,
        *NUMBERS,
        b"<<",
        b">>",
        b"[",
        b"]",
        b"stream\n",
        b"endstream",
        b"1 0 obj",
        b"endobj",
        b"xref\n0 2\n",
    )
    body = b" ".join(rng.choice(pieces) for _ in range(rng.randrange(200)))
    return b"%PDF-1.7\n" + body + b"\ntrailer<</Root 1 0 R/Size 2>>\nstartxref\n9\n%%EOF\n"
