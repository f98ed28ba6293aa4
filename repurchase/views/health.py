"""For machines: is the process alive, and is everything there that it needs."""

import datetime as dt

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
from pricing.services import alarming
from repurchase.models import Heartbeat

log = structlog.get_logger(__name__)
BEAT_MAX_AGE = dt.timedelta(seconds=10 * settings.SWEEP_SECONDS)
"""Beat rings the sweep each few seconds and a worker answers: older than this, one of them is gone."""


@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    parts = {"database": _database(), "broker": _broker()}
    parts["timers"] = parts["database"] and _timers()
    told = {"seal": not (parts["database"] and alarming.seals_wait())}  # an operator's matter: pages go on
    return JsonResponse(parts | told, status=200 if all(parts.values()) else 503)


def _database() -> bool:
    try:
        connection.ensure_connection()
    except DatabaseError:
        log.warning("database_unreachable")
        return False
    return True


def _broker() -> bool:
    try:
        if settings.BROKER_URL:
            with current_app.connection_for_write() as queue:
                queue.connect()
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2).ping()
    except (redis.RedisError, OperationalError, OSError):
        log.warning("broker_unreachable")
        return False
    return True


def _timers() -> bool:
    """A worker has answered beat's ring a moment ago."""
    last = Heartbeat.objects.filter(name="sweep").values_list("beat_at", flat=True).first()
    return last is not None and clock.now() - last < BEAT_MAX_AGE
