"""A page a code: what it means, who can fix it, and how. Open to all, so that an API's answer can
link to it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics import problem_texts
from diagnostics.catalogue import CATALOGUE, CatalogueEntry
from diagnostics.codes import Code, Severity
from diagnostics.problem_texts import ProblemText
from repurchase.reporting.fix_links import FIX_LINKS

MAX_QUERY_LENGTH = 100


@require_safe
def list_all(request: HttpRequest) -> HttpResponse:
    """`?q=` looks into code, title, cause and fix, in the language shown and in English;
    `?severity=` chooses a kind."""
    asked = request.GET.get("q", "")[:MAX_QUERY_LENGTH].strip()
    kind = request.GET.get("severity", "")
    kind = kind if kind in set(Severity) else ""
    every_row = [
        {"words": problem_texts.describe(code), "entry": entry} for code, entry in CATALOGUE.items()
    ]
    rows = [r for r in every_row if not kind or r["entry"].severity == kind]
    found = [row for row in rows if _is_code_match(asked, row["words"], row["entry"])]
    context = {
        "rows": found,
        "total": len(every_row),
        "q": asked,
        "kind": kind,
        "kinds": list(Severity),
    }
    return render(request, "codes/every.html", context)


def _is_code_match(asked: str, said: ProblemText, entry: CatalogueEntry) -> bool:
    """Every word of what is asked stands somewhere."""
    text = " ".join(
        (
            said.code,
            said.code.replace("_", " "),
            said.title,
            said.cause,
            said.fix,
            entry.title,
            entry.fix,
        )
    )
    return all(word in text.casefold() for word in asked.casefold().split())


@require_safe
def show_detail(request: HttpRequest, name: str) -> HttpResponse:
    if name not in CATALOGUE:
        raise Http404
    code = Code(name)
    context = {
        "words": problem_texts.describe(code),
        "entry": CATALOGUE[code],
        "place": FIX_LINKS.get(code),
    }
    return render(request, "codes/one.html", context)
