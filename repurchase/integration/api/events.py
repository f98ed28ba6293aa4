"""The endpoints by which a program learns what happens: the stream, and webhooks."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace import api_keys
from marketplace.access import Capability
from outbox import webhook_signatures, webhooks
from outbox.models import Webhook
from repurchase.integration import event_stream
from repurchase.integration.api import etags, requests, serializers
from repurchase.integration.api.base import StoreAPIView
from repurchase.integration.api.idempotency_key import idempotent, idempotent_but_for
from repurchase.integration.api.schema import describe_operation
from repurchase.integration.queries import webhooks as webhook_queries
from repurchase.integration.services import webhooks as services


class EventStreamRenderer(BaseRenderer):
    """Only names the media type: the stream writes its own answer."""

    media_type, format = "text/event-stream", "sse"


class EventsView(StoreAPIView):
    renderer_classes = [EventStreamRenderer]

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "Last-Event-ID",
                OpenApiTypes.INT64,
                OpenApiParameter.HEADER,
                description="The number of the last event that you have; goes before `after`.",
            )
        ]
    )
    @describe_operation(
        "stream_events",
        OpenApiTypes.STR,
        query=requests.EventFilterSerializer,
        media_type="text/event-stream",
    )
    def get(self, request: Request) -> HttpResponse:
        """Server-sent events: what you missed since the number that you name, then what happens.
        It does not end."""
        sent = self.sent(requests.EventFilterSerializer)
        key = request.auth.pk
        return event_stream.open_response(
            request._request,
            store_id=self.store.pk,
            owner=f"key:{key}",
            may_go_on=lambda: api_keys.list_active_keys().filter(pk=key).exists(),
            types=[part for part in sent["types"].split(",") if part],
            after=sent["after"],
            progress=sent["progress"],
        )


def restore_webhook_secret(told: Mapping[str, Any]) -> str:
    """Of an answer that was kept without it: the same as the first time, also when it was rotated
    since."""
    return webhook_signatures.secret_of(Webhook(pk=UUID(told["id"])), told["secret_version"])


class WebhookEndpointView(StoreAPIView):
    """On pages, too, webhooks are seen and changed by those who may ask for keys."""

    needs = needs_to_read = Capability.MANAGE_KEYS

    def webhook(self, webhook_id: UUID) -> Webhook:
        return webhook_queries.get_webhook(self.store, webhook_id)


class WebhooksView(WebhookEndpointView):
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Where the address leads is asked before the transaction of the idempotency key begins."""
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and isinstance(request.data, Mapping):
            url = request.data.get("url")
            if isinstance(url, str) and url:
                webhooks.check_target(url, loopback=settings.WEBHOOKS_TO_LOOPBACK)

    @describe_operation("list_webhooks", serializers.WebhookPageSerializer)
    def get(self, request: Request) -> Response:
        """The store's webhooks, the oldest first; ten at most."""
        return Response(
            serializers.WebhookPageSerializer(
                {"results": webhook_queries.list_webhooks(self.store)}
            ).data
        )

    @describe_operation(
        "create_webhook",
        serializers.WebhookWithSecretSerializer,
        code=201,
        body=requests.NewWebhookSerializer,
    )
    @idempotent_but_for(secret=restore_webhook_secret)
    def post(self, request: Request) -> Response:
        """Adds an endpoint. Its secret is in this answer and never told again, but to the same
        Idempotency-Key."""
        sent = self.sent(requests.NewWebhookSerializer)
        made, secret = services.add(
            store=self.store, url=sent["url"], types=sent["types"], by=self.by
        )
        return Response(webhook_payload(made, secret), status=status.HTTP_201_CREATED)


class OneWebhookView(WebhookEndpointView):
    @describe_operation("get_webhook", serializers.WebhookSerializer)
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """How it is doing."""
        return Response(serializers.WebhookSerializer(self.webhook(webhook_id)).data)

    @describe_operation(
        "change_webhook", serializers.WebhookSerializer, body=requests.ChangedWebhookSerializer
    )
    def patch(self, request: Request, webhook_id: UUID) -> Response:
        """Switches it off or on. Switched on, it gets everything that happened meanwhile."""
        shown = serializers.WebhookSerializer(self.webhook(webhook_id)).data
        etags.require_match(request, etags.compute_tag(shown))
        on = self.sent(requests.ChangedWebhookSerializer)["enabled"]
        services.switch(self.webhook(webhook_id), store=self.store, on=on, by=self.by)
        return Response(serializers.WebhookSerializer(self.webhook(webhook_id)).data)

    @describe_operation("delete_webhook", None, code=204)
    def delete(self, request: Request, webhook_id: UUID) -> Response:
        """Ends it; what is due is no longer sent."""
        services.remove(self.webhook(webhook_id), store=self.store, by=self.by)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RotateWebhookView(WebhookEndpointView):
    @describe_operation("rotate_webhook", serializers.WebhookWithSecretSerializer)
    @idempotent_but_for(secret=restore_webhook_secret)
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """A new secret, told in this answer only. The one before it signs beside it for 24
        hours."""
        secret = services.rotate(self.webhook(webhook_id), store=self.store, by=self.by)
        return Response(webhook_payload(self.webhook(webhook_id), secret))


class ReplayWebhookView(WebhookEndpointView):
    @describe_operation(
        "replay_webhook", serializers.ReplayedSerializer, code=202, body=requests.ReplaySerializer
    )
    @idempotent
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Sends everything after a number again, with the ids of the first time."""
        again = webhooks.replay(
            self.webhook(webhook_id), after=self.sent(requests.ReplaySerializer)["after"]
        )
        return Response({"events": again}, status=status.HTTP_202_ACCEPTED)


class DeliveriesView(WebhookEndpointView):
    @describe_operation(
        "list_deliveries", serializers.DeliveryPageSerializer, query=requests.PageFilterSerializer
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """The newest first, each with how its last attempt went."""
        page = webhook_queries.list_deliveries(
            self.webhook(webhook_id), cursor=self.sent(requests.PageFilterSerializer)["cursor"]
        )
        return Response(serializers.DeliveryPageSerializer(page).data)


def webhook_payload(webhook: Webhook, secret: str) -> dict[str, Any]:
    return serializers.WebhookSerializer(webhook).data | {
        "secret": secret,
        "secret_version": webhook.secret_version,
    }
