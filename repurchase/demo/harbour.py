"""Harbour Lane Wholesale: a cut of a real UK wholesaler's orders (CC BY 4.0), through the real
importer."""

import datetime as dt
from pathlib import Path

from marketplace.mirror import profiles
from marketplace.mirror.orders import import_orders
from marketplace.mirror.samples import cut
from marketplace.models import Scheme, Store, StoreLevel
from qualification.models import Qualification
from qualification.review import QualificationStatus
from repurchase.demo import references
from repurchase.demo.people import DemoStaff

CODE = "harbour-lane"
TAXED = ("AU", "DE", "FR", "GB", "IE", "JE", "JP", "NL", "PL")


def load(*, staff: DemoStaff, now: dt.datetime, refused_dir: Path) -> Store:
    store = Store.objects.create(
        code=CODE,
        name="Harbour Lane Wholesale",
        legal_name="Harbour Lane Wholesale (sample data)",
        level=StoreLevel.GOLD,
        verified_at=now,
        settlement_currency="CNY",
        country="CN",
        city="Yiwu",
        street="1 Sample Street",
        postal_code="322000",
        sandbox=True,
    )
    Qualification.objects.create(store=store, state=QualificationStatus.OPEN, since=now)
    staff.join(store)
    references.add_negotiated_prices(store, now)
    in_a_year = now.date() + dt.timedelta(days=365)
    registrations = [(Scheme.VAT, country, None) for country in TAXED]
    registrations += [(Scheme.EPR, country, in_a_year) for country in ("DE", "FR")]
    references.add_sample_registrations(store, now, *registrations)
    import_orders(
        store=store,
        path=cut.ORDERS,
        file_format="online-retail",
        profile=profiles.load("wholesaler"),
        shift_latest_to=now.date() - dt.timedelta(days=1),
        refused_path=refused_dir / f"{CODE}.csv",
    )
    return store
