import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "repurchase.settings")
application = get_wsgi_application()

from repurchase.site import start_up  # noqa: E402 - Django first

start_up.refuse_unsafe_start()
