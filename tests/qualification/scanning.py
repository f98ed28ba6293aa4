"""Makes clean pages look scanned: skew, blur, noise, uneven light; JPEG loss comes with the PDF."""

import random
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

from repurchase.demo.sample_documents import pdf_of

JPEG_QUALITY = 60


def scanned(pages: Sequence[Image.Image], rng: random.Random) -> bytes:
    return pdf_of([_scanned(page, rng) for page in pages], quality=JPEG_QUALITY)


def _scanned(page: Image.Image, rng: random.Random) -> Image.Image:
    skewed = page.rotate(rng.uniform(-2, 2), resample=Image.Resampling.BICUBIC, fillcolor="white")
    soft = skewed.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.7)))
    pixels = np.asarray(soft, dtype=np.float32)
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(3, 9), pixels.shape)
    light = np.linspace(1, rng.uniform(0.93, 1), pixels.shape[0])[:, None, None]
    return Image.fromarray(
        np.clip(pixels * light * rng.uniform(0.96, 1) + noise, 0, 255).astype(np.uint8)
    )
