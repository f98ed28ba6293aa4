from qualification.queries.calendars import calendar
from qualification.queries.papers import (
    checks,
    current,
    current_papers,
    missing_documents,
    uploaded,
)
from qualification.queries.standing import (
    State,
    Wanted,
    require_open,
    standing_of,
    state_of,
    wanted_documents,
    wanted_of_files,
)

__all__ = [
    "State",
    "Wanted",
    "calendar",
    "checks",
    "current",
    "current_papers",
    "missing_documents",
    "require_open",
    "standing_of",
    "state_of",
    "uploaded",
    "wanted_documents",
    "wanted_of_files",
]
