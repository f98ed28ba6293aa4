"""Documents in an S3 bucket: a real server process that speaks S3, real boto3, the settings as an
operator sets them."""

import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from qualification import storage as storage_module
from qualification.models import Qualification, Upload
from qualification.readings import DocumentKind
from qualification.review import QualificationStatus
from qualification.services import uploads
from qualification.uploads import UploadState
from repurchase.demo.sample_documents import certificates, contents, pdf_of
from repurchase.site import storage
from tests import world
from tests.qualification.test_admin import QUEUE, reviewer

pytestmark = pytest.mark.django_db
BUCKET = "documents"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def server():
    """Its address. Signatures are not checked by it; what it keeps and answers is S3's."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"no_proxy": "127.0.0.1"},
    )
    try:
        wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def wait_for(address: str, process: subprocess.Popen) -> None:
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{address}/moto-api/"):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the S3 server did not start")


def use(settings, **given) -> None:
    """As FILES_BACKEND and FILES_OPTIONS would."""
    written = json.dumps(
        {"bucket_name": BUCKET, "access_key": "key", "secret_key": "secret"} | given
    )
    settings.FILES_OPTIONS = storage.options(storage.S3_BACKEND, written, location="")
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": storage.S3_BACKEND, "OPTIONS": settings.FILES_OPTIONS}
    }


@pytest.fixture
def bucket(server, settings):
    """An empty bucket, and the product set to it."""
    secrets = {
        "aws_access_key_id": "key",
        "aws_secret_access_key": "secret",
        "region_name": "us-east-1",
    }
    made = boto3.resource("s3", endpoint_url=server, **secrets).create_bucket(Bucket=BUCKET)
    use(settings, endpoint_url=server, region_name="us-east-1")
    yield made
    made.objects.delete()
    made.delete()


def sample() -> bytes:
    rng = random.Random("s3")
    return pdf_of(certificates.draw_licence(contents.make_company(rng), rng))


@pytest.fixture
def gathering(store):
    Qualification.objects.update(state=QualificationStatus.DOCUMENTS)
    return store


def put(store, data: bytes) -> Upload:
    return uploads.upload(
        store=store,
        kind=DocumentKind.LICENCE,
        name="a.pdf",
        data=data,
        by="user:1",
        now=clock.now(store),
    )


class TestADocumentInABucket:
    def test_is_kept_untouched_read_and_shown_to_the_reviewer_alone(
        self, client, gathering, bucket
    ):
        data = sample()
        made = put(gathering, data)
        assert bucket.Object(made.stored).get()["Body"].read() == data
        uploads.read(made.pk)
        made.refresh_from_db()
        assert made.state == UploadState.READ
        assert {each.key for each in bucket.objects.all()} == {
            made.stored,
            f"{made.folder}/page-1.jpg",
        }
        world.papers(gathering)
        uploads.submit(store=gathering, by="user:1", now=clock.now(gathering))
        case = gathering.cases.get()
        client.force_login(reviewer())
        assert client.get(f"{QUEUE}{case.pk}/original/{made.key}/").content == data
        assert client.get(f"{QUEUE}{case.pk}/page/{made.key}/1/").content.startswith(b"\xff\xd8")
        assert client.get(f"{QUEUE}{case.pk}/page/{made.key}/2/").status_code == 404

    def test_is_open_to_nobody_but_the_owner_of_the_bucket(self, gathering, bucket):
        made = put(gathering, sample())
        grants = bucket.Object(made.stored).Acl().grants
        assert [g["Grantee"]["Type"] for g in grants] == ["CanonicalUser"]
        assert "Signature=" in storages["default"].url(made.stored)

    def test_that_is_read_again_keeps_one_picture_a_page(self, bucket):
        storage_module.save_page("qualification/00/a", 1, b"first")
        storage_module.save_page("qualification/00/a", 1, b"second")
        assert [each.key for each in bucket.objects.all()] == ["qualification/00/a/page-1.jpg"]
        assert storage_module.fetch("qualification/00/a/page-1.jpg") == b"second"

    def test_that_is_not_there_is_not_found(self, bucket):
        with pytest.raises(FileNotFoundError):
            storage_module.fetch("qualification/00/none.pdf")


class TestAStorageThatCantBeReached:
    @pytest.fixture(autouse=True)
    def _gone(self, settings):
        use(settings, endpoint_url=f"http://127.0.0.1:{free_port()}", region_name="us-east-1")

    def test_is_told_and_nothing_is_kept(self, client, gathering):
        with pytest.raises(Problem) as refused:
            put(gathering, sample())
        assert refused.value.code is Code.STORAGE_UNAVAILABLE
        assert not Upload.objects.exists()

    def test_says_nothing_about_a_document_that_waits(self, gathering):
        made = world.upload(
            gathering, DocumentKind.LICENCE, state=UploadState.UPLOADED, reading=None, tries=0
        )
        uploads.read(made.pk)
        made.refresh_from_db()
        assert (made.state, made.tries, made.code) == (UploadState.UPLOADED, 0, "")
        assert uploads.enqueue_unread() == 0
        Upload.objects.update(rung_at=made.rung_at - uploads.RETRY_AFTER)
        assert uploads.enqueue_unread() == 1

    def test_is_no_error_of_the_desk(self, client, gathering):
        world.papers(gathering)
        uploads.submit(store=gathering, by="user:1", now=clock.now(gathering))
        client.force_login(reviewer())
        row = Upload.objects.first()
        answer = client.get(f"{QUEUE}{gathering.cases.get().pk}/original/{row.key}/")
        assert answer.status_code == 503

    def test_is_named_before_it_goes_live(self, capsys):
        with pytest.raises(CommandError):
            call_command("check_config")
        assert "the file storage can't be reached" in capsys.readouterr().out


class TestTheOptions:
    def test_are_private_and_patient_for_seconds_only(self):
        made = storage.options(storage.S3_BACKEND, '{"bucket_name": "b"}', location="")
        assert (made["default_acl"], made["file_overwrite"], made["bucket_name"]) == (
            None,
            False,
            "b",
        )
        assert made["client_config"].connect_timeout == 5
        assert not storage.is_exposed(made)

    @pytest.mark.parametrize("given", [{"default_acl": "public-read"}, {"querystring_auth": False}])
    def test_that_open_the_bucket_are_seen(self, given):
        assert storage.is_exposed(
            storage.options(storage.S3_BACKEND, json.dumps(given), location="")
        )

    def test_of_another_storage_are_as_they_were_given(self):
        assert storage.options("x.Storage", '{"location": "/a"}', location="/b") == {
            "location": "/a"
        }
        assert storage.options("x.Storage", "", location="/b") == {"location": "/b"}
