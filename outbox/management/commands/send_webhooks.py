import json
import signal
import threading

from django.core.management.base import BaseCommand

from outbox import webhook_delivery, webhook_worker


class Command(BaseCommand):
    help = "Sends webhooks as they fall due, until it is told to stop; --once does one pass."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="one pass, then end")
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *args, **options):
        if options["once"]:
            sent = webhook_delivery.send_due()
            self.stdout.write(json.dumps({"sent": sent}) if options["json"] else f"{sent} sent")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        webhook_worker.run(stop)
