"""`make check-slow`: what takes too long for CI. Django is set up here, so that the checks import
as all else does."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "repurchase.embedded.settings")
django.setup()
