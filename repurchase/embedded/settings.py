"""What `make run` and the tests name: the settings of production, with the demo, on servers of our
own (ADR 1)."""

from repurchase.settings import *  # noqa: F403 - each setting of production, but for what is said below
from repurchase.settings import CELERY_BEAT_SCHEDULE, DATA_DIR, INSTALLED_APPS, env

EMBEDDED = True
INSTALLED_APPS = [*INSTALLED_APPS, "repurchase.demo"]
ROOT_URLCONF = "repurchase.demo.urls"

# On loopback, without TLS; an edited file is served as it is now.
TLS = env.bool("TLS", default=False)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
SECURE_HSTS_SECONDS = 31_536_000 if TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = TLS
WHITENOISE_AUTOREFRESH = True
WEBHOOKS_TO_LOOPBACK = True

# Emails are kept as files; /mailbox/ shows them.
MAILBOX_DIR = DATA_DIR / "mailbox"
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = str(MAILBOX_DIR)

# The simulator feeds stock, rates and acknowledgements of the sandbox stores.
STOCK_SOURCE = env.str("STOCK_SOURCE", default="repurchase.demo.simulator.SandboxStock")
CELERY_BEAT_SCHEDULE = CELERY_BEAT_SCHEDULE | {
    "simulate": {"task": "repurchase.simulate", "schedule": 60}
}
