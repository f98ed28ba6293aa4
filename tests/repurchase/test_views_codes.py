"""The pages of the catalogue: one a code in both languages, an index that can be searched."""

import re

import pytest
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape

from diagnostics import problem_texts
from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code
from repurchase.reporting.fix_links import FIX_LINKS

pytestmark = pytest.mark.django_db
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def english(client):
    client.cookies["django_language"] = "en"
    return client


class TestThePageOfACode:
    def test_is_there_for_each_in_chinese(self, client):
        for code in Code:
            page = client.get(f"/codes/{code}/").content.decode()
            main = page.partition('<dl class="problem-words')[2].partition("</dl>")[0]
            assert code in main
            assert len(CHINESE.findall(main)) > 10, code

    def test_is_there_for_each_in_english(self, english):
        for code in Code:
            page = english.get(f"/codes/{code}/").content.decode()
            main = page.partition('<dl class="problem-words')[2].partition("</dl>")[0]
            with translation.override("en"):
                assert escape(problem_texts.describe(code).fix) in main, code
            assert set(CHINESE.findall(main)) <= set("专线清关通道"), code

    def test_is_not_there_for_what_is_no_code(self, client):
        assert client.get("/codes/NO_SUCH_CODE/").status_code == 404

    def test_links_to_where_it_is_cured(self, english):
        for code, place in FIX_LINKS.items():
            assert f'href="{reverse(place.url)}"' in english.get(f"/codes/{code}/").content.decode()

    def test_is_what_a_problem_of_the_api_points_to(self, client):
        problem = client.get("/api/v1/batches/").json()
        assert problem["type"].endswith(f"/codes/{problem['code']}/")
        assert problem["code"] in client.get(problem["type"]).content.decode()


def found(client, **query) -> list[str]:
    page = client.get("/codes/", query).content.decode()
    return re.findall(r'href="/codes/([A-Z0-9_]+)/"', page)


class TestTheIndex:
    def test_lists_every_code(self, client):
        assert sorted(found(client)) == sorted(Code)

    @pytest.mark.parametrize("asked", ["stock_sync", "refresh 15", "Stock is out of sync"])
    def test_finds_by_code_fix_and_title(self, english, asked):
        assert "STOCK_SYNC_STALE" in found(english, q=asked)
        assert len(found(english, q=asked)) < 5

    def test_finds_in_chinese_and_by_english_words_in_chinese(self, client):
        client.cookies["django_language"] = "zh-hans"
        assert "LANE_UNREACHABLE" in found(client, q="专线清关通道")
        assert "LANE_UNREACHABLE" in found(client, q="carrier reaches")

    def test_shows_one_severity(self, client):
        codes = found(client, severity="final")
        assert {CATALOGUE[Code(code)].severity for code in codes} == {"final"}

    def test_says_when_nothing_is_found(self, english):
        page = english.get("/codes/", {"q": "zzzz"}).content.decode()
        assert "No code says that" in page
        assert (
            problem_texts.describe(Code.NOT_FOUND).title
            not in page.partition('id="codes"')[2].partition("</main>")[0]
        )

    def test_takes_a_nul_and_markup_as_text(self, client):
        answer = client.get("/codes/", {"q": "\0<b>", "severity": "nonsense"})
        assert answer.status_code == 200
        assert b"<b>" not in answer.content
