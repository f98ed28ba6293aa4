from django.contrib import admin

from marketplace.admin import LookOnly
from qualification.models import Qualification


@admin.register(Qualification)
class Qualifications(LookOnly):
    list_display = ["store", "state", "since", "valid_until"]
    list_select_related = ["store"]
    list_filter = ["state"]
