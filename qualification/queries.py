import datetime as dt

from marketplace.models import Store
from qualification.models import Qualification
from qualification.review import Event, Standing, advance


def standing_of(store: Store, now: dt.datetime) -> Standing:
    """The store's standing at an instant: the stored state is a cache, a lapse is computed on read."""
    row = Qualification.objects.filter(store=store).first()
    if row is None:
        return Standing.NOT_OPEN
    standing = Standing(row.state)
    if standing is Standing.OPEN and row.valid_until and now >= row.valid_until:
        return advance(standing, Event.LAPSE)
    return standing
