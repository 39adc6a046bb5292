"""For auditors: the log as a file with its chain, where the chain stands, who may do what, everybody's way in."""

from typing import Any

from django.http.response import HttpResponseBase
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monetization.foundation.api.audit_bodies import AccessBody, AccessReviewBody, ChainBody, DutiesBody
from monetization.foundation.api.records import READS_AUDIT
from monetization.foundation.audit_files import FORMS, audit_file
from monetization.foundation.queries import access_review, audit_log
from monetization.foundation.rest.views import View
from monetization.foundation.rules.duties import DUTIES, matrix, side_of
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Invalid

NAMES = ("actor", "action", "subject", "text")
TIMES = ("from", "until")


class ForAuditors(View):
    """Read by auditors."""

    permission_classes = (READS_AUDIT,)


class AuditFile(ForAuditors):
    """The log as a file."""

    @extend_schema(
        responses={(200, form): OpenApiTypes.BINARY for form in ("application/jsonl", "text/csv")},
        parameters=[
            OpenApiParameter("form", enum=list(FORMS), description="jsonl unless said"),
            *(OpenApiParameter(name) for name in NAMES),
            *(OpenApiParameter(name, OpenApiTypes.DATETIME) for name in TIMES),
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Download the environment's entries, oldest first, each with the hash of its link and of the one before."""
        said = request.query_params
        form = said.get("form", "jsonl")
        if form not in FORMS:
            raise Invalid(f"There is no form “{form}”", field="form", fix=f"Use one of: {', '.join(FORMS)}")
        starts_at, ends_at = (_instant(said.get(name, ""), name) for name in TIMES)
        asked = audit_log.Asked(**{name: said.get(name, "") for name in NAMES}, starts_at=starts_at, ends_at=ends_at)
        return audit_file(audit_log.entries_of(self.environment, asked), form, self.environment.key)


class Chain(ForAuditors):
    """The chain."""

    @extend_schema(responses=ChainBody)
    def get(self, request: Request) -> Response:
        """Say where the chain stands; compare it with an export and with the anchors."""
        found = audit_log.chain_state()
        anchor = found.anchor
        return Response(
            {
                "number": found.head.number if found.head else 0, "hash": found.head_hash or None,
                "anchored_number": anchor.link_id if anchor else None, "anchored_at": anchor.at if anchor else None,
                "anchored_in": anchor.place if anchor else None, "tail": found.tail,
            }
        )  # fmt: skip


class Duties(ForAuditors):
    """Segregation of duties."""

    @extend_schema(responses=DutiesBody)
    def get(self, request: Request) -> Response:
        """Say who makes and who checks what, and what each role may do."""
        asked = access_review.asked_roles(self.environment)
        sides = [(duty, duty.makers(), duty.checkers(asked)) for duty in DUTIES]
        return Response(
            {
                "duties": [
                    {
                        "name": duty.name, "makers": _names(makers), "checkers": _names(checkers),
                        "both": _names(makers & checkers),
                    }
                    for duty, makers, checkers in sides
                ],
                "abilities": [
                    {
                        "ability": name, "does": side_of(name).value,
                        "roles": _names(frozenset(role for role, has in roles.items() if has)),
                    }
                    for name, roles in matrix().items()
                ],
            }
        )  # fmt: skip


class AccessReview(ForAuditors):
    """Who may get in."""

    @extend_schema(responses=AccessReviewBody)
    def get(self, request: Request) -> Response:
        """List people with their roles and who gave them, and the environment's keys with their scopes."""
        found = access_review.access_review(self.environment, self.at)
        return Response({"access": [AccessBody(each).data for each in found]})


def _names(roles: frozenset[Role]) -> list[str]:
    return [role.value for role in Role if role in roles]


def _instant(text: str, field: str) -> Any:
    try:
        found = parse_datetime(text) if text else None
    except ValueError:
        found = None
    if text and (found is None or found.tzinfo is None):
        raise Invalid(f"“{text}” is not an instant", field=field, fix="Write it like 2026-10-31T00:00:00Z")
    return found
