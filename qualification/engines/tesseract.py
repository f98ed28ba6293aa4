"""Tesseract. A page by the Chinese model, which knows digits and Latin too; a cutting by both
models.

The two together read short Chinese words on a page as Latin (“余额” as “RA”); the Chinese one
alone confuses points and commas, which amounts forgive. So the second look is another reader. Page
mode 3: mode 6 collapses on ruled tables.
"""

import os
from collections.abc import Sequence

import pytesseract
from PIL import Image

from qualification.extraction.layout import Word

NAME = "tesseract"
PAGE_MODEL, CROP_MODELS, FIGURE_MODEL = "chi_sim", "chi_sim+eng", "eng"
FIGURE_SCALES = (0.7, 1, 1.5)
"""Of a cutting with figures: which size is read right differs from one to the next."""
PAGE_TIMEOUT_SECONDS = 60  # a page; one takes 2 to 4
os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # its threads cost more than they bring


def words(image: Image.Image) -> Sequence[Word]:
    data = pytesseract.image_to_data(
        image,
        lang=PAGE_MODEL,
        config="--oem 1 --psm 3",
        timeout=PAGE_TIMEOUT_SECONDS,
        output_type=pytesseract.Output.DICT,
    )
    columns = (data[name] for name in ("text", "left", "top", "width", "height", "conf"))
    return [
        Word(text=text, x0=x, y0=y, x1=x + w, y1=y + h, confidence=float(conf) / 100)
        for text, x, y, w, h, conf in zip(*columns, strict=True)
        if text.strip() and float(conf) >= 0
    ]


def lines(image: Image.Image) -> Sequence[str]:
    return [_read_line(_resize_image(image, 1.5), models) for models in (CROP_MODELS, PAGE_MODEL)]


def figures(image: Image.Image) -> Sequence[str]:
    return [_read_line(_resize_image(image, size), FIGURE_MODEL) for size in FIGURE_SCALES]


def _resize_image(image: Image.Image, by: float) -> Image.Image:
    return image.resize((int(image.width * by), int(image.height * by)), Image.Resampling.LANCZOS)


def _read_line(image: Image.Image, models: str) -> str:
    return pytesseract.image_to_string(
        image, lang=models, config="--oem 1 --psm 7", timeout=PAGE_TIMEOUT_SECONDS
    )
