"""`celery -A tests.chaos.endless`: our worker, but a page with these words is never done with
rendering."""

from celery.signals import worker_process_init

from repurchase.celery import app as app

WORDS = "never renders"


@worker_process_init.connect
def patch(**_: object) -> None:
    """In each child, once Django is set up."""
    from diagnostics import pdf as pdf_module

    pdf = pdf_module.render_pdf

    def endless(page, **options):
        while WORDS in page:
            pass
        return pdf(page, **options)

    pdf_module.render_pdf = endless
