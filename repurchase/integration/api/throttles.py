"""A ceiling on calls, as the API and pages ask for it; where it is counted says
`repurchase.site.rate_limits`."""

from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from repurchase.site import rate_limits


class Throttle(SimpleRateThrottle):
    def allow_request(self, request: Request | HttpRequest, view: Any) -> bool:
        name = self.get_cache_key(request, view)
        self.seconds = (
            rate_limits.spend(name, calls=self.num_requests, seconds=self.duration) if name else 0
        )
        return not self.seconds

    def wait(self) -> float:
        return self.seconds

    def get_ident(self, request: Request | HttpRequest) -> str:
        """Where it comes from, as uvicorn found it: what else X-Forwarded-For holds, anybody could
        have written."""
        return request.META.get("REMOTE_ADDR") or ""
