"""R-91: the proforma's amounts, its PDF as it can be read again, and the letters that bring it."""

import pytest
from django.core import mail
from django.core.files.storage import default_storage

from diagnostics.problem import Problem
from outbox import emails
from repurchase.fulfilment import proforma
from repurchase.fulfilment.services import proforma_invoices
from tests import world
from tests.repurchase.paid import invoiced
from tests.repurchase.reading import pdf_text

pytestmark = pytest.mark.django_db


def order(
    ref: str, currency: str, total: int, tax: int = 0, code: str = "S-DE-19"
) -> proforma.ProformaOrder:
    return proforma.ProformaOrder(
        ref=ref,
        repeats="PO",
        destination="Hamburg, DE",
        incoterm="DAP",
        tax_code=code,
        tax_rate=None,
        currency=currency,
        goods_minor=total - tax,
        freight_minor=0,
        tax_minor=tax,
        total_minor=total,
    )


class TestAPaper:
    def test_adds_up_by_currency_and_tax_code_exactly(self):
        orders = [
            order("1", "USD", 119, 19),
            order("2", "JPY", 1000),
            order("3", "USD", 10**15 + 1, 1, "Z-US-0"),
        ]
        assert [(t.currency, t.orders, t.total_minor) for t in proforma.sum_totals(orders)] == [
            ("JPY", 1, 1000),
            ("USD", 2, 10**15 + 120),
        ]
        assert [
            (t.tax_code, t.currency, t.net_minor, t.tax_minor) for t in proforma.group_taxes(orders)
        ] == [
            ("S-DE-19", "JPY", 1000, 0),
            ("S-DE-19", "USD", 100, 19),
            ("Z-US-0", "USD", 10**15, 1),
        ]


class TestTheProforma:
    def test_can_be_read_again_in_both_languages(self, store):
        store.pay_to = "Bank of Ningbo\nAccount 6222"
        store.save()
        batch = invoiced(store)
        text = pdf_text(proforma_invoices.read_pdf(batch.proformas.get()))
        for words in (
            "Proforma invoice",
            "形式发票",
            batch.proformas.get().number,
            store.legal_name,
            "29,898.75",
            "USD",
            "Bank of Ningbo",
            "Account 6222",
            "Payable before delivery",
            "VAT DE DE123456789",
            "691110",
        ):
            assert words in text, words
        for row in batch.orders.all():
            assert row.ref in text

    def test_says_when_it_is_paid_after_delivery(self, store):
        batch = invoiced(store, open_account=True)
        assert "On open account" in pdf_text(proforma_invoices.read_pdf(batch.proformas.get()))

    def test_goes_to_both_sides_by_mail(self, store, alice, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        batch = invoiced(store, email="buyer@example.com", language="en")
        emails.deliver_due()
        sent = [m for m in mail.outbox if "PI1" in m.subject]
        assert {m.to[0] for m in sent} == {"buyer@example.com", "alice@example.com"}
        to_buyer = next(m for m in sent if m.to == ["buyer@example.com"])
        assert "USD 29,898.75" in to_buyer.body
        assert [(name, kind) for name, _, kind in to_buyer.attachments] == [
            (f"{batch.ref}-PI1.pdf", "application/pdf")
        ]

    def test_that_was_touched_is_not_handed_out(self, store):
        found = invoiced(store).proformas.get()
        with default_storage.open(found.file_key, "r+b") as file:
            file.seek(100)
            file.write(b"X")
        with pytest.raises(Problem, match="PROFORMA_DAMAGED"):
            proforma_invoices.read_pdf(found)

    def test_of_another_store_is_not_found(self, client, store):
        batch = invoiced(store)
        client.force_login(world.member(world.store()))
        assert (
            client.get(f"/batches/{batch.ref}/proformas/{batch.proformas.get().pk}.pdf").status_code
            == 404
        )
