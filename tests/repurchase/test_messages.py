"""Chinese is complete: what is marked for translation is translated, with the same placeholders."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation
from django.utils.translation.template import templatize

from diagnostics import problem_texts
from diagnostics.catalogue import CATALOGUE
from repurchase.management.commands import compile_messages

BASE = Path(settings.BASE_DIR)
PO = BASE / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
APPS = (
    "diagnostics",
    "outbox",
    "marketplace",
    "qualification",
    "eligibility",
    "pricing",
    "repurchase",
)
KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "ngettext": (1, 2),
    "ngettext_lazy": (1, 2), "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
PLACEHOLDER = re.compile(r"%\(\w+\)s|{\w+}")

Text = tuple[str | None, str]  # context, message id


def marked() -> set[Text]:
    """What the sources mark for translation, as `makemessages` sees it."""
    return {text for source in _sources() for text in _texts(source)}


def _sources() -> Iterator[io.BytesIO]:
    for app in APPS:
        for file in (BASE / app).rglob("*.py"):
            yield io.BytesIO(file.read_bytes())
    for file in (BASE / "templates").rglob("*.*"):
        code = templatize(file.read_text())
        flat = "\n".join(line.strip() for line in code.splitlines())
        yield io.BytesIO(flat.encode())


def _texts(source: io.BytesIO) -> Iterator[Text]:
    for _, found, _, context in extract("python", source, KEYWORDS):
        message = found[0] if isinstance(found, tuple) else found
        if message:
            yield context, message


@pytest.fixture(scope="module")
def catalogue() -> dict[Text, Message]:
    with PO.open("rb") as file:
        return {(m.context, _first(m.id)): m for m in read_po(file) if m.id}


def _first(text: str | tuple) -> str:
    return text if isinstance(text, str) else text[0]


class TestTheSources:
    def test_mark_texts_in_every_layer(self):
        """The extraction itself works: texts of the core, of a template, of a plural, of a
        context."""
        found = marked()
        assert (None, "Too many orders") in found
        assert (None, "Skip to the content") in found
        assert (None, "%(shown)s order ticked") in found
        assert ("batch", "Locked, sent") in found


class TestChinese:
    def test_has_every_text(self, catalogue):
        assert sorted(marked() - set(catalogue), key=str) == []

    def test_has_no_text_that_nothing_uses(self, catalogue):
        assert sorted(set(catalogue) - marked(), key=str) == []

    def test_leaves_nothing_empty_or_fuzzy(self, catalogue):
        poor = [key for key, m in catalogue.items() if m.fuzzy or not all(_all(m.string))]
        assert poor == []

    def test_keeps_the_placeholders(self, catalogue):
        def of(text: str) -> set[str]:
            return set(PLACEHOLDER.findall(text))

        wrong = [key for key, m in catalogue.items() if of(_last(m.id)) != of(_first(m.string))]
        assert wrong == []

    @pytest.mark.parametrize("code", CATALOGUE)
    def test_words_every_code(self, code):
        with translation.override("zh-hans"):
            said = problem_texts.describe(code)
        assert all(re.search(r"[\u4e00-\u9fff]", text) for text in (said.title, said.fix))


def _all(text: str | tuple) -> tuple:
    return (text,) if isinstance(text, str) else text


def _last(text: str | tuple) -> str:
    """The plural, which names every placeholder."""
    return text if isinstance(text, str) else text[-1]


class TestCompiling:
    def test_is_done_once(self, tmp_path, settings):
        folder = tmp_path / "zh_Hans" / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "django.po").write_bytes(PO.read_bytes())
        settings.LOCALE_PATHS = [tmp_path]
        assert compile_messages.compile_all() == [folder / "django.mo"]
        assert compile_messages.compile_all() == []
        assert (folder / "django.mo").stat().st_size > 10_000
