"""Copies the pinned front-end files from npm into static/vendor, with licence and checksum.

For developers, after a change of package.json; it needs npm. Nobody who runs the product does.
"""

import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

VENDOR = Path(settings.BASE_DIR) / "static" / "vendor"
CHECKSUM_FILE = "SHA256SUMS"

# Tabler ships no licence file in its package; static/vendor/tabler/LICENSE was written from its
# header.
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler/tabler.min.css",
    "@tabler/icons/LICENSE": "tabler-icons/LICENSE",
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "htmx.org/LICENSE": "htmx/LICENSE",
}

ICONS = [
    "alert-triangle",
    "alert-circle",
    "arrow-right",
    "ban",
    "box",
    "building-store",
    "certificate",
    "chevron-down",
    "chevron-right",
    "check",
    "checks",
    "circle-check",
    "circle-dashed",
    "clock",
    "currency-dollar",
    "download",
    "external-link",
    "flask",
    "hourglass",
    "info-circle",
    "inbox",
    "language",
    "layout-dashboard",
    "list-check",
    "lock",
    "lock-open",
    "logout",
    "mail",
    "packages",
    "player-play",
    "receipt",
    "refresh",
    "repeat",
    "search",
    "send",
    "ship",
    "truck",
    "user",
    "users",
    "x",
    "history",
    "file-code",
    "file-certificate",
]


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options) -> None:
        with tempfile.TemporaryDirectory() as folder:
            modules = self._install(Path(folder))
            for source, target in FILES.items():
                (VENDOR / target).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(modules / source, VENDOR / target)
            icons = modules / "@tabler" / "icons" / "icons" / "outline"
            (VENDOR / "tabler-icons" / "sprite.svg").write_text(
                build_icon_sprite(icons), encoding="utf-8"
            )
        (VENDOR / CHECKSUM_FILE).write_text(
            "".join(f"{digest}  {name}\n" for name, digest in compute_checksums().items())
        )
        self.stdout.write(f"{len(compute_checksums())} files in {VENDOR}")

    def _install(self, folder: Path) -> Path:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copyfile(settings.BASE_DIR / name, folder / name)
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True
        )
        return folder / "node_modules"


def build_icon_sprite(icons: Path) -> str:
    """One file with the icons that are used, each a <symbol> named as its icon."""
    symbols = "\n".join(
        _icon_symbol(name, (icons / f"{name}.svg").read_text()) for name in sorted(ICONS)
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'


def _icon_symbol(name: str, svg: str) -> str:
    shapes = re.findall(r"<(?:path|circle|rect|line)[^>]*/>", svg)
    drawn = "".join(shape for shape in shapes if 'fill="none"' not in shape)
    return f'<symbol id="{name}" viewBox="0 0 24 24">{drawn}</symbol>'


def compute_checksums() -> dict[str, str]:
    """SHA-256 by name of everything vendored, as it is on disk now."""
    files = sorted(
        file for file in VENDOR.rglob("*") if file.is_file() and file.name != CHECKSUM_FILE
    )
    return {
        file.relative_to(VENDOR).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }
