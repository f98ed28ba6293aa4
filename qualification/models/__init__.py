from qualification.models.calendar import Workday
from qualification.models.case import Case
from qualification.models.qualification_status import Qualification
from qualification.models.upload import Upload

__all__ = ["Case", "Qualification", "Upload", "Workday"]
