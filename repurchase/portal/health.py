"""For machines: is the process alive, and is everything there that it needs."""

import redis
import structlog
from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from marketplace import clock
from marketplace.mirror import quarantine_alarms
from pricing.services import seal_alarms
from repurchase.batches.queries import worker_health
from repurchase.fulfilment.queries import failed_documents
from repurchase.site.database_outage import with_retry_after

log = structlog.get_logger(__name__)


@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """503 while a part is away that everybody needs. Papers that fail and rates that wait are
    told, and keep nobody from working."""
    parts = {"database": _is_database_ready(), "broker": _is_broker_ready()}
    parts["timers"] = parts["database"] and worker_health.is_sweep_running()
    status = 200 if all(parts.values()) else 503
    failing = failed_documents.count_failed_documents() if parts["database"] else 0
    told = {
        "papers": not failing,
        "failing_papers": failing,
        "rates": not (parts["database"] and quarantine_alarms.overdue_currencies(clock.now())),
        "seal": not (parts["database"] and seal_alarms.waiting_seals_reason()),
    }
    response = JsonResponse(parts | told, status=status)
    return with_retry_after(response)


def _is_database_ready() -> bool:
    try:
        connection.ensure_connection()
    except DatabaseError:
        log.warning("database_unreachable")
        return False
    return True


def _is_broker_ready() -> bool:
    try:
        if settings.BROKER_URL:
            with current_app.connection_for_write() as queue:
                queue.connect()
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2).ping()
    except (redis.RedisError, OperationalError, OSError):
        log.warning("broker_unreachable")
        return False
    return True
