"""Loads the demo once; a second call keeps data and credentials."""

from pathlib import Path

from django.db import connection, transaction

from marketplace import clock
from marketplace.mirror import export_control, rates, taxes
from marketplace.mirror.samples import cut
from marketplace.models import Store
from repurchase.demo import credentials, harbour, ningbo, people, planting, references, simulator
from repurchase.fulfilment.services import erp_connection

SCREENING_LIST = cut.RATES.parent / "screening_list_sample.csv"  # made up: no real party is in it


def load(*, data_dir: Path) -> bool:
    """True when the demo was loaded now, False when it was there. Writes
    `data_dir`/credentials.json (0600).

    After a pause what was there is old: the simulator feeds it before anybody looks.
    """
    with transaction.atomic():
        fresh = not Store.objects.filter(code=harbour.CODE).exists()
        if fresh:
            _load_all_stores(data_dir)
        file = data_dir / credentials.CREDENTIALS_FILE_NAME
        issued = None if file.exists() and not fresh else people.issue_credentials()
    if issued:
        credentials.write(file, issued)
    if not fresh:
        simulator.simulate()
    return fresh


def _load_all_stores(data_dir: Path) -> None:
    now = clock.now()
    rates.import_rates(path=cut.RATES, source="ecb")
    taxes.load_tax_rates()
    export_control.load_embargoes()
    export_control.import_screening_list(path=SCREENING_LIST, list_name="SAMPLE")
    references.load(now)
    staff = people.load()
    harbour.load(staff=staff, now=now, refused_dir=data_dir / "refused")
    ningbo.load(staff=staff, now=now)
    planting.load(staff=staff, now=now)
    for store in Store.objects.filter(sandbox=True).order_by("pk"):
        name, version = simulator.SIMULATED_ERP
        erp_connection.connect(
            store=store, name=name, version=version, by=simulator.SIMULATOR_ACTOR, simulated=True
        )
    simulator.simulate()
    with connection.cursor() as cursor:  # so that the first pages are planned by what is there
        cursor.execute("ANALYZE")
