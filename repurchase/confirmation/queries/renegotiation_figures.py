"""How often a locked price had to be renegotiated, and how often that failed (R-57): from the
events alone."""

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

from django.db import connection

from marketplace.models import Store

DEFAULT_PERIOD = dt.timedelta(days=90)
"""As long as events are kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RenegotiationFigures:
    """Locks that ended in a period, of which so many were renegotiated, and what became of those.

    `locks` and `renegotiated` are the sample sizes of the two shares; a share of nothing is None,
    never zero.
    """

    since: dt.datetime
    until: dt.datetime
    locks: int
    renegotiated: int
    confirmed: int
    declined: int
    terminated: int

    @property
    def failed(self) -> int:
        return self.declined + self.terminated

    @property
    def failure_share(self) -> Fraction | None:
        """Of all locks that ended: those whose renegotiation failed (R-57)."""
        return Fraction(self.failed, self.locks) if self.locks else None

    @property
    def failure_share_of_renegotiated(self) -> Fraction | None:
        return Fraction(self.failed, self.renegotiated) if self.renegotiated else None


FIGURES = """
WITH ended AS (
    SELECT subject, split_part(type, '.', 2) AS how
      FROM outbox_event
     WHERE store_id = %(store)s AND at >= %(since)s AND at < %(until)s
       AND type IN ('lock.confirmed', 'lock.declined', 'lock.expired', 'lock.terminated', 'lock.cancelled')
), reopened AS (
    SELECT DISTINCT subject FROM outbox_event WHERE store_id = %(store)s AND type = 'lock.renegotiating'
)
SELECT count(*), count(r.subject),
       count(*) FILTER (WHERE r.subject IS NOT NULL AND how = 'confirmed'),
       count(*) FILTER (WHERE r.subject IS NOT NULL AND how = 'declined'),
       count(*) FILTER (WHERE r.subject IS NOT NULL AND how = 'terminated')
  FROM ended LEFT JOIN reopened r USING (subject)
"""


def renegotiation_figures(
    store: Store, *, until: dt.datetime, period: dt.timedelta = DEFAULT_PERIOD
) -> RenegotiationFigures:
    """One query. By the events' instants, `[until - period, until)`, by the store's clock."""
    since = until - period
    with connection.cursor() as cursor:
        cursor.execute(FIGURES, {"store": store.pk, "since": since, "until": until})
        locks, renegotiated, confirmed, declined, terminated = cursor.fetchone()
    return RenegotiationFigures(
        since=since,
        until=until,
        locks=locks,
        renegotiated=renegotiated,
        confirmed=confirmed,
        declined=declined,
        terminated=terminated,
    )
