"""Opens an uploaded PDF in a child process that may die, and says what is on its pages (R-39,
R-40, rule 10). Pure."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from diagnostics.codes import Code
from diagnostics.problem import Problem
from qualification.extraction.layout import Word

CHILD_SCRIPT = Path(__file__).with_name("intake_child.py")
WALL_SECONDS = 120
LIMITS: Mapping[str, int] = {
    "memory": 2**30,  # bytes of address space
    "cpu_seconds": 60,
    "written": 500 * 2**20,  # bytes a file
    "pages": 50,
    "points": 2000,  # a side, 1/72 inch
    "pixels": 25_000_000,  # a page
    "dpi": 200,
}
REFUSAL_CODES: Mapping[str, Code] = {
    "not_pdf": Code.DOCUMENT_NOT_PDF,
    "damaged": Code.DOCUMENT_DAMAGED,
    "encrypted": Code.DOCUMENT_ENCRYPTED,
    "unsafe": Code.DOCUMENT_UNSAFE,
    "too_many_pages": Code.DOCUMENT_TOO_MANY_PAGES,
    "page_too_large": Code.DOCUMENT_TOO_COMPLEX,
    "too_complex": Code.DOCUMENT_TOO_COMPLEX,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderedPage:
    """A page: its picture as PNG, and the words that the file says are on it, which nobody need
    have seen.

    `unseen` are the words that no pixel shows; `painted` are places where something lies over a
    picture.
    """

    png: bytes
    words: Sequence[Word]
    unseen: Sequence[Word] = ()
    painted: Sequence[Sequence[float]] = ()  # (x0, y0, x1, y1) in pixels

    @property
    def image(self) -> Image.Image:
        return Image.open(BytesIO(self.png)).convert("RGB")


def validate_upload(data: bytes, *, max_bytes: int) -> None:
    """What can be said of a file without opening it: DOCUMENT_EMPTY, DOCUMENT_TOO_LARGE,
    DOCUMENT_NOT_PDF."""
    if not data:
        raise Problem(Code.DOCUMENT_EMPTY)
    if len(data) > max_bytes:
        raise Problem(Code.DOCUMENT_TOO_LARGE, value=len(data), limit=max_bytes)
    if b"%PDF-" not in data[:1024]:
        raise Problem(Code.DOCUMENT_NOT_PDF)


def render_pages(
    data: bytes, *, limits: Mapping[str, int] = LIMITS, wall_seconds: float = WALL_SECONDS
) -> list[RenderedPage]:
    """The pages, or a Problem with the code that says why there are none. The caller survives
    every file."""
    with tempfile.TemporaryDirectory(prefix="intake-") as name:
        folder = Path(name)
        (folder / "original.pdf").write_bytes(data)
        told = _run_child(folder, limits, wall_seconds)
        if "refused" in told:
            raise Problem(REFUSAL_CODES[told["refused"]], **told["evidence"])
        return [
            _load_rendered_page(folder, number, page)
            for number, page in enumerate(told["pages"], 1)
        ]


def _run_child(folder: Path, limits: Mapping[str, int], wall_seconds: float) -> dict:
    command = [
        sys.executable,
        "-I",
        str(CHILD_SCRIPT),
        str(folder / "original.pdf"),
        str(folder),
        json.dumps(dict(limits)),
    ]
    try:
        subprocess.run(
            command,
            env={"OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            timeout=wall_seconds,
            check=True,
        )
        return json.loads((folder / "result.json").read_text())
    except (subprocess.SubprocessError, OSError, ValueError):
        raise Problem(Code.DOCUMENT_TOO_COMPLEX) from None


def _load_rendered_page(folder: Path, number: int, page: Mapping) -> RenderedPage:
    return RenderedPage(
        png=(folder / f"page-{number}.png").read_bytes(),
        words=[_build_word(*each) for each in page["words"]],
        unseen=[_build_word(*each) for each in page["unseen"]],
        painted=page["painted"],
    )


def _build_word(text: str, x0: float, y0: float, x1: float, y1: float) -> Word:
    return Word(text=text, x0=x0, y0=y0, x1=x1, y1=y1, confidence=1.0)
