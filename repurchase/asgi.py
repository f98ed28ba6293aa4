import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "repurchase.settings")
django_application = get_asgi_application()

from repurchase.bodies import bounded  # noqa: E402 - Django first
from repurchase.streaming import streaming  # noqa: E402

application = bounded(streaming(django_application))
