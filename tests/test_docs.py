"""The documentation names only what exists: links, make targets, management commands, codes and files."""

import re
from pathlib import Path

from django.core.management import get_commands

from diagnostics.codes import Code

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
TOP_FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir()}
NO_CODE_BUT_ALIKE = {
    # reasons for a fee of zero, and settings whose names look like codes
    *(
        "NO_EAR_GOODS",
        "NOT_CHOSEN",
        "NOT_EU_OR_GB",
        "NOTHING_PAID",
        "RATE_ZERO",
        "BELOW_HALF_A_UNIT",
    ),
    *("ORDER_RULES", "LINE_RULES", "RULE_VERSION", "SCHEMATHESIS_EXAMPLES"),
}


def found(pattern: str) -> list[tuple[str, str]]:
    """(page, match) of a pattern with one group."""
    return [
        (str(page.relative_to(ROOT)), match)
        for page in PAGES
        for match in re.findall(pattern, page.read_text(), re.MULTILINE)
    ]


def headings(page: Path) -> set[str]:
    """The anchors of a page: those that GitHub derives from headings, and those set by hand."""
    text = page.read_text()
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    derived = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    return derived | set(re.findall(r'<a id="([^"]+)">', text))


def is_broken(page: str, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = ROOT / page if path == "" else (ROOT / page).parent / path
    if not file.exists():
        return True
    return bool(anchor) and file.suffix == ".md" and anchor not in headings(file)


def settings_named() -> set[str]:
    """Names that the code, the compose file or the example file read from the environment."""
    files = [
        *(ROOT / "repurchase").rglob("*.py"),
        ROOT / "docker-compose.yml",
        ROOT / ".env.example",
    ]
    text = "\n".join(path.read_text() for path in files)
    return set(re.findall(r"""["'{]([A-Z]+(?:_[A-Z]+)+)["':]""", text)) | set(
        re.findall(r"^\s*([A-Z]+(?:_[A-Z]+)+)(?: =|:|=)", text, re.MULTILINE)
    )


class TestTheDocumentation:
    def test_links_to_files_and_headings_that_exist(self):
        links = [
            (page, target) for page, target in found(r"\]\(([^)\s]+)\)") if "://" not in target
        ]
        assert len(links) > 50
        assert [link for link in links if is_broken(*link)] == []

    def test_names_make_targets_that_exist(self):
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        named = found(r"(?:^|`)make ([a-z][a-z-]+)")
        assert len(named) > 10
        assert [name for name in named if name[1] not in targets] == []

    def test_names_management_commands_that_exist(self):
        named = found(r"manage\.py ([a-z_]+)")
        assert len(named) > 10
        assert [name for name in named if name[1] not in get_commands()] == []

    def test_names_codes_that_exist(self):
        known = {code.value for code in Code} | settings_named() | NO_CODE_BUT_ALIKE
        named = found(r"`([A-Z]+(?:_[A-Z]+)+)`")
        assert len(named) > 100
        assert [name for name in named if name[1] not in known] == []

    def test_names_files_that_exist(self):
        paths = [
            (page, path)
            for page, path in found(r"`([\w.-]+/[\w./-]+)`")
            if path.split("/")[0] in TOP_FOLDERS
            and (path.endswith("/") or "." in path.split("/")[-1])
            and page != "docs/api.md"  # its paths are those of the API
        ]
        assert len(paths) > 40
        assert [path for path in paths if not (ROOT / path[1]).exists()] == []
