"""Content-Security-Policy: strict everywhere, looser only where a page can't work otherwise.

The console's shell (Alpine's standard build) evaluates expressions and sets inline styles; inline scripts stay
forbidden there too. A PDF may be shown inside our own pages, where the browser's viewer is an embedded object; no
other answer may be framed. Portal, sign-in and API pages get the strict policy.
"""

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase

STRICT: dict[str, list[str]] = {
    "default-src": [SELF],
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "frame-src": [SELF],
    "object-src": [NONE],
    "base-uri": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}
CONSOLE = STRICT | {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
DOCUMENT: dict[str, list[str]] = {
    "default-src": [NONE],
    "object-src": [SELF],
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [SELF],
}
CONSOLE_PATH = "/console/"


class PolicyByPath(CSPMiddleware):
    """Send PDFs with the document's policy, pages below ``/console/`` with the console's, all else strict."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if report_only or parts.config is not None:
            return parts
        if is_pdf(response):
            parts.config = DOCUMENT
        elif request.path_info.startswith(CONSOLE_PATH):
            parts.config = CONSOLE
        return parts

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if is_pdf(response):
            response["X-Frame-Options"] = "SAMEORIGIN"
        return super().process_response(request, response)


def is_pdf(response: HttpResponseBase) -> bool:
    return response.get("Content-Type", "") == "application/pdf"
