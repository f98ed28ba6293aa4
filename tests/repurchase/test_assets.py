"""Front-end files are what their packages shipped, and pages keep to the content policy."""

import hashlib
import re
from pathlib import Path

import pytest
from django.conf import settings

from repurchase.management.commands.vendor_assets import (
    CHECKSUM_FILE,
    FILES,
    ICONS,
    VENDOR,
    compute_checksums,
)
from repurchase.templatetags import states

BASE = Path(settings.BASE_DIR)
NOT_SERVED = {
    "proformas",
    "letters",
    "agreements",
    "reports",
}  # they become emails and PDFs, which no content policy reaches
PAGES = [
    file for file in (BASE / "templates").rglob("*.html") if file.parent.name not in NOT_SERVED
]
SCRIPTS = list((BASE / "static" / "js").glob("*.js"))
LIMIT_BYTES = 1_500_000


def listed() -> dict[str, str]:
    rows = (VENDOR / CHECKSUM_FILE).read_text().splitlines()
    return {name: digest for digest, name in (row.split("  ") for row in rows)}


class TestVendoredFiles:
    def test_are_exactly_those_with_a_checksum(self):
        assert compute_checksums() == listed()

    def test_are_noticed_when_a_byte_changes(self):
        name, digest = next(iter(listed().items()))
        content = (VENDOR / name).read_bytes()
        assert hashlib.sha256(content + b" ").hexdigest() != digest

    def test_bring_their_licences(self):
        folders = {file.split("/")[0] for file in FILES.values()} | {"tabler"}
        assert all((VENDOR / folder / "LICENSE").exists() for folder in folders)

    def test_stay_small(self):
        files = [file for file in (BASE / "static").rglob("*") if file.is_file()]
        assert sum(file.stat().st_size for file in files) < LIMIT_BYTES


class TestIcons:
    def test_that_pages_name_are_in_the_sprite(self):
        named = {
            name for page in PAGES for name in re.findall(r'{% icon "([a-z-]+)"', page.read_text())
        }
        named |= {
            name
            for page in PAGES
            for name in re.findall(r'icon_name="([a-z-]+)"', page.read_text())
        }
        named |= {shown.icon for kind in states.KINDS.values() for shown in kind.values()}
        assert named - set(ICONS) == set()

    def test_of_the_list_are_in_the_sprite(self):
        sprite = (VENDOR / "tabler-icons" / "sprite.svg").read_text()
        assert set(re.findall(r'id="([a-z-]+)"', sprite)) == set(ICONS)
        assert not re.findall(r"<symbol[^>]*></symbol>", sprite)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(BASE).as_posix())
class TestAPage:
    def test_has_no_inline_script_style_or_handler(self, page):
        text = page.read_text()
        assert not re.search(
            r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:|hx-on", text
        )

    def test_loads_nothing_from_elsewhere(self, page):
        assert not re.search(r"""(src|href|action)=["'](https?:)?//""", page.read_text())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
class TestAScript:
    def test_evaluates_no_text_and_writes_no_markup(self, script):
        assert not re.search(
            r"\beval\(|new Function|\.(inner|outer)HTML|document\.write|Date\.now",
            script.read_text(),
        )
