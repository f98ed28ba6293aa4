import csv
import datetime as dt
import json

import pytest
from django.core.management import CommandError, call_command

from marketplace.models import ScreenedParty
from marketplace.names import is_same_name

pytestmark = pytest.mark.django_db
HEADER = "name,aliases,country,reference,listed_from,listed_until\n"
ROWS = (
    "Stopped Sample LLC,Stopped Avia; Стоп Авиа,RU,S-1,2024-01-01,\nHalted Ltd,,,S-2,,2025-12-31\n"
)


@pytest.fixture
def imported(tmp_path, capsys):
    def run(text: str) -> dict:
        file = tmp_path / "list.csv"
        file.write_text(text, encoding="utf-8")
        refused, code = tmp_path / "refused.csv", 0
        try:
            call_command(
                "import_screening_list", str(file), list="TEST", json=True, refused=refused
            )
        except CommandError as error:
            if error.returncode != 3:
                raise
            code = error.returncode
        return json.loads(capsys.readouterr().out) | {"exit": code}

    return run


class TestAScreeningList:
    def test_is_imported_with_aliases_and_dates(self, imported):
        assert imported(HEADER + ROWS)["new"] == 2
        party = ScreenedParty.objects.get(reference="S-1")
        assert (party.name, party.aliases) == ("Stopped Sample LLC", ["Stopped Avia", "Стоп Авиа"])
        assert (party.listed_from, party.listed_until) == (dt.date(2024, 1, 1), None)
        assert set(party.keys) == {
            "aviastop",
            "aviastoped",
            "avia stop",
            "avia stoped",
            "stopavia",
            "stopedavia",
            "stopedsample",
            "sample stoped",
            "samplestoped",
            "+stopavia",
            "+stopedavia",
            "+stopedsample",
        }

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
        ("row", "kept", "left_blank"),
        [
            ("A,,China,r1,2024-01-01,", ("CN", dt.date(2024, 1, 1)), {}),
            ("A,,CHN,r1,,", ("CN", None), {}),
            ("A,,cn,r1,,", ("CN", None), {}),
            ("A,,Atlantis,r1,,", ("", None), {"country": 1}),
            ("A,,DE,r1,01/02/2024,", ("DE", None), {"listed_from": 1}),
            ("A,,DE,r1,2024/02/01,", ("DE", dt.date(2024, 2, 1)), {}),
            ("A,,DE,r1,,soon", ("DE", None), {"listed_until": 1}),
            ("A,,DE", ("DE", None), {}),
            ("A,,DE,r1,,,more,cells", ("DE", None), {}),
        ],
    )
    def test_takes_every_row_with_a_name_and_leaves_blank_what_it_can_not_read(
        self, imported, row, kept, left_blank
    ):
        told = imported(HEADER + row + "\n")
        party = ScreenedParty.objects.get()
        assert (party.country, party.listed_from) == kept
        assert (told["new"], told["refused"], told["left_blank"], told["exit"]) == (
            1,
            0,
            left_blank,
            3 if left_blank else 0,
        )

    @pytest.mark.parametrize("length", [301, 5000])
    def test_takes_a_name_that_is_too_long_for_its_column_and_says_so(self, imported, length):
        told = imported(HEADER + f"{'A b' * length},,DE,S,,\n")
        assert (told["new"], told["left_blank"]) == (1, {"name": 1})
        assert len(ScreenedParty.objects.get().name) == 300

    @pytest.mark.parametrize("name", ["", "   ", "!!!"])
    def test_refuses_only_a_row_without_a_name_into_a_file(self, imported, tmp_path, name):
        told = imported(HEADER + f"{name},,DE,S-9,,\n" + ROWS)
        assert (told["new"], told["refused"], told["exit"]) == (2, 1, 3)
        with open(told["refused_rows_file"], encoding="utf-8") as file:
            (row,) = csv.DictReader(file)
        assert (row["row"], row["reason"], row["reference"]) == ("1", "no_name", "S-9")

    def test_puts_two_rows_of_one_party_together(self, imported):
        told = imported(HEADER + "A Sample,One,,S,2024-01-01,\nA Sample,Two,DE,S,,\n" + ROWS + ROWS)
        assert (told["new"], told["given_twice"], told["exit"]) == (3, 3, 0)
        party = ScreenedParty.objects.get(reference="S")
        assert (party.aliases, party.country, party.listed_from) == (["One", "Two"], "DE", None)

    def test_without_its_columns_is_one_clear_line(self, imported):
        with pytest.raises(CommandError, match="FILE_COLUMNS_MISSING"):
            imported("name,country\nA,DE\n")

    def test_that_is_no_table_is_one_clear_line(self, imported):
        with pytest.raises(CommandError, match="FILE_NOT_CSV"):
            imported("")


CONSOLIDATED = (
    "_id,source,entity_number,type,programs,name,title,addresses,federal_register_notice,start_date,end_date,"
    "standard_order,license_requirement,license_policy,call_sign,vessel_type,gross_tonnage,gross_registered_tonnage,"
    "vessel_flag,vessel_owner,remarks,source_list_url,alt_names,citizenships,dates_of_birth,nationalities,"
    "places_of_birth,source_information_url,ids\n"
    'f1,Denied Persons List (DPL),,,,"SAMPLE ROTOR WORKS",,"1 Sample St., Sampletown, CN",FR,2024-03-04,2031-03-04,'
    'Y,,,,,,,,,,https://example.org,"ROTOR SAMPLE; 样品旋翼有限公司",,,,,https://example.org,\n'
    "f2,Entity List (EL),77,Entity,EAR,SAMPLE GYRO LLC,,,FR,,,,,,,,,,,,,,,,,,,,\n"
)
SDN = (
    '9001,"SAMPLEOV, Ivan Petrovich",individual,SAMPLE,Director,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    "\"DOB 01 Jan 1950; a.k.a. 'THE SAMPLE'; f.k.a. 'SAMPLOV'.\"\n"
    '9002,"SAMPLE DRONE CO., LTD.",-0- ,SAMPLE,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n'
    "\x1a\n"
)


class TestAListAsItIsPublished:
    """Invented parties under the headers of real files."""

    def test_reads_the_consolidated_screening_list(self, imported):
        told = imported(CONSOLIDATED)
        assert (told["new"], told["exit"]) == (2, 0)
        party = ScreenedParty.objects.get(reference="f1")
        assert party.aliases == ["ROTOR SAMPLE", "样品旋翼有限公司"]
        assert (party.listed_from, party.listed_until) == (dt.date(2024, 3, 4), dt.date(2031, 3, 4))
        assert ScreenedParty.objects.get(reference="77").name == "SAMPLE GYRO LLC"

    def test_reads_ofacs_file_without_a_header(self, imported):
        told = imported(SDN)
        assert (told["new"], told["refused"], told["exit"]) == (2, 0, 0)
        party = ScreenedParty.objects.get(reference="9001")
        assert (party.name, party.aliases) == (
            "SAMPLEOV, Ivan Petrovich",
            ["THE SAMPLE", "SAMPLOV"],
        )
        assert is_same_name("Ivan Sampleov Petrovich", party.name)
