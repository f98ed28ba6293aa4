"""Where documents, reports and papers lie in a folder: each as a whole or not at all."""

from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

from marketplace.atomic_files import write_atomically


class WholeFileStorage(FileSystemStorage):
    def _save(self, name: str, content: File) -> str:
        """Django's own leaves what it had written when the disk is full, under the file's name."""
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(path, binary=True) as out:
            for piece in content.chunks():
                out.write(piece)
        self._ensure_location_group_id(str(path))
        return name.replace("\\", "/")
