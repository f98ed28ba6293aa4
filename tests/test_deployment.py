"""No Docker engine runs here, so the compose file is held against the settings that it feeds."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from repurchase.embedded import portal
from tests import beside, world
from tests.repurchase.test_locking import locked

ROOT = Path(__file__).parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SETTINGS = (ROOT / "repurchase" / "settings.py").read_text()
ENV_EXAMPLE = (ROOT / ".env.example").read_text()
READ = set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z_]+)"', SETTINGS))
READ_BY_UVICORN = {"FORWARDED_ALLOW_IPS"}
APPS = ("migrate", "web", "worker", "papers", "courier", "beat")


class TestTheComposeFile:
    def test_has_every_process_that_the_product_needs(self):
        assert {"web", "worker", "papers", "courier", "beat", "postgres", "redis"} <= set(
            COMPOSE["services"]
        )

    @pytest.mark.parametrize("service", APPS)
    def test_sets_only_what_the_settings_read(self, service):
        assert set(COMPOSE["services"][service]["environment"]) - READ_BY_UVICORN <= READ

    def test_lets_the_web_be_reached_only_through_a_proxy_of_the_host(self):
        assert all(port.startswith("127.0.0.1:") for port in COMPOSE["services"]["web"]["ports"])
        assert set(COMPOSE["services"]["web"]["environment"]) >= READ_BY_UVICORN

    @pytest.mark.parametrize("service", APPS)
    def test_sets_what_has_no_safe_default(self, service):
        needed = {
            "DATABASE_URL",
            "SECRET_KEY",
            "LINK_KEY",
            "REDIS_URL",
            "ALLOWED_HOSTS",
            "SITE_URL",
            "EMAIL_URL",
        }
        assert needed <= set(COMPOSE["services"][service]["environment"])

    @pytest.mark.parametrize(
        ("service", "role"),
        [
            ("migrate", "owner"),
            ("web", "web"),
            ("worker", "worker"),
            ("papers", "worker"),
            ("courier", "worker"),
            ("beat", "worker"),
        ],
    )
    def test_signs_in_to_the_database_by_role(self, service, role):
        url = COMPOSE["services"][service]["environment"]["DATABASE_URL"]
        assert url.startswith(f"postgres://{role}:")
        assert f"CREATE ROLE {role} " in (ROOT / "repurchase/embedded/roles.sql").read_text()

    def test_never_switches_the_demo_or_debugging_on(self):
        for service in APPS:
            assert not {"EMBEDDED", "DEBUG"} & set(COMPOSE["services"][service]["environment"])

    def test_asks_only_for_what_the_example_file_explains(self):
        asked = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text()))
        explained = set(re.findall(r"^([A-Z_]+)=", ENV_EXAMPLE, re.MULTILINE))
        assert asked == explained

    def test_mounts_files_that_exist(self):
        mounts = [
            v
            for s in COMPOSE["services"].values()
            for v in s.get("volumes", [])
            if v.startswith("./")
        ]
        assert mounts
        assert all((ROOT / mount.split(":")[0]).is_file() for mount in mounts)

    def test_serves_every_queue_once_as_the_embedded_default_does(self):
        named = re.findall(r"Queue\(name, routing_key=name\) for name in \(([^)]*)\)", SETTINGS)[0]
        queues = sorted(re.findall(r'"(\w+)"', named))
        of_compose = [COMPOSE["services"][name]["command"] for name in ("worker", "papers")]
        of_portal = [portal._program_commands(8000)[name] for name in ("worker", "papers")]
        for commands in (of_compose, of_portal):
            served = [queue for c in commands for queue in c[c.index("-Q") + 1].split(",")]
            assert sorted(served) == queues
        # apart from everything else
        assert of_compose[1][of_compose[1].index("-Q") + 1] == "papers"

    def test_runs_the_programs_of_the_embedded_default(self):
        code = (ROOT / "repurchase/embedded/portal.py").read_text()
        for service in ("worker", "beat"):
            verb = COMPOSE["services"][service]["command"][3]
            assert f'"{verb}"' in code
        assert f'"{COMPOSE["services"]["courier"]["command"][2]}"' in code


class TestTheDockerfile:
    TEXT = (ROOT / "Dockerfile").read_text()

    def test_installs_the_system_packages_that_running_needs(self):
        script = (ROOT / "repurchase/embedded/system-packages.sh").read_text()
        runtime = script.split('if [ "${1:-run}" = test ]')[0]
        needed = set(
            re.findall(
                r"\b(tesseract-ocr\S*|libpango\S*-0|libharfbuzz-subset0|fonts-wqy-microhei)\b",
                runtime,
            )
        )
        assert {package for package in needed if package not in self.TEXT} == set()

    def test_does_not_run_as_root(self):
        assert "\nUSER app\n" in self.TEXT


class TestTheImage:
    """As the Dockerfile copies it: without what .dockerignore names, the demo and its servers
    among it."""

    LEFT_OUT = tuple((ROOT / ".dockerignore").read_text().split())

    @pytest.fixture
    def folder(self, tmp_path):
        made = tmp_path / "app"
        assert {"repurchase/demo", "repurchase/embedded", "templates/demo"} <= set(self.LEFT_OUT)
        left_out = {ROOT / name for name in self.LEFT_OUT}

        def ignored(where: str, names: list[str]) -> list[str]:
            return [
                name for name in names if name == "__pycache__" or Path(where) / name in left_out
            ]

        shutil.copytree(ROOT, made, ignore=ignored)
        return made

    @pytest.mark.django_db(transaction=True)
    def test_serves_a_sandbox_store_without_the_demo(self, folder):
        """Its dashboard offers no simulator, though a lock in a foreign currency is open; no
        mailbox is there."""
        store = world.store()
        alice = world.member(store, "owner")
        locked(store)
        code = (
            "import django; django.setup()\n"
            "from django.contrib.auth import get_user_model\n"
            "from django.test import Client\n"
            f"client = Client(HTTP_HOST='portal.example.com'); client.force_login(get_user_model().objects.get(pk={alice.pk}))\n"
            "print(*[client.get(path, secure=True).status_code for path in ('/', '/mailbox/', '/simulator/rate/')])\n"
            "print('+3 %' in client.get('/', secure=True).content.decode())\n"
        )
        environment = beside.environment() | {
            "DJANGO_SETTINGS_MODULE": "repurchase.settings",
            "SITE_URL": "https://portal.example.com",
            "TLS": "1",
            "ALLOWED_HOSTS": "portal.example.com",
            "EMAIL_URL": "smtp://a:b@smtp.example.com:587",
            "SEAL_CERTIFICATE": "",
        }
        for command in (["manage.py", "check"], ["-c", code]):
            ended = subprocess.run(
                [sys.executable, *command],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert ended.returncode == 0, ended.stdout + ended.stderr
        assert ended.stdout.split() == ["200", "404", "404", "False"]
