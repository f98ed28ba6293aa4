"""/api/v1/."""

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from repurchase.integration.api import diagnostics, events, fulfilment, responses, sandbox, views
from repurchase.site import converters  # noqa: F401 (registers <ref:…>)

docs = SpectacularSwaggerSplitView.as_view(url_name="api:schema", template_name="api/docs.html")

app_name = "api"
urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
    path("past-orders/", views.PastOrdersView.as_view(), name="past-orders"),
    path("inventory/", views.InventoryView.as_view(), name="inventory"),
    path("screenings/", views.ScreeningsView.as_view(), name="screenings"),
    path("batches/", views.BatchesView.as_view(), name="batches"),
    path("batches/<ref:ref>/", views.BatchView.as_view(), name="batch"),
    path("batches/<ref:ref>/orders/", views.BatchOrdersView.as_view(), name="batch-orders"),
    path("batches/<ref:ref>/orders.xml", views.BatchXmlView.as_view(), name="batch-xml"),
    path("batches/<ref:ref>/lock/", views.LockBatchView.as_view(), name="batch-lock"),
    path("batches/<ref:ref>/cancel/", views.CancelBatchView.as_view(), name="batch-cancel"),
    path("batches/<ref:ref>/retry/", views.RetryBatchView.as_view(), name="batch-retry"),
    path("batches/<ref:ref>/adopt/", views.AdoptBatchView.as_view(), name="batch-adopt"),
    path(
        "batches/<ref:ref>/refused.<fileform:form>",
        views.RefusedRowsView.as_view(),
        name="batch-refused",
    ),
    path("batches/<ref:ref>/rescreen/", views.RescreenBatchView.as_view(), name="batch-rescreen"),
    path("orders/<ref:ref>/", views.OrderView.as_view(), name="order"),
    path(
        "orders/<ref:ref>/carrier-charges/",
        views.CarrierChargesView.as_view(),
        name="carrier-charges",
    ),
    # payment, release, fulfilment
    path("batches/<ref:ref>/proformas/", fulfilment.ProformasView.as_view(), name="proformas"),
    path(
        "batches/<ref:ref>/proformas/<uuid:pk>.pdf",
        fulfilment.ProformaPdfView.as_view(),
        name="proforma-pdf",
    ),
    path("orders/<ref:ref>/order.xml", views.OrderXmlView.as_view(), name="order-xml"),
    path("orders/<ref:ref>/responses/", responses.ResponsesView.as_view(), name="responses"),
    path(
        "orders/<ref:ref>/payments/", fulfilment.OrderPaymentsView.as_view(), name="order-payments"
    ),
    path(
        "orders/<ref:ref>/difference/",
        fulfilment.SettleDifferenceView.as_view(),
        name="settle-difference",
    ),
    path("orders/<ref:ref>/release/", fulfilment.ReleaseOrderView.as_view(), name="release-order"),
    path("payments/", fulfilment.PaymentsView.as_view(), name="payments"),
    path(
        "payments/<uuid:pk>/reverse/",
        fulfilment.ReversePaymentView.as_view(),
        name="reverse-payment",
    ),
    path("responses/", responses.AllResponsesView.as_view(), name="all-responses"),
    path("releases/", fulfilment.ReleasesView.as_view(), name="releases"),
    path(
        "releases/acknowledgements/",
        fulfilment.AcknowledgementsView.as_view(),
        name="acknowledgements",
    ),
    path("shipments/", fulfilment.ShipmentsView.as_view(), name="shipments"),
    path("completions/", fulfilment.CompletionsView.as_view(), name="completions"),
    path("erp/", fulfilment.ErpView.as_view(), name="erp"),
    path("sandbox/clock/", sandbox.ClockView.as_view(), name="sandbox-clock"),
    path("fee-quotes/", views.FeeQuotesView.as_view(), name="fee-quotes"),
    path("events/", events.EventsView.as_view(), name="events"),
    path("webhooks/", events.WebhooksView.as_view(), name="webhooks"),
    path("webhooks/<uuid:webhook_id>/", events.OneWebhookView.as_view(), name="webhook"),
    path(
        "webhooks/<uuid:webhook_id>/rotate/",
        events.RotateWebhookView.as_view(),
        name="webhook-rotate",
    ),
    path(
        "webhooks/<uuid:webhook_id>/replay/",
        events.ReplayWebhookView.as_view(),
        name="webhook-replay",
    ),
    path(
        "webhooks/<uuid:webhook_id>/deliveries/", events.DeliveriesView.as_view(), name="deliveries"
    ),
    path("qualification/", views.QualificationView.as_view(), name="qualification"),
    path("qualification/documents/", views.DocumentsView.as_view(), name="documents"),
    # why it failed, and how to cure it
    path(
        "orders/<ref:ref>/diagnostics/",
        diagnostics.OrderDiagnosisView.as_view(),
        name="order-diagnosis",
    ),
    path(
        "orders/<ref:ref>/diagnostics.pdf",
        diagnostics.OrderReportView.as_view(),
        name="order-report",
    ),
    path(
        "batches/<ref:ref>/diagnostics/",
        diagnostics.BatchDiagnosisView.as_view(),
        name="batch-diagnosis",
    ),
    path("batches/<ref:ref>/fixes/", diagnostics.FixesView.as_view(), name="batch-fixes"),
    re_path(r"", views.NothingView.as_view(), name="nothing"),
]
