"""`manage.py load_demo`: the demo stores. Safe to repeat."""

from django.conf import settings

from marketplace.mirror.commands import ImportCommand
from repurchase.demo.credentials import CREDENTIALS_FILE_NAME
from repurchase.demo.loading import load


class Command(ImportCommand):
    help = "Loads the demo stores; a second run keeps data and credentials."

    def work(self, **options: object) -> dict[str, object]:
        fresh = load(data_dir=settings.DATA_DIR)
        return {
            "demo": "loaded" if fresh else "already there",
            "credentials": str(settings.DATA_DIR / CREDENTIALS_FILE_NAME),
        }
