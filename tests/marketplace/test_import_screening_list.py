import datetime as dt
import json

import pytest
from django.core.management import CommandError, call_command

from marketplace.models import ScreenedParty

pytestmark = pytest.mark.django_db
HEADER = "name,aliases,country,reference,listed_from,listed_until\n"
ROWS = "Stopped Sample LLC,Stopped Avia; Стоп Авиа,RU,S-1,2024-01-01,\nHalted Ltd,,,S-2,,2025-12-31\n"


@pytest.fixture
def imported(tmp_path, capsys):
    def run(text: str) -> dict:
        file = tmp_path / "list.csv"
        file.write_text(text, encoding="utf-8")
        call_command("import_screening_list", str(file), list="TEST", json=True)
        return json.loads(capsys.readouterr().out)

    return run


class TestAScreeningList:
    def test_is_imported_with_aliases_and_dates(self, imported):
        assert imported(HEADER + ROWS)["new"] == 2
        party = ScreenedParty.objects.get(reference="S-1")
        assert (party.name, party.aliases) == ("Stopped Sample LLC", ["Stopped Avia", "Стоп Авиа"])
        assert (party.listed_from, party.listed_until) == (dt.date(2024, 1, 1), None)
        assert party.keys == ["stopped avia", "stopped sample", "стоп авиа"]

    def test_imported_twice_changes_nothing(self, imported):
        imported(HEADER + ROWS)
        before = list(ScreenedParty.objects.order_by("pk").values())
        again = imported(HEADER + ROWS)
        assert (again["new"], again["changed"], again["already_there"]) == (0, 0, 2)
        assert list(ScreenedParty.objects.order_by("pk").values()) == before

    def test_updates_an_entry_that_has_changed(self, imported):
        imported(HEADER + ROWS)
        assert imported(HEADER + "Halted Ltd,Halted Sea,,S-2,,2025-12-31\n")["changed"] == 1
        assert "halted sea" in ScreenedParty.objects.get(reference="S-2").keys

    def test_says_what_is_no_longer_in_the_file_and_leaves_it(self, imported):
        imported(HEADER + ROWS)
        assert imported(HEADER + ROWS.splitlines()[1] + "\n")["not_in_the_file"] == 1
        assert ScreenedParty.objects.count() == 2

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("!!!,,,S,,", "name"),
            ("A,,Germany,S,,", "country"),
            ("A,,DE,S,01.02.2024,", "date"),
            ("A,,DE", "fields"),
            (f"{'A' * 301},,DE,S,,", "too_long"),
        ],
    )
    def test_refuses_a_bad_row_and_says_why(self, imported, row, reason):
        assert imported(HEADER + row + "\n")["refused"] == {reason: 1}
        assert not ScreenedParty.objects.exists()

    def test_counts_a_row_that_is_given_twice(self, imported):
        told = imported(HEADER + ROWS + ROWS)
        assert (told["new"], told["refused"]) == (2, {"given_twice": 2})

    def test_without_its_columns_is_one_clear_line(self, imported):
        with pytest.raises(CommandError, match="FILE_COLUMNS_MISSING"):
            imported("name,country\nA,DE\n")
