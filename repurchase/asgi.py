import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "repurchase.settings")
django_application = get_asgi_application()

from repurchase.integration.event_stream import with_event_streams  # noqa: E402
from repurchase.site import start_up  # noqa: E402 - Django first
from repurchase.site.body_limit import limit_request_bodies  # noqa: E402

start_up.refuse_unsafe_start()
application = limit_request_bodies(with_event_streams(django_application))
