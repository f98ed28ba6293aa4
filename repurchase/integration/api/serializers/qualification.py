"""The store's standing and its documents."""

from rest_framework import serializers

from repurchase.integration.api.fields import InstantField
from repurchase.integration.api.serializers.common import GateSerializer


class WantedDocumentSerializer(serializers.Serializer):
    """A document that the store shows to be opened, in the language asked for."""

    key = serializers.CharField()
    title = serializers.CharField()
    why = serializers.CharField()
    points = serializers.ListField(child=serializers.CharField(), help_text="What it must show.")
    categories = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="The store's categories that ask for it; null: every store shows it.",
    )


class DocumentSerializer(serializers.Serializer):
    """An uploaded document."""

    key = serializers.UUIDField()
    kind = serializers.CharField()
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField()
    version = serializers.IntegerField()
    state = serializers.CharField(
        help_text="uploaded, reading, read, unreadable, approved or rejected."
    )
    code = serializers.CharField(help_text="Why it is unreadable or was rejected; else empty.")
    remark = serializers.CharField(help_text="The reviewer's own words.")
    uploaded_at = InstantField()


class QualificationSerializer(serializers.Serializer):
    """Where the store stands on the way to bulk repeat orders, and what it needs."""

    state = serializers.CharField(
        source="state.standing", help_text="not_open, documents, in_review, open or lapsed."
    )
    since = InstantField(source="state.since", allow_null=True)
    valid_until = InstantField(
        source="state.valid_until", allow_null=True, help_text="null: without an end."
    )
    owner = serializers.CharField(
        source="state.owner", help_text="Who has to act: seller, platform, nobody."
    )
    reason = serializers.CharField(source="state.reason", help_text="Why a review sent it back.")
    checked_at = InstantField(source="state.checked_at", allow_null=True)
    gates = GateSerializer(
        many=True,
        source="state.check_results",
        help_text="As of `checked_at`; empty: never checked.",
    )
    documents = WantedDocumentSerializer(many=True)
    files = serializers.ListField(
        child=serializers.CharField(), source="file_points", help_text="What holds for every file."
    )
    uploads = DocumentSerializer(many=True, source="all_uploads")
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="What keeps it from being handed in."
    )
    review_due_at = InstantField(
        source="case.due_at", allow_null=True, default=None, help_text="null: none is running."
    )
