"""Webhooks go to public addresses only, and to nothing that wears another address inside
(reliability 13)."""

import ipaddress

import pytest

from outbox import http_post, webhook_targets

PRIVATE = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "100::1",
    "2001::1", "2001:db8::1", "2002:a00:1::1", "3fff::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0",
    "fec0::1", "ff02::1", "5f00::1",
]  # fmt: skip
PUBLIC = [
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.1",
    "172.32.0.1",
    "2606:4700::1111",
    "2a00:1450::1",
]


class TestAnAddress:
    @pytest.mark.parametrize("text", PRIVATE)
    def test_that_is_not_public_is_refused(self, text):
        assert not webhook_targets.is_allowed(ipaddress.ip_address(text))

    @pytest.mark.parametrize("text", PUBLIC)
    def test_that_is_public_is_allowed(self, text):
        assert webhook_targets.is_allowed(ipaddress.ip_address(text))

    @pytest.mark.parametrize(
        ("text", "allowed"),
        [("127.0.0.1", True), ("::1", True), ("10.0.0.1", False), ("::ffff:127.0.0.1", False)],
    )
    def test_of_this_machine_is_allowed_in_the_embedded_default_and_nothing_else_private(
        self, text, allowed
    ):
        assert webhook_targets.is_allowed(ipaddress.ip_address(text), loopback=True) is allowed


class TestAUrl:
    @pytest.mark.parametrize(
        "url",
        [
            "https://erp.example.com/hooks?a=b",
            "https://erp.example.com:8443/",
            "https://8.8.8.8/",
            "https://a.b",
        ],
    )
    def test_is_acceptable(self, url):
        assert webhook_targets.url_problem(url) == ""

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "nonsense",
            "http://erp.example.com/",
            "ftp://erp.example.com/",
            "https://",
            "https:///path",
            "https://user@erp.example.com/",
            "https://user:word@erp.example.com/",
            "https://erp.example.com:25/",
            "https://erp.example.com:0/",
            "https://erp.example.com:99999/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fe80::1%25eth0]/",
            "https://erp.example.com/a b",
            "https://erp.example.com/\r\nX: y",
            "https://erp.example.com/\0",
            "https://例子.example/",
            "https://[::1",
        ],
    )
    def test_is_refused(self, url):
        assert webhook_targets.url_problem(url) != ""

    def test_of_this_machine_is_acceptable_in_the_embedded_default(self):
        assert webhook_targets.url_problem("http://127.0.0.1:9/", loopback=True) == ""
        assert webhook_targets.url_problem("http://10.0.0.1:9000/", loopback=True) != ""


class TestAnAddressThatIsEntered:
    """By a name: where it leads is judged then as well, not only when something is sent."""

    @pytest.mark.parametrize(
        "url", ["https://localhost/x", "https://127.1/", "https://2130706433/", "https://10.0.0.1/"]
    )
    def test_that_leads_inside_is_refused(self, url):
        assert http_post.destination_problem(url, loopback=False) == webhook_targets.NOT_PUBLIC

    def test_of_its_own_machine_will_do_in_the_embedded_default(self):
        assert http_post.destination_problem("http://localhost:9/", loopback=True) == ""

    def test_that_nobody_knows_yet_is_judged_when_something_is_sent(self):
        assert http_post.destination_problem("https://no-such-host.invalid/", loopback=False) == ""
