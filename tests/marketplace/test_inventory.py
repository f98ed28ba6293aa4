"""Stock levels from outside: partial errors, never backwards, a constant number of queries
(R-80)."""

import datetime as dt
import json
import time

import pytest
from django.core.management import CommandError, call_command

from diagnostics.codes import Code
from marketplace import clock
from marketplace.mirror import connector, inventory
from marketplace.mirror.stock_rows import (
    MAX_ON_HAND,
    RejectedStockRow,
    StockUpdateRow,
    newest_per_sku,
    parse_stock_row,
)
from marketplace.models import SIMULATED, Sku, StockClaim
from tests import world

NOW = world.NOW
SECOND = dt.timedelta(seconds=1)
GOOD = {"key": "1", "sku": "MUG", "on_hand": 12, "synced_at": NOW.isoformat()}


@pytest.fixture
def store(db):
    made = world.store()
    made.clock_offset = NOW - clock.now()
    made.save()
    return made


def put(store, *rows, source="api"):
    report = inventory.put(store=store, rows=rows, source=source)
    return report.accepted, [(r.index, r.key, r.code, r.name) for r in report.rejected]


def row(sku, on_hand=5, at=None, key="") -> dict:
    sent = {"sku": sku.code, "on_hand": on_hand}
    return sent | ({"synced_at": at.isoformat()} if at else {}) | ({"key": key} if key else {})


def level(sku) -> tuple:
    sku.refresh_from_db()
    return sku.on_hand, sku.stock_synced_at


class TestARow:
    @pytest.mark.parametrize(
        "change",
        [
            {},
            {"on_hand": 0},
            {"on_hand": MAX_ON_HAND},
            {"synced_at": None},
            {"synced_at": "2026-11-23T16:00:00+08:00"},
            {"synced_at": "2026-11-23T08:00:00Z"},
            {"key": "k" * 64},
        ],
    )
    def test_is_taken(self, change):
        taken = parse_stock_row(0, GOOD | change, now=NOW)
        assert isinstance(taken, StockUpdateRow)
        assert taken.at == NOW

    @pytest.mark.parametrize(
        ("change", "name"),
        [
            ({"on_hand": -1}, "on_hand"),
            ({"on_hand": MAX_ON_HAND + 1}, "on_hand"),
            ({"on_hand": True}, "on_hand"),
            ({"on_hand": "12"}, "on_hand"),
            ({"on_hand": 1.5}, "on_hand"),
            ({"on_hand": None}, "on_hand"),
            ({"sku": ""}, "sku"),
            ({"sku": "s" * 65}, "sku"),
            ({"sku": 7}, "sku"),
            ({"sku": "a\0"}, "sku"),
            ({"key": ""}, "key"),
            ({"key": "k" * 65}, "key"),
            ({"synced_at": (NOW + dt.timedelta(microseconds=1)).isoformat()}, "synced_at"),
            ({"synced_at": "2026-11-23T08:00:00"}, "synced_at"),
            ({"synced_at": "yesterday"}, "synced_at"),
            ({"synced_at": 0}, "synced_at"),
            ({"synced_at": "0001-01-01T00:00:00+14:00"}, "synced_at"),
            ({"onhand": 3}, "onhand"),
        ],
    )
    def test_is_rejected_with_the_value_named(self, change, name):
        rejected = parse_stock_row(3, GOOD | change, now=NOW)
        assert isinstance(rejected, RejectedStockRow)
        assert (rejected.index, rejected.code, rejected.name) == (3, Code.INPUT_INVALID, name)

    @pytest.mark.parametrize("sent", [None, 1, "MUG", [], [GOOD]])
    def test_that_is_no_object_is_rejected(self, sent):
        assert parse_stock_row(0, sent, now=NOW).name == ""

    def test_without_a_key_goes_by_its_sku(self):
        assert parse_stock_row(0, {"sku": "MUG", "on_hand": 1}, now=NOW).key == "MUG"


class TestRowsOfOneSku:
    @pytest.mark.parametrize(
        ("ages", "chosen"), [([0, 0], 1), ([0, 1], 0), ([1, 0], 1), ([2, 0, 1], 1), ([1, 1, 1], 2)]
    )
    def test_come_down_to_the_newest_and_of_equal_ones_to_the_last(self, ages, chosen):
        rows = [
            StockUpdateRow(i, str(i), "MUG", i, NOW - age * SECOND) for i, age in enumerate(ages)
        ]
        taken, repeated = newest_per_sku(rows)
        assert [r.index for r in taken] == [chosen]
        assert {r.index for r in repeated} == set(range(len(ages))) - {chosen}
        assert {r.code for r in repeated} == {Code.STOCK_ROW_REPEATED}


class TestPuttingLevels:
    def test_keeps_the_number_the_time_and_where_it_came_from(self, store):
        sku = world.sku(
            store, assumed=["on_hand", "stock_synced_at", "title"], stock_synced_at=None
        )
        assert put(store, row(sku, 7, NOW - SECOND)) == (1, [])
        assert level(sku) == (7, NOW - SECOND)
        assert (sku.stock_source, sku.assumed) == ("api", ["title"])

    @pytest.mark.parametrize(
        ("moved", "on_hand"),
        [(-SECOND, 100_000), (dt.timedelta(0), 5), (dt.timedelta(microseconds=1), 5)],
    )
    def test_never_goes_back_in_time(self, store, moved, on_hand):
        """Both sides: the very same instant is taken again, a moment before it is not."""
        at = NOW - dt.timedelta(minutes=1)
        sku = world.sku(store, stock_synced_at=at)
        accepted, errors = put(store, row(sku, 5, at + moved, key="r1"))
        assert level(sku)[0] == on_hand
        stale = [(0, "r1", Code.STOCK_ROW_STALE, "synced_at")]
        assert (accepted, errors) == ((0, stale) if moved < dt.timedelta(0) else (1, []))

    def test_accounts_for_every_row_once(self, store):
        one, two = world.sku(store), world.sku(store, stock_synced_at=NOW - SECOND)
        accepted, errors = put(
            store,
            row(one, 1),
            {"sku": "NO", "on_hand": 1},
            row(one, 2),
            row(two, 3, NOW - 2 * SECOND),
            None,
            row(two, -1),
        )
        assert accepted + len(errors) == 6
        assert [(i, code) for i, _, code, _ in errors] == [
            (0, Code.STOCK_ROW_REPEATED),
            (1, Code.SKU_UNKNOWN),
            (3, Code.STOCK_ROW_STALE),
            (4, Code.INPUT_INVALID),
            (5, Code.INPUT_INVALID),
        ]
        assert (level(one)[0], level(two)[0]) == (2, 100_000)

    def test_knows_nothing_of_another_store(self, store):
        foreign = world.sku(world.store())
        assert put(store, row(foreign))[1] == [(0, foreign.code, Code.SKU_UNKNOWN, "sku")]
        assert level(foreign)[0] == 100_000

    def test_leaves_reservations_alone(self, store):
        """Pitfall 10: they are rows of their own, and hold also below what is on hand."""
        sku = world.sku(store)
        held = StockClaim.objects.create(
            store=store, sku=sku, holder=access_id(), quantity=40, until=None
        )
        put(store, row(sku, 3))
        held.refresh_from_db()
        assert (held.quantity, held.released_at) == (40, None)

    @pytest.mark.parametrize("size", [1, 50, 5000])
    def test_takes_the_same_queries_for_any_number_of_rows(
        self, store, size, django_assert_num_queries
    ):
        category = world.category()
        skus = Sku.objects.bulk_create(
            Sku(store=store, code=f"K-{n}", title="", category=category, **world.MIRRORED)
            for n in range(size)
        )
        rows = [row(sku, n) for n, sku in enumerate(skus)]
        # the clock, the rows held, one write, a savepoint and its end
        with django_assert_num_queries(5):
            report = inventory.put(store=store, rows=rows, source="api")
        assert (report.accepted, report.rejected) == (size, [])
        assert Sku.objects.filter(store=store, on_hand__gt=0).count() == max(size - 1, 0)


def access_id():
    import uuid

    return uuid.uuid4()


class TestTheApi:
    @pytest.fixture
    def send(self, client, store):
        key = world.key(store, "write")

        def call(body, key=key):
            return client.put(
                "/api/v1/inventory/",
                json.dumps(body),
                content_type="application/json",
                headers={"Authorization": f"Bearer {key}", "Accept-Language": "en"},
            )

        return call

    def test_answers_200_with_the_rows_that_could_not_be_taken(self, send, store):
        sku = world.sku(store)
        answer = send({"rows": [row(sku, 9, key="a"), {"key": "b", "sku": "NO", "on_hand": 1}]})
        assert answer.status_code == 200
        detail = "The store has no SKU “NO”."
        error = {"key": "b", "pointer": "#/rows/1/sku", "code": "SKU_UNKNOWN", "detail": detail}
        assert answer.json() == {"accepted": 1, "errors": [error]}
        assert level(sku)[0] == 9

    @pytest.mark.parametrize(("size", "status"), [(5000, 200), (5001, 422)])
    def test_takes_five_thousand_rows_a_call(self, send, store, size, status):
        answer = send({"rows": [{"sku": f"K-{n}", "on_hand": 1} for n in range(size)]})
        assert answer.status_code == status
        if status == 422:
            assert answer.json()["errors"][0]["pointer"] == "#/rows"

    @pytest.mark.parametrize("body", [{}, {"rows": 1}, {"rows": [], "row": []}, []])
    def test_refuses_a_body_that_is_none(self, send, body):
        assert send(body).status_code == 422

    def test_wants_the_scope_to_write(self, send, store):
        reader = world.key(store, "read")
        answer = send({"rows": []}, key=reader)
        assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_MISSING")


class TestTheFile:
    def write(self, tmp_path, *lines):
        file = tmp_path / "stock.csv"
        file.write_text("\n".join(["sku,on_hand,synced_at", *lines]) + "\n", encoding="utf-8")
        return file

    def load(self, capsys, tmp_path, store, file):
        refused = tmp_path / "refused.csv"
        call_command("import_inventory", str(file), store=store.code, refused=refused, json=True)
        return json.loads(capsys.readouterr().out)["rows"], refused.read_text().splitlines()[1:]

    def test_is_accounted_for_and_can_be_repeated(self, store, tmp_path, capsys):
        one, two = world.sku(store, stock_synced_at=None), world.sku(store, stock_synced_at=None)
        at = (NOW - SECOND).isoformat()
        file = self.write(
            tmp_path, f"{one.code},7,{at}", f"{two.code},8,", "NO,1,", "x", f"{one.code},1e3,"
        )
        for _ in range(2):
            rows, refused = self.load(capsys, tmp_path, store, file)
            assert rows["read"] == 5
            assert rows["accepted"] == 2
            assert rows["refused"] == {"SKU_UNKNOWN": 1, "INPUT_INVALID": 2}
            assert [line.split(",")[:2] for line in refused] == [
                ["3", "SKU_UNKNOWN"],
                ["4", "INPUT_INVALID"],
                ["5", "INPUT_INVALID"],
            ]
        assert level(one) == (7, NOW - SECOND)
        assert level(two)[0] == 8
        assert one.stock_source == "file"

    def test_without_its_columns_is_one_clear_line(self, store, tmp_path):
        file = tmp_path / "stock.csv"
        file.write_text("sku,pieces\nA,1\n")
        with pytest.raises(CommandError, match="FILE_COLUMNS_MISSING"):
            call_command(
                "import_inventory", str(file), store=store.code, refused=tmp_path / "r.csv"
            )


class Ready:
    """A connector that answers at once, its clock a second ahead."""

    def read(self, store, sku_codes):
        return {code: (3, clock.now(store) + SECOND) for code in sku_codes} | {"OTHER": (1, NOW)}


class Failing:
    def read(self, store, sku_codes):
        raise ConnectionError("refused")


class Hanging:
    def read(self, store, sku_codes):
        time.sleep(3)
        return dict.fromkeys(sku_codes, (3, NOW))


class TestAskingTheSource:
    @pytest.mark.parametrize(("name", "fresher"), [("Ready", 1), ("Failing", 0), ("Hanging", 0)])
    def test_waits_so_long_and_no_longer(self, store, settings, name, fresher):
        settings.STOCK_SOURCE = f"{__name__}.{name}"
        sku = world.sku(store, stock_synced_at=None)
        began = time.monotonic()
        assert connector.refresh(store=store, sku_codes=[sku.code], seconds=0.3) == fresher
        assert time.monotonic() - began < 2
        assert level(sku)[0] == (3 if fresher else 100_000)

    def test_asks_nobody_where_there_is_none(self, store, settings):
        settings.STOCK_SOURCE = ""
        sku = world.sku(store, stock_synced_at=None, source=SIMULATED)
        assert connector.refresh(store=store, sku_codes=[sku.code], seconds=1) == 0
