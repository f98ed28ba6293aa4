"""F-24 in small: a disk that is full in the midst of a file leaves nothing of it behind."""

import resource
from contextlib import contextmanager

import pytest
from django.core.files.base import ContentFile

from marketplace.atomic_files import write_atomically
from marketplace.mirror.rejected_rows import RefusedRowsFile
from repurchase.demo import credentials
from repurchase.embedded import demo_seal
from repurchase.site.file_storage import WholeFileStorage

LARGE = b"x" * 200_000


@contextmanager
def full_after(size: int):
    """The kernel lets no file of this process grow beyond it, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def written(folder, binary=True):
    with write_atomically(folder / "a.bin", binary=binary) as out:
        out.write(LARGE if binary else LARGE.decode())


def stored(folder):
    WholeFileStorage(location=str(folder)).save("reports/a.pdf", ContentFile(LARGE))


def refused(folder):
    with RefusedRowsFile(folder / "a.refused.csv", ["order"]) as rows:
        rows.write(1, [LARGE.decode()], "x")


WRITERS = {
    "whole": written,
    "text": lambda folder: written(folder, binary=False),
    "storage": stored,
    "refused rows": refused,
    "credentials": lambda folder: credentials.write(folder / "c.json", {"x": LARGE.decode()}),
}


def files_in(folder) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


class TestAFullDisk:
    @pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
    def test_leaves_nothing_behind(self, tmp_path, write):
        with full_after(1000), pytest.raises(OSError, match="too large"):
            write(tmp_path)
        assert files_in(tmp_path) == []

    @pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
    def test_that_has_room_again_takes_it_as_a_whole(self, tmp_path, write):
        with full_after(1000), pytest.raises(OSError, match="too large"):
            write(tmp_path)
        write(tmp_path)
        (name,) = files_in(tmp_path)
        assert (tmp_path / name).stat().st_size >= len(LARGE)

    def test_leaves_what_stood_there_before(self, tmp_path):
        (tmp_path / "a.bin").write_bytes(b"old")
        with full_after(1000), pytest.raises(OSError, match="too large"):
            written(tmp_path)
        assert (tmp_path / "a.bin").read_bytes() == b"old"
        assert files_in(tmp_path) == ["a.bin"]

    def test_leaves_no_half_certificate(self, tmp_path):
        with full_after(100), pytest.raises(OSError, match="too large"):
            demo_seal.ensure(tmp_path / "seal.p12")
        assert files_in(tmp_path) == []


class TestAFile:
    def test_that_is_secret_is_its_owner_s(self, tmp_path):
        with write_atomically(tmp_path / "a", secret=True) as out:
            out.write("x")
        assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600

    def test_that_is_broken_off_is_not_there(self, tmp_path):
        def interrupted() -> None:
            with write_atomically(tmp_path / "a") as out:
                out.write("x")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert files_in(tmp_path) == []

    def test_keeps_the_name_that_the_storage_gave_it(self, tmp_path):
        storage = WholeFileStorage(location=str(tmp_path))
        assert storage.save("a/b.pdf", ContentFile(b"1")) == "a/b.pdf"
        assert storage.save("a/b.pdf", ContentFile(b"2")) != "a/b.pdf"
        with storage.open("a/b.pdf") as file:
            assert file.read() == b"1"
