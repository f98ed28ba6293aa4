"""No import waits for a disk inside of its transaction: files are read before it, refused rows
written outside."""

from pathlib import Path

import pytest
from django.db import connection

from marketplace.mirror import closes, export_control, inventory, orders, rates
from marketplace.mirror.rejected_rows import RefusedRowsFile
from marketplace.models import ScreenedParty
from tests import world

pytestmark = pytest.mark.django_db(transaction=True)

ORDERS = (
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    "1,A,a,2,2010-01-01 10:00:00,1.00,7,France\n"
    "2,A,a,2,2010-01-01 10:00:00,1.00,,France\n"
    "C3,A,a,-2,2010-01-02 10:00:00,9.00,7,France\n"
)
EACH = {
    "orders": (
        ORDERS,
        lambda path, refused: orders.import_orders(
            store=world.store(), path=path, file_format="online-retail", refused_path=refused
        ),
    ),
    "inventory": (
        "sku,on_hand,synced_at\nNONE,1,\n",
        lambda path, refused: inventory.import_file(
            store=world.store(), path=path, refused_path=refused
        ),
    ),
    "screening list": (
        "name,aliases,country,reference,listed_from,listed_until\n,,,r1,,\nA,,,r2,,\n",
        lambda path, refused: export_control.import_screening_list(
            path=path, list_name="TEST", refused_path=refused
        ),
    ),
    "rates": (
        "Date,USD,\n2020-01-02,1.1193,\n",
        lambda path, _: rates.import_rates(path=path, source="ecb"),
    ),
    "closes": (
        "Date,Close\n2020-01-02,1.5\n",
        lambda path, _: closes.import_closes(path=path, series="TEST"),
    ),
}


@pytest.fixture
def touched(monkeypatch) -> list[tuple[str, bool]]:
    """Each file that is opened and each refused row that is written, and whether inside a
    transaction."""
    seen, opened, write = [], Path.open, RefusedRowsFile.write

    def open_seen(path, *args, **options):
        seen.append((path.name, connection.in_atomic_block))
        return opened(path, *args, **options)

    def write_seen(rows, *args):
        seen.append(("refused row", connection.in_atomic_block))
        return write(rows, *args)

    monkeypatch.setattr(Path, "open", open_seen)
    monkeypatch.setattr(RefusedRowsFile, "write", write_seen)
    return seen


class TestAnImport:
    @pytest.mark.parametrize("kind", EACH)
    def test_touches_no_file_inside_its_transaction(self, tmp_path, touched, kind):
        text, run = EACH[kind]
        path = tmp_path / "given.csv"
        path.write_text(text, encoding="utf-8")
        touched.clear()
        run(path, tmp_path / "refused.csv")
        assert ("given.csv", False) in touched
        refused = {"orders": 2, "inventory": 1, "screening list": 1}.get(kind, 0)
        assert touched.count(("refused row", False)) == refused
        assert not any(inside for _, inside in touched)

    def test_that_fails_to_save_leaves_no_file_of_refused_rows(self, tmp_path):
        path, refused = tmp_path / "given.csv", tmp_path / "refused.csv"
        path.write_text(EACH["screening list"][0], encoding="utf-8")
        with connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE marketplace_screenedparty ADD CONSTRAINT none_now CHECK (name <> 'A')"
            )
        try:
            with pytest.raises(Exception, match="none_now"):
                EACH["screening list"][1](path, refused)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE marketplace_screenedparty DROP CONSTRAINT none_now")
        assert not refused.exists()
        assert not ScreenedParty.objects.exists()
