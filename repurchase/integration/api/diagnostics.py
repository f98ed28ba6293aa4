"""Why orders failed, as programs read it: an order's causes and its timeline, a batch's shares
(R-69 to R-76)."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers, status
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from diagnostics import problem_texts
from diagnostics.attribution import Cause, TimelineEntry
from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code
from diagnostics.failure_counts import FailureShare
from diagnostics.fixes import Fix
from marketplace import clock
from marketplace.access import Capability
from repurchase.batches.queries import batches, failures
from repurchase.batches.queries.failures import BatchDiagnosis, OrderDiagnosis
from repurchase.batches.queries.fixes import FixableOrders, find_fixable_orders
from repurchase.batches.services import fixes as fixe_services
from repurchase.integration.api import requests
from repurchase.integration.api.base import StoreAPIView
from repurchase.integration.api.fields import AmountSerializer, InstantField, amount_payload
from repurchase.integration.api.schema import describe_operation
from repurchase.integration.api.serializers import BatchSerializer
from repurchase.integration.api.serializers.batches import LeftOutSerializer
from repurchase.integration.api.views import accepted_response
from repurchase.models import Batch, EditTask
from repurchase.reporting.services import order_reports


class CauseToldSerializer(serializers.Serializer):
    code = serializers.CharField()
    type = serializers.CharField(help_text="The page of the code.")
    role = serializers.CharField(
        help_text='"first", "also" (would fail the order on its own), "consequence", "line" (stops its line only).'
    )
    because = serializers.CharField(
        allow_null=True, help_text="Of a consequence: the code that it follows from."
    )
    line = serializers.IntegerField(allow_null=True, help_text="null: the whole order.")
    title = serializers.CharField()
    cause = serializers.CharField()
    fix = serializers.CharField()
    fixer = serializers.CharField()
    severity = serializers.CharField()
    evidence = serializers.DictField(help_text="As it was when it was found.")


class HappeningToldSerializer(serializers.Serializer):
    at = InstantField()
    kind = serializers.CharField()
    by = serializers.CharField(allow_blank=True)
    causes = CauseToldSerializer(many=True)


class OrderDiagnosticsSerializer(serializers.Serializer):
    order = serializers.CharField()
    source_order = serializers.CharField()
    status = serializers.CharField()
    blocked = AmountSerializer(help_text="Goods and freight that it holds up, before tax.")
    first_cause = CauseToldSerializer(allow_null=True)
    causes = CauseToldSerializer(many=True)
    timeline = HappeningToldSerializer(many=True)


class ShareToldSerializer(serializers.Serializer):
    code = serializers.CharField()
    type = serializers.CharField()
    title = serializers.CharField()
    fix = serializers.CharField()
    orders = serializers.IntegerField(help_text="Failed by this first cause.")
    of = serializers.IntegerField(help_text="All that failed: the share is `orders` / `of`.")
    blocked = AmountSerializer(many=True)


class BatchDiagnosticsSerializer(serializers.Serializer):
    batch = serializers.CharField()
    failed = serializers.IntegerField()
    blocked = AmountSerializer(many=True)
    left_out = LeftOutSerializer(
        many=True, help_text="Every line that is not offered, also of orders that go on."
    )
    shares = ShareToldSerializer(many=True)


class FixToldSerializer(serializers.Serializer):
    code = serializers.CharField()
    subject = serializers.CharField(
        allow_blank=True, help_text="A SKU, a destination …; blank: fixed in one go."
    )
    fix = serializers.CharField()
    fixer = serializers.CharField()
    done_here = serializers.BooleanField(
        help_text="Applying it does it; else it is done elsewhere first."
    )
    orders = serializers.IntegerField(help_text="Orders that it touches.")


class FixSetSerializer(serializers.Serializer):
    fixes = FixToldSerializer(many=True)
    frees = serializers.IntegerField(help_text="Orders that come to nothing now.")
    money = AmountSerializer(many=True, help_text="Goods and freight as paid, before tax.")
    exact = serializers.BooleanField(
        help_text="false: found greedily; `at_most` bounds every set of this size."
    )
    at_most = serializers.IntegerField()


class FixSetsSerializer(serializers.Serializer):
    batch = serializers.CharField()
    version = serializers.IntegerField()
    stopped = serializers.IntegerField()
    hopeless = serializers.IntegerField(help_text="Of them, orders that nothing cures.")
    sets = FixSetSerializer(many=True)


class FixesAppliedSerializer(serializers.Serializer):
    touched = serializers.IntegerField()
    freed = serializers.IntegerField()
    screening = serializers.BooleanField(help_text="true: the whole batch is being screened again.")


class OrderDiagnosisView(StoreAPIView):
    @describe_operation("get_order_diagnostics", OrderDiagnosticsSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """Why an order failed: the first cause against its consequences, the evidence of then, the
        fix, the timeline."""
        found = failures.order_diagnosis(self.store, ref, now=clock.now(self.store))
        return Response(order_diagnosis_payload(found, request))


class PdfRenderer(BaseRenderer):
    """Only names the media type."""

    media_type, format = "application/pdf", "pdf"


class OrderReportView(StoreAPIView):
    renderer_classes = [PdfRenderer]

    @describe_operation("get_order_report", OpenApiTypes.BINARY, media_type="application/pdf")
    def get(self, request: Request, ref: str) -> HttpResponse:
        """The same as a PDF, in the language that Accept-Language asks for.

        202 without a body while it is being made: ask again after `Retry-After` seconds.
        """
        made = order_reports.get_or_request(self.store, ref)
        if made is None:
            headers = {"Retry-After": str(order_reports.RETRY_SECONDS)}
            return HttpResponse(status=status.HTTP_202_ACCEPTED, headers=headers)
        return HttpResponse(made, content_type="application/pdf")


class BatchDiagnosisView(StoreAPIView):
    @describe_operation("get_batch_diagnostics", BatchDiagnosticsSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """The failed orders of a batch by first cause, and the money that they hold up."""
        now = clock.now(self.store)
        found = failures.batch_diagnosis(batches.get_batch(self.store, ref, now=now), now=now)
        return Response(batch_diagnosis_payload(found, request))


class FixesView(StoreAPIView):
    needs = Capability.PLAN

    @describe_operation("get_batch_fixes", FixSetsSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """The smallest sets of fixes that free the most orders and money, one for each size."""
        batch = self.batch(ref)
        return Response(
            _fix_sets_payload(batch, find_fixable_orders(batch, now=clock.now(self.store)))
        )

    @describe_operation(
        "apply_batch_fixes",
        FixesAppliedSerializer,
        body=requests.FixesSerializer,
        later=BatchSerializer,
    )
    def post(self, request: Request, ref: str) -> Response:
        """Applies fixes and screens the touched orders again; a fix of a gate screens the whole
        batch again.

        Where more than 500 orders are touched it goes on in the background: 202, and the batch's
        `edit` tells how far it is.
        """
        batch, sent = self.batch(ref), self.sent(requests.FixesSerializer)
        wanted = {Fix(Code(row["code"]), row["subject"]) for row in sent["fixes"]}
        done = fixe_services.apply(batch=batch, wanted=wanted, by=self.by, version=sent["version"])
        return (
            accepted_response(batch)
            if isinstance(done, EditTask)
            else Response(FixesAppliedSerializer(done).data)
        )


def _fix_sets_payload(batch: Batch, found: FixableOrders) -> dict[str, Any]:
    return {
        "batch": batch.ref,
        "version": batch.version,
        "stopped": found.cure.stopped,
        "hopeless": found.cure.hopeless,
        "sets": [
            {
                "fixes": [_fix_payload(fix, found) for fix in step.fixes],
                "frees": step.gain.orders,
                "money": amounts_by_currency(step.gain.money),
                "exact": step.exact,
                "at_most": step.at_most,
            }
            for step in found.cure.steps
        ],
    }


def _fix_payload(fix: Fix, found: FixableOrders) -> dict[str, Any]:
    return {
        "code": str(fix.code),
        "subject": fix.subject,
        "fix": problem_texts.describe(fix.code).fix,
        "fixer": str(CATALOGUE[fix.code].fixer),
        "done_here": fix.code in fixe_services.SELF_APPLIED_CODES,
        "orders": len(found.touched[fix]),
    }


def order_diagnosis_payload(found: OrderDiagnosis, request: Request) -> dict[str, Any]:
    case = found.case
    return {
        "order": case.ref,
        "source_order": case.number,
        "status": case.state,
        "blocked": amount_payload(case.blocked_minor, case.currency),
        "first_cause": cause_payload(case.first, request) if case.first else None,
        "causes": [cause_payload(cause, request) for cause in case.causes],
        "timeline": [_event_payload(each, request) for each in found.timeline],
    }


def cause_payload(cause: Cause, request: Request) -> dict[str, Any]:
    entry, evidence = CATALOGUE[cause.code], dict(cause.found.evidence)
    said = problem_texts.describe(cause.code, evidence)
    return {
        "code": str(cause.code),
        "type": _code_page_url(cause.code, request),
        "role": str(cause.role),
        "because": cause.because and str(cause.because),
        "line": cause.found.line,
        "title": said.title,
        "cause": said.cause,
        "fix": said.fix,
        "fixer": str(entry.fixer),
        "severity": str(entry.severity),
        "evidence": evidence,
    }


def _code_page_url(code: str, request: Request) -> str:
    return request.build_absolute_uri(reverse("code", args=[code]))


def _event_payload(each: TimelineEntry, request: Request) -> dict[str, Any]:
    causes = [cause_payload(cause, request) for cause in each.causes]
    return {
        "at": InstantField().to_representation(each.at),
        "kind": each.kind,
        "by": each.by,
        "causes": causes,
    }


def batch_diagnosis_payload(found: BatchDiagnosis, request: Request) -> dict[str, Any]:
    return {
        "batch": found.batch.ref,
        "failed": len(found.cases),
        "blocked": amounts_by_currency(found.blocked),
        "left_out": LeftOutSerializer(found.left_out, many=True).data,
        "shares": list(_share_payloads(found.shares, len(found.cases), request)),
    }


def _share_payloads(
    shares: Iterable[FailureShare], of: int, request: Request
) -> Iterable[dict[str, Any]]:
    for share in shares:
        said = problem_texts.describe(share.code)
        yield {
            "code": str(share.code),
            "type": _code_page_url(share.code, request),
            "title": said.title,
            "fix": said.fix,
            "orders": share.failures,
            "of": of,
            "blocked": amounts_by_currency(share.blocked),
        }


def amounts_by_currency(minor_by_currency: Mapping[str, int]) -> list[dict[str, str]]:
    return [amount_payload(minor, currency) for currency, minor in minor_by_currency.items()]
