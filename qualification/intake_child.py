"""Opens a PDF that nobody has looked at yet. Run by `intake` as a process of its own that may die
(rule 10).

`python -I intake_child.py FILE FOLDER LIMITS`: writes page-N.png and result.json into the folder.
It imports nothing of ours; what it finds is a word that `intake` turns into a code.

A page is its picture: crop box, annotations and form values in, hidden layers out. Its own text
comes beside it as a claim, with the places where no pixel shows that text, and those where
something was laid over a picture.
"""

import bisect
import ctypes
import itertools
import json
import platform
import resource
import struct
import sys
from pathlib import Path

UNSAFE_ACTIONS = {
    "/JavaScript",
    "/Launch",
    "/ImportData",
    "/SubmitForm",
    "/GoToE",
    "/Rendition",
    "/Movie",
    "/Sound",
}
UNSAFE_KEYS = {"/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent"}
UNSAFE_SUBTYPES = {"/FileAttachment", "/RichMedia", "/Screen", "/3D"}
MAX_CHARACTERS = 100_000  # of a page's text; what comes after is not taken
MAX_OBJECTS = 20_000  # of a page; one with more counts as painted over
MAX_PLACES = 500  # of a page: what is painted over, and text that nobody can see
# grey levels away from the ground; the share of a sign's box that has them
INK_CONTRAST, INKED_SHARE = 30, 0.015
# grey levels; the share of a cell; pixels a side of a cell
CHANGED_LEVEL, COVERED_SHARE, CELL = 60, 0.03, 16
SHARED_EDGE_POINTS = 3  # points
MIN_LEGIBLE_PIXELS = 5  # pixels: a sign that is lower can't be read at 200 dpi


class IntakeRefused(Exception):
    def __init__(self, word: str, **evidence: object) -> None:
        super().__init__(word)
        self.told = {"refused": word, "evidence": evidence}


def main() -> None:
    file, folder, limits = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    _limit_resources(limits)
    try:
        told = {"pages": _read_pages(file, folder, limits)}
    except IntakeRefused as refused:
        told = refused.told
    except MemoryError:
        told = IntakeRefused("too_complex").told
    (folder / "result.json").write_text(json.dumps(told))


def _limit_resources(limits: dict) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_seconds"], limits["cpu_seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["written"], limits["written"]))
    _block_network()


def _block_network() -> None:
    """Linux: a seccomp filter answers socket() with EPERM. Elsewhere the parsers' own silence has
    to do."""
    number = {"x86_64": 41, "aarch64": 198}.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return
    load, equal, answer = 0x20, 0x15, 0x06
    steps = [
        (load, 0, 0, 0),
        (equal, 0, 1, number),
        (answer, 0, 0, 0x00050001),
        (answer, 0, 0, 0x7FFF0000),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(
        struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code))
    )
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    libc.prctl(22, 2, ctypes.c_ulong(ctypes.addressof(program)), 0, 0)  # PR_SET_SECCOMP, filter


def _read_pages(file: Path, folder: Path, limits: dict) -> list[dict]:
    data = file.read_bytes()
    if b"%PDF-" not in data[:1024]:
        raise IntakeRefused("not_pdf")
    _inspect_file(file, limits)  # encryption first: it explains more than what is missing
    if b"%%EOF" not in data[-2048:]:
        raise IntakeRefused("damaged")
    return list(_render_pages(file, folder, limits))


def _inspect_file(file: Path, limits: dict) -> None:
    import pikepdf

    try:
        with pikepdf.open(file, suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                raise IntakeRefused("encrypted")
            count = len(pdf.pages)
            if count > limits["pages"]:
                raise IntakeRefused("too_many_pages", value=count, limit=limits["pages"])
            for thing in pdf.objects:
                _inspect_object(thing, pikepdf)
            if count == 0 or any(
                "reconstruct" in warning for warning in map(str, pdf.get_warnings())
            ):
                raise IntakeRefused("damaged")
    except pikepdf.PasswordError:
        raise IntakeRefused("encrypted") from None
    except (pikepdf.PdfError, ValueError, TypeError, RecursionError):
        raise IntakeRefused("damaged") from None


def _inspect_object(thing: object, pikepdf) -> None:
    """One level of the file's object, and what is written inside it without a number of its own."""
    waiting, seen = [thing], 0
    while waiting:
        one = waiting.pop()
        seen += 1
        if seen > 1_000_000:
            raise IntakeRefused("too_complex")
        if isinstance(one, pikepdf.Stream | pikepdf.Dictionary):
            keys = set(one.keys())
            if (
                keys & UNSAFE_KEYS
                or str(one.get("/S")) in UNSAFE_ACTIONS
                or str(one.get("/Subtype")) in UNSAFE_SUBTYPES
            ):
                raise IntakeRefused("unsafe")
            waiting += [one[k] for k in keys if not _is_reference(one[k])]
        elif isinstance(one, pikepdf.Array):
            waiting += [each for each in one if not _is_reference(each)]


def _is_reference(thing: object) -> bool:
    return bool(getattr(thing, "is_indirect", False))


def _render_pages(file: Path, folder: Path, limits: dict):
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(file)
        pdf.init_forms()
    except pypdfium2.PdfiumError:
        raise IntakeRefused("damaged") from None
    for number, page in enumerate(pdf, 1):
        width, height = page.get_size()
        scale = limits["dpi"] / 72
        if max(width, height) > limits["points"] or width * height * scale**2 > limits["pixels"]:
            raise IntakeRefused("page_too_large", page=number)
        render = _page_renderer(page, scale)
        image = render().convert("RGB")
        image.save(folder / f"page-{number}.png", compress_level=1)
        signs = list(_page_characters(page, image.size))
        yield {
            "width": image.width,
            "height": image.height,
            "words": _group_words(signs),
            "unseen": _find_invisible_text(signs, image.convert("L")),
            "painted": _find_overlaid_boxes(page, image, render),
        }
        page.close()


def _page_renderer(page, scale: float):
    return lambda **options: page.render(scale=scale, **options).to_pil()


class _PixelMapper:
    """From a page's points to the pixels of its picture, whatever its crop box and rotation."""

    def __init__(self, page, size: tuple[int, int]) -> None:
        self.page, self.size = page, size

    def box(self, left: float, bottom: float, right: float, top: float) -> list[float]:
        (x0, y0), (x1, y1) = self._to_pixels(left, bottom), self._to_pixels(right, top)
        return [min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)]

    def _to_pixels(self, x: float, y: float) -> tuple[float, float]:
        import pypdfium2.raw as pdfium

        across, down = ctypes.c_int(), ctypes.c_int()
        fine = 8  # the call rounds to whole pixels
        size = self.size[0] * fine, self.size[1] * fine
        pdfium.FPDF_PageToDevice(self.page, 0, 0, *size, 0, x, y, across, down)
        return across.value / fine, down.value / fine


def _page_characters(page, size: tuple[int, int]):
    """(sign, box in pixels) in the order of the page's text; None between two that don't belong
    together."""
    import pypdfium2.raw as pdfium

    text, device = page.get_textpage(), _PixelMapper(page, size)
    for index in range(min(text.count_chars(), MAX_CHARACTERS)):
        sign = chr(pdfium.FPDFText_GetUnicode(text, index))
        if pdfium.FPDFText_IsGenerated(text, index) or sign.isspace() or not sign.isprintable():
            yield None
            continue
        box = device.box(*text.get_charbox(index))
        yield (sign, box) if box[2] > box[0] else None


def _group_words(signs: list) -> list[list]:
    """[text, x0, y0, x1, y1] in pixels from the upper left; a word ends at a space, a gap or
    another line."""
    words: list[list] = []
    open_word = False
    for each in signs:
        if each is None:
            open_word = False
            continue
        sign, box = each
        last = words[-1] if open_word else None
        if last and abs(box[0] - last[3]) < 0.5 * max(box[3] - box[1], 8) and _same_line(box, last):
            words[-1] = [
                last[0] + sign,
                last[1],
                min(last[2], box[1]),
                box[2],
                max(last[4], box[3]),
            ]
        else:
            words.append([sign, *box])
        open_word = True
    return words


def _same_line(box: list[float], word: list) -> bool:
    return box[1] < word[4] and word[2] < box[3]


# --- Text that nobody can see
# --------------------------------------------------------------------------------


def _find_invisible_text(signs: list, grey) -> list[list]:
    """[text, box] of two letters or digits in a row that no pixel shows: no ink, outside the
    picture, or too low."""
    runs: list[list] = []
    before = False
    for each in signs:
        if each is None or not each[0].isalnum():
            continue
        sign, box = each
        hidden = box[3] - box[1] < MIN_LEGIBLE_PIXELS or not _has_ink(grey, box)
        if hidden and before and _same_line(box, runs[-1]):
            text, x0, y0, x1, y1 = runs[-1]
            runs[-1] = [
                text + sign,
                min(x0, box[0]),
                min(y0, box[1]),
                max(x1, box[2]),
                max(y1, box[3]),
            ]
        elif hidden:
            runs.append([sign, *box])
        before = hidden
    return [[text[:60], *box] for text, *box in runs if len(text) > 1][:MAX_PLACES]


def _has_ink(grey, box: list[float]) -> bool:
    """Whether some of the box stands out from the rest of it, dark on light or light on dark."""
    x0, y0, x1, y1 = max(int(box[0]), 0), max(int(box[1]), 0), int(box[2]) + 1, int(box[3]) + 1
    x1, y1 = min(x1, grey.width), min(y1, grey.height)
    if x0 >= x1 or y0 >= y1:
        return False
    upto = list(itertools.accumulate(grey.crop((x0, y0, x1, y1)).histogram()))
    ground = bisect.bisect_left(upto, upto[-1] / 2)  # the level at which half is reached
    darker = upto[ground - INK_CONTRAST - 1] if ground > INK_CONTRAST else 0
    lighter = upto[-1] - upto[min(ground + INK_CONTRAST, 255)]
    return darker + lighter >= INKED_SHARE * upto[-1]


# --- What was laid over something
# ----------------------------------------------------------------------------


def _find_overlaid_boxes(page, image, render) -> list[list[float]]:
    """Boxes where the page showed something else before it was laid over: by text, a patch, a note
    or a form field.

    Compared are the page as it is shown and its ground: its pictures alone, or all of it without
    notes where it has none. Takes the page apart.
    """
    noted = _has_annotations(page)
    ground, laid_over, whole = _page_layers(page)
    if not whole:
        return [[0, 0, *image.size]]
    if not (noted or (ground and laid_over)):
        return []
    for thing in laid_over if ground else ():
        page.remove_obj(thing)
    return _find_changed_areas(
        image.convert("L"), render(may_draw_forms=False, draw_annots=False).convert("L")
    )


def _has_annotations(page) -> bool:
    import pypdfium2.raw as pdfium

    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), MAX_OBJECTS)):
        if note := pdfium.FPDFPage_GetAnnot(page, index):
            subtype = pdfium.FPDFAnnot_GetSubtype(note)
            pdfium.FPDFPage_CloseAnnot(note)
            if subtype not in (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP):
                return True
    return False


def _page_layers(page) -> tuple[list, list, bool]:
    """(pictures that lie beside each other, all else, whether that is the whole page), in the
    order of drawing."""
    import pypdfium2.raw as pdfium

    ground, boxes, others = [], [], []
    for count, thing in enumerate(page.get_objects(max_depth=1)):
        if count >= MAX_OBJECTS:
            return ground, others, False
        is_picture = thing.type in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_FORM)
        if (
            is_picture
            and len(ground) < MAX_PLACES
            and not _is_overlapping_any(box := thing.get_bounds(), boxes)
        ):
            ground.append(thing)
            boxes.append(box)
        else:
            others.append(thing)
    return ground, others, True


def _is_overlapping_any(box, others) -> bool:
    """Strips of one scan may share an edge."""
    return any(
        min(box[2], one[2]) - max(box[0], one[0]) > SHARED_EDGE_POINTS
        and min(box[3], one[3]) - max(box[1], one[1]) > SHARED_EDGE_POINTS
        for one in others
    )


def _find_changed_areas(shown, ground) -> list[list[float]]:
    """Runs of cells in which the ground had lines of its own and another picture is shown now."""
    from PIL import ImageChops, ImageFilter

    changed = ImageChops.difference(shown, ground).point(lambda v: 255 * (v > CHANGED_LEVEL))
    drawn = ground.filter(ImageFilter.FIND_EDGES).point(lambda v: 255 * (v > CHANGED_LEVEL))
    least = int(255 * COVERED_SHARE)
    both = ImageChops.darker(
        *(each.reduce(CELL).point(lambda v: 255 * (v > least)) for each in (changed, drawn))
    )
    cells, runs = both.tobytes(), []
    for at, cell in enumerate(cells):
        y, x = divmod(at, both.width)
        if cell and runs and runs[-1][1] == y * CELL and runs[-1][2] == x * CELL:
            runs[-1][2] += CELL
        elif cell:
            runs.append([x * CELL, y * CELL, (x + 1) * CELL, (y + 1) * CELL])
    return runs if len(runs) <= MAX_PLACES else [[0, 0, *shown.size]]


if __name__ == "__main__":
    main()
