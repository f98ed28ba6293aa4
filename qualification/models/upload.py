import uuid

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from marketplace.models import Store
from qualification.readings import DocumentKind
from qualification.uploads import UploadState


class Upload(models.Model):
    """A version of a document as it was uploaded, and what was read from it. The file itself never
    changes.

    `stored` is a random key in the storage, told to nobody; `key` addresses the row.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="uploads")
    key = models.UUIDField(default=uuid.uuid4, unique=True)
    kind = models.CharField(max_length=24, choices=[(k.value, k.value) for k in DocumentKind])
    name = models.CharField(max_length=200)  # as the seller's machine calls it
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    stored = models.CharField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replaced_by"
    )
    is_current = models.BooleanField(
        default=True
    )  # false: replaced or withdrawn, kept all the same
    uploaded_at = models.DateTimeField()
    uploaded_by = models.CharField(max_length=40)

    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in UploadState],
        default=UploadState.UPLOADED,
    )
    code = models.CharField(max_length=40, blank=True)  # why it is unreadable or was rejected
    evidence = models.JSONField(default=dict, blank=True)
    remark = models.CharField(
        max_length=500, blank=True
    )  # the reviewer's own words with a rejection
    rung_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)

    read_at = models.DateTimeField(null=True, blank=True)
    reading = models.JSONField(null=True, blank=True)  # qualification.readings.encode_reading
    pages = models.PositiveSmallIntegerField(default=0)
    settled = models.JSONField(
        default=dict, blank=True
    )  # field: value, confirmed or corrected by a reviewer
    number = models.CharField(
        max_length=18, blank=True
    )  # a declaration's, to find it in other stores
    marks = models.JSONField(
        default=list, blank=True
    )  # a statement's (qualification.repeated_statements), to find it again

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "sha256"],
                condition=Q(is_current=True),
                name="a_file_stands_once_in_a_store",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in UploadState]),
                name="an_upload_is_in_one_of_its_states",
            ),
            models.CheckConstraint(
                condition=~Q(
                    state__in=[UploadState.READ, UploadState.APPROVED, UploadState.REJECTED]
                )
                | Q(reading__isnull=False),
                name="what_was_read_has_its_reading",
            ),
            models.CheckConstraint(
                condition=Q(pages__lte=50), name="a_document_has_50_pages_at_most"
            ),
        ]
        indexes = [
            models.Index(fields=["store", "kind", "-uploaded_at"], name="uploads_of_a_store"),
            models.Index(fields=["number"], condition=~Q(number=""), name="uploads_by_number"),
            models.Index(fields=["sha256"], name="uploads_by_digest"),
            GinIndex(fields=["marks"], name="uploads_by_marks"),
            models.Index(
                fields=["rung_at"],
                condition=Q(state__in=[UploadState.UPLOADED, UploadState.READING]),
                name="uploads_to_read",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} · {self.state}"

    @property
    def folder(self) -> str:
        """Where the pictures of its pages lie, beside the original."""
        return self.stored.removesuffix(".pdf")
