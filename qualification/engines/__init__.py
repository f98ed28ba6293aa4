"""Readers of pictures. One module each, with `NAME`, `words`, `lines` and `figures`; OCR_ENGINE
names the one in use."""

import importlib
from collections.abc import Sequence
from typing import Protocol

from PIL import Image

from qualification.extraction.layout import Word


class Engine(Protocol):
    NAME: str

    def words(self, image: Image.Image) -> Sequence[Word]:
        """Every word of a page with its box in pixels and its confidence from 0 to 1."""

    def lines(self, image: Image.Image) -> Sequence[str]:
        """The one line on a cutting, read by itself in each way the engine has: the second look."""

    def figures(self, image: Image.Image) -> Sequence[str]:
        """The one line of digits and Latin letters on a cutting, read in each way the engine has
        for those."""


def import_engine(module: str) -> Engine:
    return importlib.import_module(module)
