"""The addresses of the portal, and the two of the demo."""

from django.urls import path

from repurchase import urls as portal
from repurchase.demo import mailbox, views
from repurchase.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    *portal.urlpatterns,
    path("simulator/rate/", views.move, name="move-rate"),
    path("mailbox/", mailbox.mailbox, name="mailbox"),
]
