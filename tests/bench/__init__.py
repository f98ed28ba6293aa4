"""Benchmarks. Django is set up here, so that they import as everything else does."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "repurchase.embedded.settings")
django.setup()
