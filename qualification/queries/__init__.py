from qualification.queries.calendars import working_calendar
from qualification.queries.desk import build_review_desk
from qualification.queries.documents import (
    cross_store_keys,
    current_documents,
    current_uploads,
    missing_documents,
    run_document_checks,
    submitted_document_of,
    uploads_by_kind,
)
from qualification.queries.qualification_status import (
    QualificationSummary,
    RequiredDocument,
    get_qualification_status,
    get_qualification_summary,
    list_file_requirements,
    list_required_documents,
    require_open,
)
from qualification.queries.reviews import (
    ReviewStatistics,
    forecast_deadline,
    monthly_review_statistics,
    open_case,
    review_statistics,
)

__all__ = [
    "QualificationSummary",
    "RequiredDocument",
    "ReviewStatistics",
    "build_review_desk",
    "cross_store_keys",
    "current_documents",
    "current_uploads",
    "forecast_deadline",
    "get_qualification_status",
    "get_qualification_summary",
    "list_file_requirements",
    "list_required_documents",
    "missing_documents",
    "monthly_review_statistics",
    "open_case",
    "require_open",
    "review_statistics",
    "run_document_checks",
    "submitted_document_of",
    "uploads_by_kind",
    "working_calendar",
]
