"""What we sign, the reference library of Standard Webhooks verifies."""

import datetime as dt

import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from outbox import webhook_signatures
from outbox.models import Webhook

BODY = '{"type":"batch.planned","data":{"买家":"陈"}}'.encode()


@pytest.fixture
def now():
    return dt.datetime.now(dt.UTC)


def signed(webhook: Webhook, now: dt.datetime) -> dict[str, str]:
    return webhook_signatures.headers(webhook, id="evt_1_7", body=BODY, now=now)


class TestASignature:
    def test_is_verified_by_the_reference_library(self, now):
        webhook = Webhook(store_id=1)
        assert Verifier(webhook_signatures.secret_of(webhook)).verify(
            BODY.decode(), signed(webhook, now)
        )["type"]

    @pytest.mark.parametrize("change", ["body", "id", "time", "secret"])
    def test_is_refused_when_anything_is_changed(self, now, change):
        webhook = Webhook(store_id=1)
        secret, headers, body = (
            webhook_signatures.secret_of(webhook),
            signed(webhook, now),
            BODY.decode(),
        )
        match change:
            case "body":
                body = body.replace("planned", "Planned")
            case "id":
                headers["webhook-id"] = "evt_1_8"
            case "time":
                headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + 1)
            case "secret":
                secret = webhook_signatures.secret_of(Webhook(store_id=1))
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(body, headers)

    def test_is_made_with_both_secrets_for_a_day_after_a_rotation(self, now):
        webhook = Webhook(store_id=1, secret_version=2, rotated_at=now - webhook_signatures.OVERLAP)
        old, new = (Verifier(webhook_signatures.secret_of(webhook, version)) for version in (1, 2))
        within = signed(webhook, now - dt.timedelta(seconds=1))
        assert old.verify(BODY.decode(), within) == new.verify(BODY.decode(), within)
        after = signed(webhook, now)
        assert new.verify(BODY.decode(), after)
        with pytest.raises(WebhookVerificationError):
            old.verify(BODY.decode(), after)

    def test_secret_is_derived_and_differs_by_webhook_and_version(self):
        one, two = Webhook(store_id=1), Webhook(store_id=1)
        secrets = {
            webhook_signatures.secret_of(one),
            webhook_signatures.secret_of(one, 2),
            webhook_signatures.secret_of(two),
        }
        assert len(secrets) == 3
        assert webhook_signatures.secret_of(one) == webhook_signatures.secret_of(one)
