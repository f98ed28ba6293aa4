"""The sandbox over the API: a clock that can be moved."""

import datetime as dt

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.access import Capability
from repurchase.deadlines import sandbox_clock
from repurchase.integration.api.base import StoreAPIView
from repurchase.integration.api.fields import InstantField
from repurchase.integration.api.requests import StrictSerializer
from repurchase.integration.api.schema import describe_operation


class StepSerializer(StrictSerializer):
    seconds = serializers.IntegerField(
        min_value=1,
        max_value=int(sandbox_clock.MAX_STEP.total_seconds()),
        help_text="259200 is 72 hours.",
    )


class ClockToldSerializer(serializers.Serializer):
    sandbox = serializers.BooleanField(help_text="false: a live store, whose clock can't be moved.")
    now = InstantField(help_text="The store's instant, by which every deadline is judged.")
    moved_by = serializers.IntegerField(help_text="Seconds ahead of the real time.")


class MovedSerializer(ClockToldSerializer):
    ended_locks = serializers.IntegerField()
    released_orders = serializers.IntegerField()


class ClockView(StoreAPIView):
    needs = Capability.MANAGE_KEYS

    @describe_operation("get_clock", ClockToldSerializer)
    def get(self, request: Request) -> Response:
        """The store's clock."""
        return Response(ClockToldSerializer(self._told()).data)

    @describe_operation("move_clock", MovedSerializer, body=StepSerializer)
    def post(self, request: Request) -> Response:
        """Moves a sandbox store's clock forward, and does one pass of its timers: 72 hours in a
        second."""
        swept = sandbox_clock.move(
            store=self.store, by_seconds=self.sent(StepSerializer)["seconds"], by=self.by
        )
        did = {"ended_locks": swept.ended_locks, "released_orders": swept.released_orders}
        return Response(MovedSerializer(self._told() | did).data)

    def _told(self) -> dict:
        store = self.store
        moved = store.clock_offset // dt.timedelta(seconds=1)
        return {"sandbox": store.sandbox, "now": self.now, "moved_by": moved}
