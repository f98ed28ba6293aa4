from qualification.queries.calendars import calendar
from qualification.queries.desk import desk
from qualification.queries.documents import (
    checks,
    current,
    current_papers,
    found_again_by,
    missing_documents,
    paper_of,
    uploaded,
)
from qualification.queries.qualification_status import (
    State,
    Wanted,
    require_open,
    standing_of,
    state_of,
    wanted_documents,
    wanted_of_files,
)
from qualification.queries.reviews import Figures, figures, figures_by_month, forecast, open_case

__all__ = [
    "Figures",
    "State",
    "Wanted",
    "calendar",
    "checks",
    "current",
    "current_papers",
    "desk",
    "figures",
    "figures_by_month",
    "forecast",
    "found_again_by",
    "missing_documents",
    "open_case",
    "paper_of",
    "require_open",
    "standing_of",
    "state_of",
    "uploaded",
    "wanted_documents",
    "wanted_of_files",
]
