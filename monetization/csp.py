"""Content-Security-Policy: strict everywhere, looser only where the console's own scripts need it.

The console's shell (Alpine's standard build) evaluates expressions and sets inline styles; inline scripts stay
forbidden there too. Portal, sign-in and API pages get the strict policy.
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
    "frame-ancestors": [SELF],
}
CONSOLE = STRICT | {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
CONSOLE_PATH = "/console/"


class PolicyByPath(CSPMiddleware):
    """Send the console's policy below ``/console/`` and the strict one everywhere else."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only and parts.config is None and request.path_info.startswith(CONSOLE_PATH):
            parts.config = CONSOLE
        return parts
