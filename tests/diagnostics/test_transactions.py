"""No render, no network and no file while rows are held (reliability 11): asked at run time, and
of the source."""

import ast
import functools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import transaction

from diagnostics import pdf
from diagnostics.transactions import InsideTransaction, refuse_in_transaction
from marketplace import clock
from marketplace.mirror import connector
from outbox import emails, files, webhook_delivery
from pricing import seal
from pricing.services import verification
from qualification import storage
from qualification.services import uploads
from repurchase.fulfilment.services import payment_import
from repurchase.integration.conformance import runner

ROOT = Path(__file__).parent.parent.parent
APPS = (
    "diagnostics",
    "outbox",
    "marketplace",
    "qualification",
    "eligibility",
    "pricing",
    "repurchase",
)
SLOW: dict[str, Callable[[], object]] = {
    "a render": lambda: pdf.render_pdf("<p>x</p>"),
    "a kept file": lambda: files.save_in_folder("x", b""),
    "a read file": lambda: files.read("x"),
    "a deleted file": lambda: files.discard("x"),
    "a document": lambda: storage.save_original(b""),
    "a page of a document": lambda: storage.fetch("x"),
    "the reading of a document": lambda: uploads._read_document(SimpleNamespace()),
    "a letter": lambda: emails._send_email(SimpleNamespace(kind="x")),
    "a webhook": lambda: webhook_delivery._post_delivery(SimpleNamespace(), clock.now()),
    "a message of the conformance kit": lambda: runner._send_message(SimpleNamespace(), "http://x/", SimpleNamespace()),
    "a seal": lambda: seal.seal(b"", reason="x"),
    "the verification of a file": lambda: verification.verify(b"%PDF-1.7"),
    "a spreadsheet in a child": lambda: payment_import._read_spreadsheet(b"", "x"),
}  # fmt: skip

# Each guards itself, or the one service that calls it does.
RENDERS = {
    "diagnostics.pdf",
    "pricing.agreement_pdf",
    "repurchase.fulfilment.services.proforma_pdf",
    "repurchase.reporting.services.diagnosis_report",
}
STORES = {"outbox.files"}
SENDS = {"outbox.emails"}
STARTS = {
    "marketplace.sandboxed_reader", "qualification.intake",  # called by `SLOW` above
    "repurchase.management.commands.vendor_assets", "repurchase.embedded.__main__", "repurchase.embedded.portal",
    # commands, without a transaction
    "repurchase.embedded.prepared", "repurchase.embedded.servers",
}  # fmt: skip
CONNECTS = {"outbox.http_post", "repurchase.embedded.portal"}
KNOWN = {
    "weasyprint": RENDERS,
    "django.core.files.storage": STORES | {"repurchase.site.file_storage"},
    "django.core.mail": SENDS | {"repurchase.demo.mailbox"},
    "subprocess": STARTS,
    "urllib.request": CONNECTS,
    "http.client": CONNECTS,
    "requests": CONNECTS,
    "httpx": CONNECTS,
    "smtplib": SENDS,
}


@functools.cache
def imports_of(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.django_db
class TestInsideATransaction:
    @pytest.mark.parametrize("act", SLOW.values(), ids=SLOW)
    def test_is_refused(self, act):
        with pytest.raises(InsideTransaction), transaction.atomic():
            act()

    def test_is_no_stock_source_asked(self, store, settings):
        settings.STOCK_SOURCE = "repurchase.demo.simulator.SandboxStock"
        with pytest.raises(InsideTransaction), transaction.atomic():
            connector.refresh(store=store, sku_codes=["x"], seconds=1)

    def test_counts_one_within_another(self):
        with transaction.atomic(), transaction.atomic(), pytest.raises(InsideTransaction):
            refuse_in_transaction("x")

    def test_is_not_where_only_the_test_has_one(self):
        refuse_in_transaction("x")
        with transaction.atomic():
            pass
        refuse_in_transaction("x")

    def test_knows_a_real_one_too(self, transactional_db):
        refuse_in_transaction("x")
        with transaction.atomic(), pytest.raises(InsideTransaction):
            refuse_in_transaction("x")


class TestTheSource:
    @pytest.mark.parametrize("library", KNOWN)
    def test_renders_stores_and_sends_in_the_guarded_places_only(self, library):
        using = {
            ".".join(file.relative_to(ROOT).with_suffix("").parts)
            for app in APPS
            for file in (ROOT / app).rglob("*.py")
            if any(name == library or name.startswith(f"{library}.") for name in imports_of(file))
        }
        assert using <= KNOWN[library]

    def test_is_really_looked_at(self):
        assert "weasyprint" in imports_of(ROOT / "diagnostics" / "pdf.py")
