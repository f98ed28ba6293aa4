"""How the OpenAPI document describes the key, and an operation with its failures."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from repurchase.integration.api import requests
from repurchase.integration.api.serializers import ProblemSerializer


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "repurchase.integration.api.auth.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "An API key of one store."}


def describe_operation(
    operation: str,
    answer: type[serializers.Serializer] | Any,
    *,
    code: int = 200,
    query: type[requests.StrictSerializer] | None = None,
    body: type[requests.StrictSerializer] | None = None,
    media_type: str = "application/json",
    later: type[serializers.Serializer] | None = None,
) -> Any:
    """`later`: the answer by 202, where big work goes on in the background."""
    return extend_schema(
        operation_id=operation,
        tags=["Bulk repeat orders"],
        parameters=[query] if query else None,
        request=body,
        responses={
            (code, media_type): answer,
            **({(202, media_type): later} if later else {}),
            ("default", "application/problem+json"): ProblemSerializer,
        },
    )
