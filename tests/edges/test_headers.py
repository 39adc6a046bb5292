"""Security headers: strict everywhere, looser only for the console's shell and for a PDF in a frame of our own."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from monetization.csp import PolicyByPath


def policy(path: str, content_type: str = "text/html; charset=utf-8") -> dict[str, str]:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"", content_type=content_type, headers={"X-Frame-Options": "DENY"})

    answer = PolicyByPath(view)(RequestFactory().get(path))
    parts = (part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    return dict(parts) | {"frame": answer["X-Frame-Options"]}


@pytest.mark.parametrize("path", ["/sign-in/", "/portal/", "/api/v1/events", "/consoles/", "/nowhere/console/"])
def test_strict_policy(path: str) -> None:
    assert policy(path) == {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "frame-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "frame": "DENY",
    }


def test_console_may_evaluate_but_not_run_inline_scripts() -> None:
    console = policy("/console/")
    assert console["script-src"] == "'self' 'unsafe-eval'"
    assert console["style-src"] == "'self' 'unsafe-inline'"
    assert console["frame-ancestors"] == "'none'"


def test_pdf_may_be_framed_by_our_own_pages_only() -> None:
    for path in ("/console/invoices/1.pdf", "/portal/invoices/1.pdf"):
        assert policy(path, "application/pdf") == {
            "default-src": "'none'",
            "object-src": "'self'",
            "style-src": "'unsafe-inline'",
            "frame-ancestors": "'self'",
            "frame": "SAMEORIGIN",
        }


@pytest.mark.django_db
def test_every_answer_has_them_errors_too(client: Client) -> None:
    for path in ("/sign-in/", "/no-such-page/", "/api/v1/no-such-thing"):
        answer = client.get(path)
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "default-src 'self'" in answer["Content-Security-Policy"]
