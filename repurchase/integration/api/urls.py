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
    path("past-orders/", views.PastOrders.as_view(), name="past-orders"),
    path("inventory/", views.Inventory.as_view(), name="inventory"),
    path("screenings/", views.Screenings.as_view(), name="screenings"),
    path("batches/", views.Batches.as_view(), name="batches"),
    path("batches/<ref:ref>/", views.Batch.as_view(), name="batch"),
    path("batches/<ref:ref>/orders/", views.BatchOrders.as_view(), name="batch-orders"),
    path("batches/<ref:ref>/orders.xml", views.BatchXml.as_view(), name="batch-xml"),
    path("batches/<ref:ref>/lock/", views.LockBatch.as_view(), name="batch-lock"),
    path("batches/<ref:ref>/cancel/", views.CancelBatch.as_view(), name="batch-cancel"),
    path("batches/<ref:ref>/retry/", views.RetryBatch.as_view(), name="batch-retry"),
    path("batches/<ref:ref>/adopt/", views.AdoptBatch.as_view(), name="batch-adopt"),
    path("batches/<ref:ref>/refused.<fileform:form>", views.RefusedRows.as_view(), name="batch-refused"),
    path("batches/<ref:ref>/rescreen/", views.RescreenBatch.as_view(), name="batch-rescreen"),
    path("orders/<ref:ref>/", views.Order.as_view(), name="order"),
    path("orders/<ref:ref>/carrier-charges/", views.CarrierCharges.as_view(), name="carrier-charges"),
    # payment, release, fulfilment
    path("batches/<ref:ref>/proformas/", fulfilment.Proformas.as_view(), name="proformas"),
    path("batches/<ref:ref>/proformas/<uuid:pk>.pdf", fulfilment.ProformaPdf.as_view(), name="proforma-pdf"),
    path("orders/<ref:ref>/order.xml", views.OrderXml.as_view(), name="order-xml"),
    path("orders/<ref:ref>/responses/", responses.Responses.as_view(), name="responses"),
    path("orders/<ref:ref>/payments/", fulfilment.OrderPayments.as_view(), name="order-payments"),
    path("orders/<ref:ref>/difference/", fulfilment.SettleDifference.as_view(), name="settle-difference"),
    path("orders/<ref:ref>/release/", fulfilment.ReleaseOrder.as_view(), name="release-order"),
    path("payments/", fulfilment.Payments.as_view(), name="payments"),
    path("payments/<uuid:pk>/reverse/", fulfilment.ReversePayment.as_view(), name="reverse-payment"),
    path("responses/", responses.AllResponses.as_view(), name="all-responses"),
    path("releases/", fulfilment.Releases.as_view(), name="releases"),
    path("releases/acknowledgements/", fulfilment.Acknowledgements.as_view(), name="acknowledgements"),
    path("shipments/", fulfilment.Shipments.as_view(), name="shipments"),
    path("completions/", fulfilment.Completions.as_view(), name="completions"),
    path("erp/", fulfilment.Erp.as_view(), name="erp"),
    path("sandbox/clock/", sandbox.Clock.as_view(), name="sandbox-clock"),
    path("fee-quotes/", views.FeeQuotes.as_view(), name="fee-quotes"),
    path("events/", events.Events.as_view(), name="events"),
    path("webhooks/", events.Webhooks.as_view(), name="webhooks"),
    path("webhooks/<uuid:webhook_id>/", events.OneWebhook.as_view(), name="webhook"),
    path("webhooks/<uuid:webhook_id>/rotate/", events.RotateWebhook.as_view(), name="webhook-rotate"),
    path("webhooks/<uuid:webhook_id>/replay/", events.ReplayWebhook.as_view(), name="webhook-replay"),
    path("webhooks/<uuid:webhook_id>/deliveries/", events.Deliveries.as_view(), name="deliveries"),
    path("qualification/", views.Qualification.as_view(), name="qualification"),
    path("qualification/documents/", views.Documents.as_view(), name="documents"),
    # why it failed, and how to cure it
    path("orders/<ref:ref>/diagnostics/", diagnostics.OrderDiagnosis.as_view(), name="order-diagnosis"),
    path("orders/<ref:ref>/diagnostics.pdf", diagnostics.OrderReport.as_view(), name="order-report"),
    path("batches/<ref:ref>/diagnostics/", diagnostics.BatchDiagnosisTold.as_view(), name="batch-diagnosis"),
    path("batches/<ref:ref>/fixes/", diagnostics.Fixes.as_view(), name="batch-fixes"),
    re_path(r"", views.Nothing.as_view(), name="nothing"),
]
