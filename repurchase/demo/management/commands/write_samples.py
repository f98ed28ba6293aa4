"""`manage.py write_samples`: sample documents of invented companies, to try the qualification
with."""

import shutil
from pathlib import Path

from django.conf import settings

from marketplace.atomic_files import write_atomically
from marketplace.mirror.commands import ImportCommand
from marketplace.models import Sku, Store
from qualification.review import QualificationStatus
from repurchase.demo.sample_documents import samples


class Command(ImportCommand):
    help = "Writes a set of sample documents for each sandbox store that gathers them, into DATA_DIR/samples."

    def work(self, **options: object) -> dict[str, object]:
        stores = Store.objects.filter(
            sandbox=True, qualification__state=QualificationStatus.DOCUMENTS
        )
        written = [self._write(store) for store in stores]
        return {"samples": str(settings.DATA_DIR / "samples"), "files": sum(written)}

    def _write(self, store: Store) -> int:
        """A set that is there is kept."""
        folder: Path = settings.DATA_DIR / "samples" / store.code
        if folder.exists():
            return 0
        folder.mkdir(parents=True)
        hs_code = (
            Sku.objects.filter(store=store)
            .exclude(hs_code="")
            .values_list("hs_code", flat=True)
            .first()
            or "691110"
        )
        today, seed = samples.platform_today(), store.code
        said = samples.make_document_set(
            company=store.legal_name, hs_code=hs_code.ljust(10, "0")[:10], today=today, seed=seed
        )
        made = samples.render_sample_files(said, today=today, seed=seed)
        try:
            return sum(self._put(folder / name, data) for name, data in made)
        except BaseException:
            shutil.rmtree(folder)  # else half a set would be kept for a whole one
            raise

    def _put(self, path: Path, data: bytes) -> int:
        with write_atomically(path, binary=True) as out:
            out.write(data)
        return 1
