"""Settings, read from the environment. `manage.py check_config` says what is wrong for
production."""

import datetime as dt
import json
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from kombu import Queue
from redis.backoff import NoBackoff
from redis.retry import Retry

from repurchase.site import body_limit, logging, storage

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".data"))).resolve()
EMBEDDED = False  # True in repurchase/embedded/settings.py: our own PostgreSQL and Redis, the demo

try:
    DATABASES = {"default": env.db_url("DATABASE_URL")}
    SECRET_KEY = env.str("SECRET_KEY")
    LINK_KEY = env.str(
        "LINK_KEY"
    )  # buyers' links are derived with it; changing it voids every link
except ImproperlyConfigured as error:
    raise ImproperlyConfigured(
        f"{error} Set it, or put `python -m repurchase.embedded with --` before the command for the embedded default."
    ) from None
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured(
        "DATABASE_URL must name a PostgreSQL database (docs/adr/0001-one-database-dialect.md)."
    )
# A kept connection belongs to a thread, and uvicorn has many: under load they would use up the
# server. A worker's process has one thread and keeps its own (repurchase/celery.py).
DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"].setdefault("OPTIONS", {})["connect_timeout"] = 5

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
VERIFY_AT = "https://csp.aliexpress.com/"
PLATFORM_VERIFICATION_URL = env.str("PLATFORM_VERIFICATION_URL", default=VERIFY_AT)
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000")  # what links in emails begin with

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_htmx",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "diagnostics",
    "outbox",
    "marketplace",
    "qualification",
    "eligibility",
    "pricing",
    "repurchase",
]

MIDDLEWARE = [
    "repurchase.integration.api.request_id.RequestIdMiddleware",
    "repurchase.portal.middleware.HostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "repurchase.portal.middleware.ProblemMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "repurchase.urls"
ASGI_APPLICATION = "repurchase.asgi.application"
WSGI_APPLICATION = "repurchase.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["repurchase.templatetags.parts"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "repurchase.portal.context_processors.site",
            ],
        },
    }
]

# Who signs in
AUTH_USER_MODEL = "marketplace.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "sign-in"
# Failed tries are rows: they are counted for all web processes, and outlive an emptied or absent
# Redis.
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = dt.timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "username"  # as the form names it; else a lock never matches
AXES_USERNAME_CALLABLE = "repurchase.portal.auth.account_named"
AXES_LOCKOUT_TEMPLATE = "sign_in_locked.html"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

# What a browser may do.
TLS = env.bool("TLS", default=not DEBUG)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
SECURE_HSTS_SECONDS = 31_536_000 if TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = TLS
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
)
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# What is sent to us. ASGI counts bodies by their address (repurchase/site/body_limit.py); these
# hold elsewhere too.
DATA_UPLOAD_MAX_MEMORY_SIZE = body_limit.DEFAULT_LIMIT

# Words, zones, files
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese (simplified)")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"  # the platform's zone, for what people read; the database holds UTC
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.path("STATIC_ROOT", default=str(DATA_DIR / "static"))
# Uploaded originals: nothing serves this folder. S3 and its like by setting (docs/operating.md).
FILES_BACKEND = (
    env.str("FILES_BACKEND", default="") or "repurchase.site.file_storage.WholeFileStorage"
)
FILES_OPTIONS = storage.options(
    FILES_BACKEND, env.str("FILES_OPTIONS", default=""), location=str(DATA_DIR / "files")
)
STORAGES = {
    "default": {"BACKEND": FILES_BACKEND, "OPTIONS": FILES_OPTIONS},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
FORMAT_MODULE_PATH = "repurchase.formats"

vars().update(env.email_url("EMAIL_URL", default="smtp://127.0.0.1:25"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Bulk Repeat Order <no-reply@localhost>")

# The queue is a hint, so nothing waits for it for long and nothing is lost with it (ADR 2).
TASK_SECONDS = env.int("TASK_SECONDS", default=600)  # a task that takes longer is killed
# It lies in Redis, or where BROKER_URL says: RabbitMQ (amqp://), Redis behind Sentinel
# (docs/scaling.md).
BROKER_URL = env.str("BROKER_URL", default="")
CELERY_BROKER_URL = BROKER_URL or REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
OF_REDIS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "visibility_timeout": TASK_SECONDS * 3 // 2,  # above the hard time limit of any task
    "unacked_restore_interval": 5,
}
BROKER_OPTIONS = json.loads(env.str("BROKER_OPTIONS", default="") or "{}")
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {} if BROKER_URL.startswith("amqp") else OF_REDIS
) | BROKER_OPTIONS
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
# Four queues, so that timers wait for no batch and no batch for the reading of pictures; who needs
# more workers for one of them starts some with `celery worker -Q bulk` (docs/operating.md). What
# is rendered as PDF has a queue and a process of its own: a paper that never renders holds up no
# batch, no timer and no payment. A lower priority comes first, whatever its queue; without one it
# is 0: timers, and edits, for which somebody waits, go before the chunks and papers that are
# waiting. Between stores the rows decide (ADR 7).
CELERY_TASK_DEFAULT_QUEUE = "timers"
CELERY_TASK_QUEUES = [
    Queue(name, routing_key=name) for name in ("timers", "bulk", "documents", "papers")
]
PAPERS = {  # each task that renders a PDF, with its priority
    "repurchase.issue_proforma": 0,
    "pricing.seal": 3,
    "repurchase.make_order_report": 3,  # somebody waits for it
    "repurchase.make_report": 6,
}
CELERY_TASK_ROUTES = (
    {
        "repurchase.generate_next": {"queue": "bulk", "priority": 3},
        "repurchase.carry_out_edit": {"queue": "bulk"},
        "repurchase.conform": {"queue": "bulk", "priority": 6},  # waits for an integrator's server
        "qualification.read": {"queue": "documents", "priority": 3},
    }
    | {name: {"queue": "papers", "priority": priority} for name, priority in PAPERS.items()}
    | json.loads(env.str("TASK_ROUTES", default="") or "{}")
)
PAPER_SECONDS = env.int(
    "PAPER_SECONDS", default=180
)  # a PDF that takes longer is given up, and tried later
CELERY_TASK_ANNOTATIONS = {
    name: {"soft_time_limit": PAPER_SECONDS, "time_limit": PAPER_SECONDS + 20} for name in PAPERS
}
# So many chunks of one store at a time; 0: as many as there are workers. Stores take turns either
# way.
CHUNKS_A_STORE = env.int("CHUNKS_A_STORE", default=0)
CELERY_TASK_TIME_LIMIT = TASK_SECONDS
CELERY_TASK_SOFT_TIME_LIMIT = TASK_SECONDS * 9 // 10
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# KB; the child is replaced after the task that passed it.
CELERY_WORKER_MAX_MEMORY_PER_CHILD = env.int("WORKER_MEMORY_MB", default=400) * 1000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# No ring carries an `expires`: a worker whose clock is ahead of beat's would throw every one of
# them away (F-7). Rings that piled up are harmless instead. And beat keeps no file of when it last
# rang: a clock set back would silence it.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
SWEEP_SECONDS = 3
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "repurchase.sweep", "schedule": SWEEP_SECONDS},
    "letters": {"task": "outbox.deliver_letters", "schedule": 5},
    "prune_answers": {"task": "repurchase.prune", "schedule": 3600},
    "prune": {"task": "outbox.prune_events", "schedule": 3600},
}

# How often somebody called, for all web processes (repurchase/site/rate_limits.py); while Redis is
# away, in each by itself. The prefix keeps them apart from the broker's keys, and from a portal on
# another database beside the same Redis.
THROTTLES_URL = env.str("THROTTLES_URL", default="") or REDIS_URL
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "process": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "throttles",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
    "throttles": {
        "BACKEND": "repurchase.site.rate_limits.SharedCache",
        "LOCATION": THROTTLES_URL,
        "KEY_PREFIX": f"throttles:{DATABASES['default']['NAME']}",
        "OPTIONS": {
            "socket_connect_timeout": 0.5,
            "socket_timeout": 0.5,
            "retry": Retry(NoBackoff(), 0),
        },
    },
}

# What reads the pictures of documents: a module like qualification/engines/tesseract.py.
OCR_ENGINE = env.str("OCR_ENGINE", default="") or "qualification.engines.tesseract"
WEBHOOKS_TO_LOOPBACK = False  # public addresses only (reliability 13)
# What agreements are sealed with (docs/agreements.md); "": they wait, and check_config says so.
SEAL_CERTIFICATE = env.str("SEAL_CERTIFICATE", default="")  # a PKCS#12 file
SEAL_PASSPHRASE = env.str("SEAL_PASSPHRASE", default="")
SEAL_TSA_URL = env.str("SEAL_TSA_URL", default="")  # a time-stamp authority (RFC 3161)

# Where stock is read from when a lock finds it stale (docs/stock.md); "": nowhere, the lock is
# refused.
STOCK_SOURCE = env.str("STOCK_SOURCE", default="")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["repurchase.integration.api.auth.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["repurchase.integration.api.auth.MayAct"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["repurchase.integration.api.auth.KeyThrottle"],
    "EXCEPTION_HANDLER": "repurchase.integration.api.exception_handler.as_problem_json",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,  # ?format= is a parameter of the feed's own
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Bulk Repeat Order",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_PERMISSIONS": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

LOGGING = logging.CONFIG
logging.configure()
