"""Text that a page does not show, and pages that were laid over: ways to make a reader believe
what nobody sees.

Each carrier takes an untouched document and a forged one of the same form and makes a file in
which both are. The names say where the forged values are. Seeded.
"""

import random
from collections.abc import Callable, Mapping
from io import BytesIO

import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, Operator
from PIL import Image

from repurchase.demo.sample_documents.sheet import DPI

POINT = 72 / DPI  # points a pixel
STRIPS = (1, 3, 6)
IN_A_CORNER = b"0.4 0 0 0.4 40 40 cm"
"""Where the page is blank: white text over black would show."""


def page_image(pdf: bytes) -> Image.Image:
    return pypdfium2.PdfDocument(pdf)[0].render(scale=DPI / 72).to_pil().convert("RGB")


def saved(pdf: pikepdf.Pdf) -> bytes:
    out = BytesIO()
    pdf.save(out)
    return out.getvalue()


def picture(pdf: pikepdf.Pdf, image: Image.Image, *, quality: int = 85) -> pikepdf.Object:
    out = BytesIO()
    image.save(out, "JPEG", quality=quality)
    return pdf.make_indirect(
        pikepdf.Stream(
            pdf,
            out.getvalue(),
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=image.width,
            Height=image.height,
            ColorSpace=Name.DeviceRGB,
            BitsPerComponent=8,
            Filter=Name.DCTDecode,
        )
    )


def strips_of(pdf: pikepdf.Pdf, image: Image.Image, count: int) -> tuple[bytes, Dictionary]:
    """Content that paints the picture in so many strips, as some scanners do, and its resources."""
    content, objects, tall = b"", Dictionary(), image.height / count
    for n in range(count):
        top, bottom = round(n * tall), round((n + 1) * tall)
        objects[f"/Strip{n}"] = picture(pdf, image.crop((0, top, image.width, bottom)))
        content += (
            f"q {image.width * POINT} 0 0 {(bottom - top) * POINT} 0 {(image.height - bottom) * POINT} cm "
            f"/Strip{n} Do Q\n"
        ).encode()
    return content, objects


def form_of(
    pdf: pikepdf.Pdf, typed: bytes, *, change: Callable[[list], list] = list
) -> pikepdf.Object:
    """The text of a typed page as a form, its pictures left out; `change` rewrites its
    instructions."""
    with pikepdf.open(BytesIO(typed)) as source:
        page = source.pages[0]
        steps = [s for s in pikepdf.parse_content_stream(page) if s.operator != Operator("Do")]
        form = pikepdf.Stream(source, pikepdf.unparse_content_stream(change(steps)))
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, page.mediabox
        form.Resources = page.Resources
        return pdf.copy_foreign(source.make_indirect(form))


def in_mode(mode: int) -> Callable[[list], list]:
    """Text rendering mode 3 is invisible, 7 only clips."""

    def change(steps: list) -> list:
        out = []
        for step in steps:
            if step.operator == Operator("Tr"):
                continue
            out.append(step)
            if step.operator == Operator("BT"):
                out.append(pikepdf.ContentStreamInstruction([mode], Operator("Tr")))
        return out

    return change


def laid_on_strips(
    truth: bytes,
    forged: bytes,
    rng: random.Random,
    *,
    change: Callable[[list], list] = list,
    before: bytes = b"",
    under: bool = False,
) -> bytes:
    """A scan of the truth in strips, with the text of the forged one over it, or `under` it."""
    pdf, image = pikepdf.new(), page_image(truth)
    pdf.add_blank_page(page_size=(image.width * POINT, image.height * POINT))
    page = pdf.pages[0]
    content, objects = strips_of(pdf, image, rng.choice(STRIPS))
    objects["/Text"] = form_of(pdf, forged, change=change)
    text = b"q " + before + b" /Text Do Q\n"
    page.Resources = Dictionary(XObject=objects)
    page.Contents = pdf.make_stream(text + content if under else content + text)
    return saved(pdf)


def white(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    return laid_on_strips(truth["typed"](), forged["typed"]("color:#fff"), rng, before=IN_A_CORNER)


def nearly_white(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    return laid_on_strips(
        truth["typed"](), forged["typed"]("color:#f4f4f4"), rng, before=IN_A_CORNER
    )


def transparent(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    return laid_on_strips(truth["typed"](), forged["typed"]("color:rgba(0,0,0,0.01)"), rng)


def invisible(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    return laid_on_strips(truth["typed"](), forged["typed"](""), rng, change=in_mode(3))


def only_clipping(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    return laid_on_strips(truth["typed"](), forged["typed"](""), rng, change=in_mode(7))


def tiny(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    shrink = b"0.05 0 0 0.05 10 10 cm"
    return laid_on_strips(truth["typed"](), forged["typed"](""), rng, before=shrink)


def under_the_pictures(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    return laid_on_strips(truth["typed"](), forged["typed"](""), rng, under=True)


def under_a_scan(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    """The same under a noisy scan, whose paper is not even."""
    return laid_on_strips(truth["scanned"](), forged["typed"](""), rng, under=True)


def invisible_on_a_scan(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    return laid_on_strips(truth["scanned"](), forged["typed"](""), rng, change=in_mode(3))


def in_a_hidden_layer(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    data = laid_on_strips(truth["typed"](), forged["typed"](""), rng)
    with pikepdf.open(BytesIO(data)) as pdf:
        layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name="layer"))
        pdf.Root.OCProperties = Dictionary(
            OCGs=Array([layer]), D=Dictionary(OFF=Array([layer]), Order=Array([layer]))
        )
        pdf.pages[0].Resources.XObject["/Text"].OC = layer
        return saved(pdf)


def outside_the_crop_box(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    """The forged page lies beside the one that is shown."""
    data = laid_on_strips(truth["typed"](), forged["typed"](""), rng, before=b"1 0 0 1 900 0 cm")
    with pikepdf.open(BytesIO(data)) as pdf:
        page = pdf.pages[0]
        shown = [float(side) for side in page.MediaBox]
        page.MediaBox = Array([0, 0, 1900, shown[3]])
        page.CropBox = Array(shown)
        return saved(pdf)


def behind_a_box(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    """Typed twice: the forged text, a white box over it, the true text."""
    pdf, image = pikepdf.new(), page_image(truth["typed"]())
    wide, tall = image.width * POINT, image.height * POINT
    pdf.add_blank_page(page_size=(wide, tall))
    objects = Dictionary(
        Forged=form_of(pdf, forged["typed"]("")), True_=form_of(pdf, truth["typed"](""))
    )
    pdf.pages[0].Resources = Dictionary(XObject=objects)
    pdf.pages[0].Contents = pdf.make_stream(
        f"q /Forged Do Q q 1 1 1 rg 0 0 {wide} {tall} re f Q q /True_ Do Q".encode()
    )
    return saved(pdf)


def wrong_letters(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    """The glyphs show the truth; the font says that they are other digits."""
    turn = rng.randint(1, 9)
    with pikepdf.open(BytesIO(truth["typed"]())) as pdf:
        for font in pdf.pages[0].Resources.Font.values():
            table = font.ToUnicode.read_bytes()
            for digit in range(10):
                other = (digit + turn) % 10
                table = table.replace(b"<%04x>" % (0x30 + digit), b"<@%d>" % other)
                table = table.replace(b"<%04X>" % (0x30 + digit), b"<@%d>" % other)
            for digit in range(10):
                table = table.replace(b"<@%d>" % digit, b"<%04x>" % (0x30 + digit))
            font.ToUnicode = pdf.make_stream(table)
        return saved(pdf)


# --- Laid over
# -----------------------------------------------------------------------------------------------


def changed_region(
    truth: Image.Image, forged: Image.Image, rng: random.Random, *, whole: bool
) -> tuple:
    """The box, in pixels, of what differs: all of it, or the rows of one value."""
    from PIL import ImageChops

    grey = ImageChops.difference(truth, forged).convert("L").point(lambda v: 255 * (v > 60))
    left, top, right, bottom = grey.getbbox()
    if not whole:
        rows = [y for y in range(top, bottom) if grey.crop((left, y, right, y + 1)).getbbox()]
        first = rng.choice(rows)
        near = [y for y in rows if abs(y - first) < 34]
        left, top, right, bottom = grey.crop((0, min(near), grey.width, max(near) + 1)).getbbox()
        top, bottom = min(near), max(near) + 1
    return left - 6, top - 6, right + 6, bottom + 6


def patched(
    base: bytes, truth: Image.Image, forged: Image.Image, rng: random.Random, *, whole: bool
) -> bytes:
    """Pictures of the forged values laid over the true ones."""
    box = changed_region(truth, forged, rng, whole=whole)
    with pikepdf.open(BytesIO(base)) as pdf:
        page = pdf.pages[0]
        page.Resources.XObject = page.Resources.get("/XObject", Dictionary())
        page.Resources.XObject["/Patch"] = picture(pdf, forged.crop(box))
        content = (
            f"q {(box[2] - box[0]) * POINT} 0 0 {(box[3] - box[1]) * POINT} {box[0] * POINT} "
            f"{(truth.height - box[3]) * POINT} cm /Patch Do Q"
        )
        page.contents_add(pdf.make_stream(b"q"), prepend=True)
        page.contents_add(pdf.make_stream(b" Q " + content.encode()))
        return saved(pdf)


def picture_patch(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    one, other = truth["typed"](), forged["typed"]("")
    return patched(one, page_image(one), page_image(other), rng, whole=False)


def picture_patches(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    one, other = truth["typed"](), forged["typed"]("")
    return patched(one, page_image(one), page_image(other), rng, whole=True)


def patched_strips(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    """A scan without text, and a picture of other values over it."""
    pdf, image = pikepdf.new(), page_image(truth["typed"]())
    pdf.add_blank_page(page_size=(image.width * POINT, image.height * POINT))
    content, objects = strips_of(pdf, image, rng.choice(STRIPS))
    pdf.pages[0].Resources = Dictionary(XObject=objects)
    pdf.pages[0].Contents = pdf.make_stream(content)
    return patched(saved(pdf), image, page_image(forged["typed"]("")), rng, whole=True)


def noted(
    base: bytes, truth: Image.Image, forged: Image.Image, rng: random.Random, *, field: bool
) -> bytes:
    """A free-text note, or a form field, that shows the forged values over the true ones."""
    box = changed_region(truth, forged, rng, whole=rng.random() < 0.5)
    wide, tall = (box[2] - box[0]) * POINT, (box[3] - box[1]) * POINT
    x, y = box[0] * POINT, (truth.height - box[3]) * POINT
    with pikepdf.open(BytesIO(base)) as pdf:
        look = pikepdf.Stream(pdf, f"q {wide} 0 0 {tall} 0 0 cm /Look Do Q".encode())
        look.Type, look.Subtype, look.BBox = Name.XObject, Name.Form, Array([0, 0, wide, tall])
        look.Resources = Dictionary(XObject=Dictionary(Look=picture(pdf, forged.crop(box))))
        note = Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget if field else Name.FreeText,
            F=4,
            Rect=Array([x, y, x + wide, y + tall]),
            AP=Dictionary(N=pdf.make_indirect(look)),
            Contents="",
            DA="/Helv 9 Tf 0 g",
        )
        if field:
            note.FT, note.T, note.V = Name.Tx, "amount", "1"
        made = pdf.make_indirect(note)
        pdf.pages[0].Annots = Array([made])
        if field:
            pdf.Root.AcroForm = Dictionary(Fields=Array([made]), DA="/Helv 9 Tf 0 g")
        return saved(pdf)


def free_text_note(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    one = truth["typed"]()
    return noted(one, page_image(one), page_image(forged["typed"]("")), rng, field=False)


def form_field(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    one = truth["typed"]()
    return noted(one, page_image(one), page_image(forged["typed"]("")), rng, field=True)


def note_on_strips(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    pdf, image = pikepdf.new(), page_image(truth["typed"]())
    pdf.add_blank_page(page_size=(image.width * POINT, image.height * POINT))
    content, objects = strips_of(pdf, image, rng.choice(STRIPS))
    pdf.pages[0].Resources = Dictionary(XObject=objects)
    pdf.pages[0].Contents = pdf.make_stream(content)
    return noted(saved(pdf), image, page_image(forged["typed"]("")), rng, field=False)


def typed_over_a_scan(truth: Mapping, forged: Mapping, rng: random.Random) -> bytes:
    """White over the scan, and the forged page typed on the white: what is seen is what is
    written."""
    pdf, image = pikepdf.new(), page_image(truth["typed"]())
    wide, tall = image.width * POINT, image.height * POINT
    pdf.add_blank_page(page_size=(wide, tall))
    content, objects = strips_of(pdf, image, rng.choice(STRIPS))
    objects["/Text"] = form_of(pdf, forged["typed"](""))
    pdf.pages[0].Resources = Dictionary(XObject=objects)
    pdf.pages[0].Contents = pdf.make_stream(
        content + f"q 1 1 1 rg 0 0 {wide} {tall} re f Q q /Text Do Q".encode()
    )
    return saved(pdf)


CARRIERS: Mapping[str, Callable[[Mapping, Mapping, random.Random], bytes]] = {
    make.__name__: make
    for make in (
        white, nearly_white, transparent, invisible, only_clipping, tiny, under_the_pictures, under_a_scan,
        invisible_on_a_scan, in_a_hidden_layer, outside_the_crop_box, behind_a_box, wrong_letters, picture_patch,
        picture_patches, patched_strips, free_text_note, form_field, note_on_strips, typed_over_a_scan,
    )
}  # fmt: skip
