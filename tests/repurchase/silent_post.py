"""A mail server that refuses what goes to a buyer, and takes the rest."""

from smtplib import SMTPRecipientsRefused

from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend


class Backend(BaseEmailBackend):
    def send_messages(self, messages):
        for message in messages:
            if any(address.startswith("buyer") for address in message.to):
                raise SMTPRecipientsRefused({message.to[0]: (550, b"no such mailbox")})
            mail.outbox.append(message)
        return len(messages)
