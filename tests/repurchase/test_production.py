"""Reliability 14: nothing starts in production with secrets, hosts or mail that only suit a
machine of one's own."""

import os
import secrets
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from repurchase.embedded import demo_seal
from repurchase.site import production_checks, start_up
from repurchase.site.production_checks import SiteSettings

ROOT = Path(__file__).parents[2]
KEYS = {"SECRET_KEY": "kZ8" + "aB3dE5fG7h" * 5, "LINK_KEY": "qW2" + "eR4tY6uI8o" * 5}
TWIN = "mN3bV5cX7z" + "lK9jH1gF2d" + "sA4pO6iU8y" + "tR0eW1qQ2w" + "zZ9xX8vV7b"
SOUND = SiteSettings(
    debug=False, embedded=False, secrets=KEYS, hosts=("portal.example.com",), site_url="https://portal.example.com",
    tls=True, stock_source="", seal_is_demo=False,
    mail="django.core.mail.backends.smtp.EmailBackend", database_password="Xy7pQ2mN9", database_is_remote=True,
)  # fmt: skip
DEMO_MAIL = "django.core.mail.backends.filebased.EmailBackend"
AT_HOME = replace(
    SOUND,
    embedded=True,
    hosts=("127.0.0.1", "localhost"),
    site_url="http://localhost:8000",
    mail=DEMO_MAIL,
    tls=False,
    stock_source="repurchase.demo.simulator.SandboxStock",
    seal_is_demo=True,
)


class TestASite:
    def test_that_is_sound_may_start(self):
        assert production_checks.errors(SOUND) == []

    @pytest.mark.parametrize(
        "host", [".example.com", ".example.co.uk", ".portal.io", "portal", "10.0.0.7"]
    )
    def test_may_serve_the_hosts_of_a_domain_of_its_own(self, host):
        assert production_checks.errors(replace(SOUND, hosts=(host,))) == []

    @pytest.mark.parametrize("path", ["", "erp.stock.Source", "repurchase.simulators.Mine"])
    def test_may_read_stock_from_another_source(self, path):
        assert production_checks.errors(replace(SOUND, stock_source=path)) == []

    def test_may_have_secrets_as_they_are_made(self):
        made = {"SECRET_KEY": secrets.token_urlsafe(48), "LINK_KEY": secrets.token_urlsafe(48)}
        assert not [
            error
            for error in production_checks.errors(replace(SOUND, secrets=made))
            if "common" in error
        ]

    def test_of_one_s_own_machine_may_do_as_it_likes(self):
        assert (
            production_checks.errors(
                replace(AT_HOME, debug=True, secrets={"SECRET_KEY": "x", "LINK_KEY": "x"})
            )
            == []
        )

    @pytest.mark.parametrize(
        ("change", "word"),
        [
            ({"debug": True}, "DEBUG"),
            ({"hosts": ("*",)}, "ALLOWED_HOSTS"),
            ({"hosts": ("portal.example.com", "*")}, "ALLOWED_HOSTS"),
            ({"hosts": ()}, "ALLOWED_HOSTS"),
            ({"hosts": ("portal.example.com", ".com")}, "top-level"),
            ({"hosts": (".COM.",)}, "top-level"),
            ({"hosts": (".",)}, "top-level"),
            ({"hosts": (".co.uk",)}, "top-level"),
            ({"site_url": "http://portal.example.com"}, "SITE_URL"),
            ({"site_url": "portal.example.com"}, "SITE_URL"),
            ({"tls": False}, "TLS"),
            ({"stock_source": "repurchase.demo.simulator.SandboxStock"}, "STOCK_SOURCE"),
            ({"seal_is_demo": True}, "SEAL_CERTIFICATE"),
            ({"secrets": {"SECRET_KEY": TWIN + "a7", "LINK_KEY": TWIN + "b9"}}, "in common"),
            ({"secrets": {"SECRET_KEY": "a7" + TWIN, "LINK_KEY": "b99" + TWIN}}, "in common"),
            (
                {"secrets": KEYS | {"LINK_KEY": "Put-Your-key-here-" + KEYS["LINK_KEY"]}},
                "LINK_KEY is a default",
            ),
            (
                {"secrets": KEYS | {"SECRET_KEY": "please-REPLACE-" + "xY4" * 20}},
                "SECRET_KEY is a default",
            ),
            (
                {"secrets": KEYS | {"SECRET_KEY": "xY4zQ" * 9 + "-changeme"}},
                "SECRET_KEY is a default",
            ),
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
        (error,) = production_checks.errors(replace(SOUND, **change))
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
        assert any("EMBEDDED" in error for error in production_checks.errors(site))


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
BEAT = [
    sys.executable,
    "-m",
    "celery",
    "-A",
    "repurchase",
    "beat",
    "--loglevel",
    "error",
    "--pidfile=",
]
COURIER = [sys.executable, "manage.py", "send_webhooks", "--once"]


class TestAProcess:
    """As an operator starts it: it says why, and ends before it has done anything."""

    @pytest.mark.parametrize(
        "command", [WEB, WORKER, BEAT, COURIER], ids=["web", "worker", "beat", "courier"]
    )
    def test_refuses_to_start_where_it_is_not_fit(self, command):
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "repurchase.settings",
            "DEBUG": "0",
            "ALLOWED_HOSTS": "*",
            "SITE_URL": "https://portal.example.com",
            "SECRET_KEY": KEYS["SECRET_KEY"],
            "LINK_KEY": KEYS["SECRET_KEY"],
            "DATABASE_URL": "postgres://web:web@127.0.0.1:9/none",
            "REDIS_URL": "redis://127.0.0.1:9/0",
        }
        ended = subprocess.run(
            command,
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        told = ended.stdout + ended.stderr
        assert ended.returncode != 0
        assert "ALLOWED_HOSTS holds *" in told
        assert "are equal" in told

    def test_refuses_the_seal_and_the_stock_of_the_demo(self, tmp_path):
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "repurchase.settings",
            "DEBUG": "0",
            "ALLOWED_HOSTS": ".com",
            "SITE_URL": "http://portal.example.com",
            "TLS": "0",
            "STOCK_SOURCE": "repurchase.demo.simulator.SandboxStock",
            "EMAIL_URL": "smtp://a:b@smtp.example.com:587",
            "SEAL_CERTIFICATE": str(demo_seal.ensure(tmp_path / "seal.p12")),
            **KEYS,
            "DATABASE_URL": "postgres://web:web@127.0.0.1:9/none",
            "REDIS_URL": "redis://127.0.0.1:9/0",
        }
        ended = subprocess.run(
            WEB, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        assert ended.returncode != 0
        for word in (
            "top-level domain",
            "SITE_URL is not",
            "TLS is off",
            "the simulator",
            "SEAL_CERTIFICATE is",
        ):
            assert word in ended.stderr

    def test_of_the_example_file_would_start_once_its_secrets_are_set(self):
        lines = [
            line for line in (ROOT / ".env.example").read_text().splitlines() if line[:1].isupper()
        ]
        asked = dict(line.split("=", 1) for line in lines)
        site = replace(
            SOUND, hosts=tuple(asked["ALLOWED_HOSTS"].split(",")), site_url=asked["SITE_URL"]
        )
        assert production_checks.errors(site) == []
        (missing, *_) = production_checks.errors(
            replace(site, secrets={"SECRET_KEY": asked["SECRET_KEY"]})
        )
        assert "SECRET_KEY" in missing

    def test_of_the_tests_is_fit(self):
        """The embedded default, on loopback: else nothing here would run."""
        start_up.refuse_unsafe_start()
