"""Logs: one JSON object a line, without secrets. A buyer's link or an API key never reaches
them."""

import logging
import re
from collections.abc import Mapping
from typing import Any

import structlog

BUYER_LINK = re.compile(r"(/b/)[^/\s\"']+")
BUYER_TOKEN = re.compile(r"(?<![\w-])[\w-]{22}\.[\w-]{43}(?![\w-])", re.ASCII)
SECRET_KEY = re.compile(r"password|token|secret|authorization|api_key|cookie", re.IGNORECASE)
API_KEY = re.compile(r"\b(bro_|whsec_)[\w+/=-]+", re.ASCII)
QUERY_SECRET = re.compile(
    r"([?&;][\w.%-]*(?:key|token|secret|pass|code|signature|auth|session)[\w.%-]*=)[^&;\s\"'<>]+",
    re.IGNORECASE,
)
"""What a parameter holds whose name tells a secret: nobody should send a key so, and some will."""


def redact(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Blanks values whose name tells a secret, and a buyer's token in any text, however deep."""
    return {
        key: "…" if SECRET_KEY.search(key) else _redact_value(value) for key, value in event.items()
    }


def _redact_value(value: Any) -> Any:
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, str):
        for secret in (BUYER_LINK, API_KEY, QUERY_SECRET):
            value = secret.sub(r"\1…", value)
        return BUYER_TOKEN.sub("…", value)
    if isinstance(value, Mapping):
        return {k: "…" if SECRET_KEY.search(str(k)) else _redact_value(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(_redact_value(v) for v in value)
    if isinstance(value, list | set | frozenset):
        return [_redact_value(v) for v in value]
    return value


SHARED_PROCESSORS = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    redact,
]

CONFIG = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "structlog.stdlib.ProcessorFormatter",
            "foreign_pre_chain": SHARED_PROCESSORS,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.EventRenamer("event"),
                redact,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        name: {"level": "WARNING"}
        for name in (
            "django_structlog",
            "axes",
            "celery.app.trace",
            "celery.worker.strategy",
            "celery.beat",
            "fontTools",
            "weasyprint",
        )
    },
}


SERVER_LOGGERS = ("uvicorn", "uvicorn.access")


def configure() -> None:
    """The web server's own lines go the same way where it writes any: its access log holds whole
    addresses."""
    for name in SERVER_LOGGERS:
        if logging.getLogger(name).handlers:
            CONFIG["loggers"][name] = {"handlers": ["console"], "propagate": False}
    structlog.configure(
        processors=[*SHARED_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
