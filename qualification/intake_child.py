"""Opens a PDF that nobody has looked at yet. Run by `intake` as a process of its own that may die (rule 10).

`python -I intake_child.py FILE FOLDER LIMITS`: writes page-N.png and result.json into the folder. It imports
nothing of ours; what it finds is a word that `intake` turns into a code.
"""

import ctypes
import json
import platform
import resource
import struct
import sys
from pathlib import Path

ACTIONS = {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/Rendition", "/Movie", "/Sound"}
KEYS = {"/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent"}
SUBTYPES = {"/FileAttachment", "/RichMedia", "/Screen", "/3D"}
MAX_CHARACTERS = 100_000
PICTURE, INVISIBLE = 3, 3  # FPDF_PAGEOBJ_IMAGE; text rendering mode 3


class Refused(Exception):
    def __init__(self, word: str, **evidence: object) -> None:
        super().__init__(word)
        self.told = {"refused": word, "evidence": evidence}


def main() -> None:
    file, folder, limits = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    _confine(limits)
    try:
        told = {"pages": _pages(file, folder, limits)}
    except Refused as refused:
        told = refused.told
    except MemoryError:
        told = Refused("too_complex").told
    (folder / "result.json").write_text(json.dumps(told))


def _confine(limits: dict) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_seconds"], limits["cpu_seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["written"], limits["written"]))
    _without_network()


def _without_network() -> None:
    """Linux: a seccomp filter answers socket() with EPERM. Elsewhere the parsers' own silence has to do."""
    number = {"x86_64": 41, "aarch64": 198}.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return
    load, equal, answer = 0x20, 0x15, 0x06
    steps = [(load, 0, 0, 0), (equal, 0, 1, number), (answer, 0, 0, 0x00050001), (answer, 0, 0, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    libc.prctl(22, 2, ctypes.c_ulong(ctypes.addressof(program)), 0, 0)  # PR_SET_SECCOMP, filter


def _pages(file: Path, folder: Path, limits: dict) -> list[dict]:
    data = file.read_bytes()
    if b"%PDF-" not in data[:1024]:
        raise Refused("not_pdf")
    _inspect(file, limits)  # encryption first: it explains more than what is missing
    if b"%%EOF" not in data[-2048:]:
        raise Refused("damaged")
    return list(_rendered(file, folder, limits))


def _inspect(file: Path, limits: dict) -> None:
    import pikepdf

    try:
        with pikepdf.open(file, suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                raise Refused("encrypted")
            count = len(pdf.pages)
            if count > limits["pages"]:
                raise Refused("too_many_pages", value=count, limit=limits["pages"])
            for thing in pdf.objects:
                _inspect_object(thing, pikepdf)
            if count == 0 or any("reconstruct" in warning for warning in map(str, pdf.get_warnings())):
                raise Refused("damaged")
    except pikepdf.PasswordError:
        raise Refused("encrypted") from None
    except (pikepdf.PdfError, ValueError, TypeError, RecursionError):
        raise Refused("damaged") from None


def _inspect_object(thing: object, pikepdf) -> None:
    """One level of the file's object, and what is written inside it without a number of its own."""
    waiting, seen = [thing], 0
    while waiting:
        one = waiting.pop()
        seen += 1
        if seen > 1_000_000:
            raise Refused("too_complex")
        if isinstance(one, pikepdf.Stream | pikepdf.Dictionary):
            keys = set(one.keys())
            if keys & KEYS or str(one.get("/S")) in ACTIONS or str(one.get("/Subtype")) in SUBTYPES:
                raise Refused("unsafe")
            waiting += [one[k] for k in keys if not _is_reference(one[k])]
        elif isinstance(one, pikepdf.Array):
            waiting += [each for each in one if not _is_reference(each)]


def _is_reference(thing: object) -> bool:
    return bool(getattr(thing, "is_indirect", False))


def _rendered(file: Path, folder: Path, limits: dict):
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError:
        raise Refused("damaged") from None
    for number, page in enumerate(pdf, 1):
        width, height = page.get_size()
        scale = limits["dpi"] / 72
        if max(width, height) > limits["points"] or width * height * scale**2 > limits["pixels"]:
            raise Refused("page_too_large", page=number)
        image = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
        image.save(folder / f"page-{number}.png", compress_level=1)
        words = _words(page, scale, image.size) if _is_typed(page) else []
        yield {"width": image.width, "height": image.height, "words": words}
        page.close()


def _is_typed(page) -> bool:
    """Its own text is what one sees: no picture over half of the page, and none of the text is invisible."""
    import pypdfium2.raw as pdfium

    width, height = page.get_size()
    for thing in page.get_objects(max_depth=5):
        if thing.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = thing.get_bounds()
            if (right - left) * (top - bottom) > width * height / 2:
                return False
        if (
            thing.type == pdfium.FPDF_PAGEOBJ_TEXT
            and pdfium.FPDFTextObj_GetTextRenderMode(thing.raw) == INVISIBLE
        ):
            return False
    return True


def _words(page, scale: float, size: tuple[int, int]) -> list[list]:
    """[text, x0, y0, x1, y1] in pixels from the upper left; a word ends at a space, a gap or another line."""
    text = page.get_textpage()
    words: list[list] = []
    open_word = False
    for index in range(min(text.count_chars(), MAX_CHARACTERS)):
        sign = text.get_text_range(index, 1)
        left, bottom, right, top = (side * scale for side in text.get_charbox(index))
        if not sign.strip() or right <= left:
            open_word = False
            continue
        box = [left, size[1] - top, right, size[1] - bottom]
        if (
            open_word
            and abs(box[0] - words[-1][3]) < 0.5 * max(box[3] - box[1], 8)
            and _same_line(box, words[-1])
        ):
            last = words[-1]
            words[-1] = [last[0] + sign, last[1], min(last[2], box[1]), box[2], max(last[4], box[3])]
        else:
            words.append([sign, *box])
        open_word = True
    return words


def _same_line(box: list[float], word: list) -> bool:
    return box[1] < word[4] and word[2] < box[3]


if __name__ == "__main__":
    main()
