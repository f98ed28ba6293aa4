"""One attempt to post, against servers that do what they should not."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from outbox import http_post
from outbox.http_post import PostOutcome
from tests.outbox.receiving import receiver


@contextlib.contextmanager
def raw(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server of bare bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                peer, _ = listening.accept()
                with peer:
                    peer.recv(65536)
                    talk(peer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


def post(url: str, seconds: float = 5, loopback: bool = True) -> http_post.PostResult:
    return http_post.post(
        url, headers={"webhook-id": "evt_1_1"}, body=b"{}", loopback=loopback, seconds=seconds
    )


def drip(peer: socket.socket) -> None:
    while True:
        peer.send(b"H")
        time.sleep(0.1)


class TestAnAttempt:
    @pytest.mark.parametrize(
        ("status", "outcome"),
        [
            (200, PostOutcome.DELIVERED),
            (204, PostOutcome.DELIVERED),
            (299, PostOutcome.DELIVERED),
            (404, PostOutcome.REFUSED),
            (500, PostOutcome.REFUSED),
            (301, PostOutcome.REFUSED),
            (307, PostOutcome.REFUSED),
        ],
    )
    def test_arrives_by_a_2xx_and_follows_no_redirect(self, status, outcome):
        with receiver(lambda _: status) as server:
            posted = post(server.url)
        assert (posted.outcome, posted.status, len(server.received)) == (outcome, status, 1)
        assert server.received[0].body == b"{}"

    def test_reads_past_an_interim_answer(self):
        with raw(
            lambda peer: peer.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
        ) as url:
            assert post(url).status == 204

    @pytest.mark.parametrize(
        "talk",
        [
            drip,
            lambda peer: time.sleep(3),
            lambda peer: peer.send(b"HTTP/1.1 200 OK\r\n") and time.sleep(3),
        ],
    )
    def test_ends_after_its_time_however_slowly_the_other_side_talks(self, talk):
        started = time.monotonic()
        with raw(talk) as url:
            posted = post(url, seconds=0.5)
        assert posted.outcome is PostOutcome.TIMEOUT
        assert time.monotonic() - started < 2

    @pytest.mark.parametrize(
        "said",
        [
            b"SSH-2.0-OpenSSH\r\n\r\n",
            b"HTTP/1.1 OK\r\n\r\n",
            b"HTTP/1.1 999 X\r\n\r\n",
            b"\r\n\r\n",
            b"x" * 40_000,
        ],
    )
    def test_is_not_taken_in_by_what_is_no_http(self, said):
        with raw(lambda peer: peer.sendall(said)) as url:
            assert post(url).outcome is PostOutcome.GARBLED

    def test_reads_no_endless_answer(self):
        def endless(peer: socket.socket) -> None:
            peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                peer.sendall(b"x" * 65536)

        with raw(endless) as url:
            assert post(url).outcome is PostOutcome.DELIVERED

    def test_is_unreachable_where_nobody_listens_or_hangs_up(self):
        with raw(lambda peer: None) as url:
            assert post(url).outcome is PostOutcome.UNREACHABLE
        assert post(url).outcome is PostOutcome.UNREACHABLE
        assert post("http://a..b:9000/").outcome is PostOutcome.UNREACHABLE

    @pytest.mark.parametrize(
        "url", ["https://localhost:9000/", "https://127.0.0.1:9000/", "http://8.8.8.8/"]
    )
    def test_goes_nowhere_but_to_public_addresses_by_https(self, url):
        """localhost is a name: what it resolves to is judged."""
        assert post(url, loopback=False).outcome is PostOutcome.FORBIDDEN

    def test_wants_a_certificate_that_holds(self):
        with raw(lambda peer: peer.send(b"HTTP/1.1 200 OK\r\n\r\n")) as url:
            assert post(url.replace("http:", "https:")).outcome is PostOutcome.TLS
