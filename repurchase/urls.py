"""Every address. Seller pages need a member; /b/ needs its link; /codes/ and health are open to
all."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from repurchase.portal import (
    agreements,
    auth,
    batches,
    buyer,
    buyer_signing,
    codes,
    customisations,
    dashboard,
    developers,
    diagnoses,
    edits,
    erp,
    events,
    expiry_alerts,
    feed,
    fees,
    health,
    kpis,
    opening,
    orders,
    past_orders,
    payments,
    qualification_documents,
    renegotiations,
    sandbox,
    stock,
)
from repurchase.site import converters  # noqa: F401 (registers <ref:…> and <webhookverb:…>)

admin.site.site_header = _("Bulk Repeat Order: platform administration")
admin.site.site_title = _("Bulk Repeat Order")
admin.site.index_title = _("Administration")

urlpatterns = [
    # the frame
    path("sign-in/", auth.SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("store/", auth.switch_store, name="store-switch"),
    path("language/", include("django.conf.urls.i18n")),
    path("codes/", codes.list_all, name="codes"),
    path("codes/<str:name>/", codes.show_detail, name="code"),
    path("admin/", admin.site.urls),
    # the seller
    path("", dashboard.dashboard, name="dashboard"),
    path("orders/", past_orders.history, name="history"),
    path("orders/selection/", past_orders.select, name="select"),
    path("orders/buyers/<int:buyer_id>/", past_orders.orders_of_buyer, name="orders-of-buyer"),
    path("orders/<ref:ref>/", orders.order, name="order"),
    path("stock/", stock.stock, name="stock"),
    path("batches/", batches.batches, name="batches"),
    path("batches/<ref:ref>/", batches.batch, name="batch"),
    path("batches/<ref:ref>/progress/", batches.progress, name="batch-progress"),
    path("batches/<ref:ref>/lock/", batches.lock, name="batch-lock"),
    path("batches/<ref:ref>/services/", customisations.services, name="batch-services"),
    path("batches/<ref:ref>/edits/", edits.edit, name="batch-edits"),
    path("batches/<ref:ref>/retry/", batches.retry, name="batch-retry"),
    path("batches/<ref:ref>/adopt/", batches.adopt, name="batch-adopt"),
    path("batches/<ref:ref>/refused.<fileform:form>", batches.refused, name="batch-refused"),
    path("batches/<ref:ref>/rescreen/", batches.rescreen, name="batch-rescreen"),
    path("batches/<ref:ref>/cancel/", batches.cancel, name="batch-cancel"),
    path("batches/<ref:ref>/orders.xml", feed.batch_xml, name="batch-xml"),
    path("renegotiations/", renegotiations.renegotiations, name="renegotiations"),
    path("renegotiations/alert/", renegotiations.alert, name="renegotiation-alert"),
    path("renegotiations/<uuid:pk>/", renegotiations.renegotiation, name="renegotiation"),
    path("events/", events.stream, name="events"),
    path("developers/", developers.developers, name="developers"),
    path("developers/keys/<int:key_id>/rotate/", developers.rotate_key, name="key-rotate"),
    path("developers/keys/<int:key_id>/revoke/", developers.revoke_key, name="key-revoke"),
    path("developers/keys/<int:key_id>/grant/", developers.grant_key, name="key-grant"),
    path("developers/keys/<int:key_id>/refuse/", developers.refuse_key, name="key-refuse"),
    path("developers/keys/<int:key_id>/take-over/", developers.take_key_over, name="key-take-over"),
    path("developers/webhooks/", developers.new_webhook, name="new-webhook"),
    path("developers/webhooks/<uuid:webhook_id>/", developers.webhook, name="developers-webhook"),
    path(
        "developers/webhooks/<uuid:webhook_id>/<webhookverb:verb>/",
        developers.change_webhook,
        name="change-webhook",
    ),
    path("fees/", fees.fees, name="fees"),
    path("batches/<ref:ref>/agreements/<uuid:pk>.pdf", agreements.of_batch, name="batch-agreement"),
    path("benefits/", opening.benefits, name="benefits"),
    path("qualification/", opening.qualification, name="qualification"),
    path("qualification/documents/", qualification_documents.documents, name="documents"),
    path(
        "qualification/documents/<uuid:key>/withdraw/",
        qualification_documents.withdraw,
        name="document-withdraw",
    ),
    path("qualification/submit/", qualification_documents.submit, name="documents-submit"),
    # why it failed, and how to cure it
    path("orders/<ref:ref>/diagnostics/", diagnoses.order, name="order-diagnosis"),
    path("batches/<ref:ref>/diagnostics/", diagnoses.batch, name="batch-diagnosis"),
    path("radar/", expiry_alerts.radar, name="radar"),
    path("figures/", kpis.figures, name="figures"),
    path("orders/<ref:ref>/diagnostics.pdf", diagnoses.order_report, name="order-report"),
    path("batches/<ref:ref>/papers/", agreements.retry_papers, name="retry-papers"),
    path("batches/<ref:ref>/reports/", diagnoses.ask_report, name="ask-report"),
    path("batches/<ref:ref>/reports/<int:report_id>/", diagnoses.report, name="batch-report"),
    path(
        "batches/<ref:ref>/reports/<int:report_id>.pdf",
        diagnoses.report_pdf,
        name="batch-report-pdf",
    ),
    path("batches/<ref:ref>/fixes/", diagnoses.fixes, name="batch-fixes"),
    # payment, release, the ERP
    path("payments/", payments.payments, name="payments"),
    path("payments/terms/", payments.terms, name="payment-terms"),
    path("payments/proformas/<uuid:pk>/", payments.record, name="record-payment"),
    path("payments/proformas/<uuid:pk>/call-off/", payments.call_off, name="call-off"),
    path("payments/<uuid:pk>/reverse/", payments.reverse, name="reverse-payment"),
    path("batches/<ref:ref>/proformas/<uuid:pk>.pdf", payments.proforma, name="proforma"),
    path("orders/<ref:ref>/payment/", payments.record_one, name="pay-order"),
    path("orders/<ref:ref>/difference/", payments.settle_difference, name="settle-difference"),
    path("orders/<ref:ref>/release/", payments.release, name="release-order"),
    path("erp/", erp.erp, name="erp"),
    path("erp/responses/<uuid:pk>/", erp.decide, name="decide-response"),
    path("developers/sandbox/", sandbox.sandbox, name="sandbox"),
    path("developers/sandbox/runs/<uuid:pk>/", sandbox.conformance_run, name="conformance-run"),
    path("developers/sandbox/samples/<str:name>", sandbox.sample, name="sample"),
    # the buyer, by the link in the letter
    path("b/<str:token>/", buyer.answer, name="answer"),
    path("b/<str:token>/agreements/<uuid:pk>.pdf", agreements.of_link, name="answer-agreement"),
    path("b/<str:token>/renegotiations/<uuid:pk>/", buyer_signing.act, name="answer-renegotiation"),
    path("verify/", agreements.verify, name="verify"),
    # machines
    path("schemas/repurchase-order-1.xsd", feed.schema_xsd, name="schema-xsd"),
    path("api/v1/", include("repurchase.integration.api.urls")),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]

handler400 = "repurchase.portal.errors.bad_request"
handler403 = "repurchase.portal.errors.not_allowed"
handler404 = "repurchase.portal.errors.not_found"
handler500 = "repurchase.portal.errors.failed"
