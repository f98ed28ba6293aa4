"""What many answers share: findings, names, gates, problems."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from diagnostics import problem_texts


class FindingSerializer(serializers.Serializer):
    """A code, in words for people (Accept-Language) and with its evidence for programs."""

    code = serializers.CharField()
    detail = serializers.CharField()
    evidence = serializers.DictField()

    def to_representation(self, finding: Any) -> dict[str, Any]:
        """From a core value, or as a row keeps it."""
        row = isinstance(finding, Mapping)
        code = finding["code"] if row else finding.code
        evidence = finding["evidence"] if row else finding.evidence
        return {
            "code": str(code),
            "detail": problem_texts.describe(code, evidence).cause,
            "evidence": dict(evidence),
        }


class BuyerNameSerializer(serializers.Serializer):
    id = serializers.CharField(source="external_id", help_text="The buyer's id on the platform.")
    name = serializers.CharField()


class GateSerializer(serializers.Serializer):
    """A condition on the store or the buyer, as of `screened_at`."""

    name = serializers.CharField()
    value = serializers.CharField(allow_null=True)
    limit = serializers.CharField(allow_null=True)
    passed = serializers.BooleanField()
    code = serializers.CharField(help_text='"" when passed.')


class RateSetSerializer(serializers.Serializer):
    source = serializers.CharField()
    published_on = serializers.DateField()


class ProblemItemSerializer(serializers.Serializer):
    pointer = serializers.CharField(
        help_text="JSON pointer into the body, as a URI fragment; or #/<parameter>."
    )
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """RFC 9457."""

    type = serializers.URLField(help_text="A page that explains the code.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable for ever; see /codes/.")
    errors = ProblemItemSerializer(many=True)
    request_id = serializers.CharField()
