"""Reliability 14: nothing starts in production with secrets, hosts or mail that only suit a machine of one's own."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from repurchase import production, start_up
from repurchase.production import Site

ROOT = Path(__file__).parents[2]
KEYS = {"SECRET_KEY": "kZ8" + "aB3dE5fG7h" * 5, "LINK_KEY": "qW2" + "eR4tY6uI8o" * 5}
SOUND = Site(
    debug=False, embedded=False, secrets=KEYS, hosts=("portal.example.com",), site_url="https://portal.example.com",
    mail="django.core.mail.backends.smtp.EmailBackend", database_password="Xy7pQ2mN9", database_is_remote=True,
)  # fmt: skip
DEMO_MAIL = "django.core.mail.backends.filebased.EmailBackend"
AT_HOME = replace(
    SOUND, embedded=True, hosts=("127.0.0.1", "localhost"), site_url="http://localhost:8000", mail=DEMO_MAIL
)


class TestASite:
    def test_that_is_sound_may_start(self):
        assert production.errors(SOUND) == []

    def test_of_one_s_own_machine_may_do_as_it_likes(self):
        assert (
            production.errors(replace(AT_HOME, debug=True, secrets={"SECRET_KEY": "x", "LINK_KEY": "x"}))
            == []
        )

    @pytest.mark.parametrize(
        ("change", "word"),
        [
            ({"debug": True}, "DEBUG"),
            ({"hosts": ("*",)}, "ALLOWED_HOSTS"),
            ({"hosts": ("portal.example.com", "*")}, "ALLOWED_HOSTS"),
            ({"hosts": ()}, "ALLOWED_HOSTS"),
            ({"mail": DEMO_MAIL}, "mailbox"),
            ({"mail": "django.core.mail.backends.console.EmailBackend"}, "mailbox"),
            ({"database_password": "postgres"}, "password"),
            ({"database_password": ""}, "password"),
            ({"secrets": KEYS | {"LINK_KEY": KEYS["SECRET_KEY"]}}, "equal"),
            (
                {"secrets": KEYS | {"SECRET_KEY": "django-insecure-" + "aB3dE5fG7h" * 5}},
                "SECRET_KEY is a default",
            ),
            ({"secrets": KEYS | {"LINK_KEY": "changeme" * 8}}, "LINK_KEY is a default"),
            ({"secrets": KEYS | {"LINK_KEY": "a" * 50}}, "LINK_KEY is a default"),
            ({"secrets": KEYS | {"LINK_KEY": ""}}, "LINK_KEY is a default"),
            ({"secrets": KEYS | {"SECRET_KEY": KEYS["SECRET_KEY"][:42]}}, "shorter"),
        ],
    )
    def test_with_one_thing_wrong_does_not_start(self, change, word):
        (error,) = production.errors(replace(SOUND, **change))
        assert word in error

    @pytest.mark.parametrize(
        "change",
        [
            {"hosts": ("127.0.0.1", "portal.example.com")},
            {"hosts": ("192.168.1.5",)},
            {"hosts": ("[fd00::1]:8000",)},
            {"hosts": ("*",)},
            {"site_url": "https://portal.example.com"},
        ],
    )
    def test_of_the_demo_is_not_served_to_others(self, change):
        site = replace(AT_HOME, **change)
        assert site.is_production
        assert any("EMBEDDED" in error for error in production.errors(site))


WEB = [sys.executable, "-c", "import repurchase.asgi"]
WORKER = [
    sys.executable,
    "-m",
    "celery",
    "-A",
    "repurchase",
    "worker",
    "--concurrency",
    "1",
    "--loglevel",
    "error",
]
BEAT = [sys.executable, "-m", "celery", "-A", "repurchase", "beat", "--loglevel", "error", "--pidfile="]
COURIER = [sys.executable, "manage.py", "send_webhooks", "--once"]


class TestAProcess:
    """As an operator starts it: it says why, and ends before it has done anything."""

    @pytest.mark.parametrize(
        "command", [WEB, WORKER, BEAT, COURIER], ids=["web", "worker", "beat", "courier"]
    )
    def test_refuses_to_start_where_it_is_not_fit(self, command):
        environment = os.environ | {
            "EMBEDDED": "0", "DEBUG": "0", "ALLOWED_HOSTS": "*", "SITE_URL": "https://portal.example.com",
            "SECRET_KEY": KEYS["SECRET_KEY"], "LINK_KEY": KEYS["SECRET_KEY"],
            "DATABASE_URL": "postgres://web:web@127.0.0.1:9/none", "REDIS_URL": "redis://127.0.0.1:9/0",
        }  # fmt: skip
        ended = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        told = ended.stdout + ended.stderr
        assert ended.returncode != 0
        assert "ALLOWED_HOSTS holds *" in told
        assert "are equal" in told

    def test_of_the_tests_is_fit(self):
        """The embedded default, on loopback: else nothing here would run."""
        start_up.refuse()
