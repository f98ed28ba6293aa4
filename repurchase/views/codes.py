"""A page a code: what it means, who can fix it, and how. Open to all, so that an API's answer can link to it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from diagnostics import words
from diagnostics.codes import CATALOGUE, Code


def every(request: HttpRequest) -> HttpResponse:
    rows = [{"words": words.of(code), "entry": entry} for code, entry in CATALOGUE.items()]
    return render(request, "codes/every.html", {"rows": rows})


def one(request: HttpRequest, name: str) -> HttpResponse:
    if name not in CATALOGUE:
        raise Http404
    return render(request, "codes/one.html", {"words": words.of(name), "entry": CATALOGUE[Code(name)]})
