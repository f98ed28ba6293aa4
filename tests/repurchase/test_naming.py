"""Who keeps the administration in Chinese reads Chinese: rows, columns, filters and values
(B-6)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.db.models import Field, Model
from django.utils import translation

import repurchase.urls  # noqa: F401 - the administration is whole from then on

APPS = (
    "diagnostics",
    "eligibility",
    "marketplace",
    "outbox",
    "pricing",
    "qualification",
    "repurchase",
)
TERMS = {
    "ID",
    "ERP",
    "API",
    "UBL",
    "SKU",
    "S",
    "AE",
    "Z",
    "G",
    "O",
}  # the last ones are codes of UN/CEFACT 5305
CHINESE = re.compile(r"[\u4e00-\u9fff]")
TRANSLATES = {"_", "gettext", "gettext_lazy", "pgettext", "pgettext_lazy", "ngettext", "npgettext"}


def shown() -> Iterator[type[Model]]:
    for model, settings_of in admin.site._registry.items():
        if model._meta.app_label in APPS:
            yield model
            yield from (inline.model for inline in settings_of.inlines)


FIELDS = sorted({field for model in shown() for field in model._meta.fields}, key=str)


def english(texts: list[object]) -> list[str]:
    with translation.override("zh-hans"):
        return [text for text in map(str, texts) if not CHINESE.search(text) and text not in TERMS]


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_each_column_and_value_has_a_chinese_name(field: Field):
    assert english([field.verbose_name, *(word for _, word in field.flatchoices)]) == []


@pytest.mark.parametrize("model", sorted(set(shown()), key=str), ids=str)
def test_each_row_has_a_chinese_name(model):
    assert english([model._meta.verbose_name, model._meta.verbose_name_plural]) == []


def test_each_computed_column_and_filter_has_one():
    described = []
    for model, of in admin.site._registry.items():
        if model._meta.app_label not in APPS:
            continue
        computed = [
            getattr(of, name) for name in of.list_display if name != "__str__" and hasattr(of, name)
        ]
        described += [column.short_description for column in computed]
        described += [each.title for each in of.list_filter if not isinstance(each, str)]
    assert described
    assert english(described) == []


def in_f_strings(source: str) -> list[str]:
    strings = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.JoinedStr)]
    calls = [each for node in strings for each in ast.walk(node) if isinstance(each, ast.Call)]
    return [ast.unparse(call) for call in calls if getattr(call.func, "id", "") in TRANSLATES]


def test_no_text_hides_in_an_f_string():
    """Nothing that collects texts looks into one, so it would never be translated."""
    files = [path for app in APPS for path in (Path(settings.BASE_DIR) / app).rglob("*.py")]
    assert {str(path): found for path in files if (found := in_f_strings(path.read_text()))} == {}
    assert in_f_strings("f'{n} ({gettext(\"late\")})'")
