"""Imports: upload a file of prices or contracts, see what it would change and what is wrong with it, apply it."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import OR
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import tasks
from catalog.actions import imports
from catalog.api.import_bodies import (
    ApplyBody,
    ImportBody,
    ImportFaultBody,
    ImportLineBody,
    ImportPreviewBody,
    UploadBody,
)
from catalog.api.shared import READS, WRITES, WRITES_CONTRACTS, NoBody
from catalog.models import Import, ImportFault, ImportLine
from catalog.queries.imports import changes_of, imports_for
from catalog.rules.files.sheets import MOST_BYTES
from catalog.rules.files.templates import template
from catalog.rules.files.written import MEDIA
from monetization.foundation.rest.pages import Cursor
from monetization.foundation.rest.problems import Problem
from monetization.foundation.rest.views import ListView, View
from monetization.values.errors import NotFound

ROOM = 64 * 1024  # for the other fields and the boundaries of an upload
FORMS = OpenApiParameter("form", OpenApiTypes.STR, OpenApiParameter.PATH, enum=list(MEDIA))
KINDS = OpenApiParameter("file_kind", OpenApiTypes.STR, OpenApiParameter.PATH, enum=list(Import.Kind.values))


class OfImports(View):
    """Files of the environment; each kind needs its own scope to be written."""

    def get_permissions(self) -> list[Any]:
        """Reading asks for one scope, writing for that of any kind; which one is asked when the kind is known."""
        reading = self.request is None or self.request.method in ("GET", "HEAD", "OPTIONS")
        return [READS() if reading else OR(WRITES(), WRITES_CONTRACTS())]

    def allow_kind(self, kind: str) -> None:
        """Refuse a key without the scope of a kind, and whoever lacks the ability. Raises PermissionDenied."""
        asked = WRITES() if kind == Import.Kind.RATE_CARD else WRITES_CONTRACTS()
        if not asked.has_permission(self.request, self):
            self.permission_denied(self.request, message=getattr(asked, "message", None))

    def found(self, pk: int) -> Import:
        """Find a file that the caller may see. Raises NotFound."""
        row = imports_for(self.by, self.environment).filter(pk=pk).first()
        if row is None:
            raise NotFound("There is no such import", fix="List them at /imports")
        return row

    def shown(self, pk: int, status: int = 200) -> Response:
        """Answer with a file as it is now; 202 where a worker is still at it."""
        row = self.found(pk)
        return Response(ImportPreviewBody(row).data, status=202 if row.is_active else status)


class Imports(OfImports, ListView):
    """List the uploaded files, newest first."""

    queryset = Import.objects.none()
    serializer_class = ImportBody
    parser_classes = (MultiPartParser,)

    def get_queryset(self) -> QuerySet[Import]:
        return imports_for(self.by, self.environment)

    @extend_schema(
        request={"multipart/form-data": UploadBody}, responses={201: ImportPreviewBody, 202: ImportPreviewBody}
    )
    def post(self, request: Request) -> Response:
        """Upload a file: a small one is read at once (201), a large one by a worker (202)."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES + ROOM:
            raise Problem(413, "The file is larger than 5 MB", field="file", fix="Split it into several")
        body = UploadBody(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        self.allow_kind(said["kind"])
        made = imports.upload(
            environment=self.environment, kind=said["kind"], file_name=said["file"].name or "",
            content=said["file"].read(), rate_card_key=said.get("rate_card", ""),
            effective_date=said.get("effective_date"), by=self.by, at=self.at,
        )  # fmt: skip
        return self.read(made)

    def read(self, made: Import) -> Response:
        """Read a small file now; wake a worker for a large one."""
        if imports.is_large(made):
            tasks.work_on_import.delay_on_commit(made.pk)
        else:
            imports.check(imported=made, at=timezone.now())
        return self.shown(made.pk, 201)


class OneImport(OfImports, generics.GenericAPIView[Import]):
    """One uploaded file."""

    serializer_class = ImportPreviewBody
    queryset = Import.objects.none()

    def get(self, request: Request, pk: int) -> Response:
        """Read how far it is, what it would change, and what is wrong with it."""
        return Response(ImportPreviewBody(self.found(pk)).data)


class InOrder(Cursor):
    """In the order of the file."""

    ordering = "position"


class Lines(OfImports, ListView):
    """List what a file changes, in the order of its preview; without what stays as it is, unless `?all=1`."""

    queryset = ImportLine.objects.none()
    serializer_class = ImportLineBody
    pagination_class = InOrder

    @extend_schema(parameters=[OpenApiParameter("all", OpenApiTypes.BOOL)])
    def get(self, request: Request, pk: int) -> Response:
        return super().get(request, pk)

    def get_queryset(self) -> QuerySet[ImportLine]:
        everything = self.request.query_params.get("all", "") in ("1", "true")
        return changes_of(self.found(self.kwargs["pk"]), everything=everything)


class Errors(OfImports, ListView):
    """List what is wrong with a file, in the order of its rows; at most a thousand are kept."""

    queryset = ImportFault.objects.none()
    serializer_class = ImportFaultBody
    pagination_class = InOrder

    def get_queryset(self) -> QuerySet[ImportFault]:
        return self.found(self.kwargs["pk"]).faults.all()


class Apply(OfImports):
    """A file applied."""

    @extend_schema(request=ApplyBody, responses={200: ImportPreviewBody, 202: ImportPreviewBody})
    def post(self, request: Request, pk: int) -> Response:
        """Make its drafts, all or none; a second call changes nothing. 409 where the preview is out of date."""
        imported = self.found(pk)
        self.allow_kind(imported.kind)
        body = ApplyBody(data=request.data)
        body.is_valid(raise_exception=True)
        action = imports.order if imports.is_large(imported) else imports.apply
        action(imported=imported, reason=body.validated_data["reason"], by=self.by, at=self.at)
        tasks.work_on_import.delay_on_commit(pk)
        return self.shown(pk)


class Check(OfImports):
    """A file read again."""

    @extend_schema(request=NoBody, responses={200: ImportPreviewBody, 202: ImportPreviewBody})
    def post(self, request: Request, pk: int) -> Response:
        """Compare it with how things are now."""
        imported = self.found(pk)
        self.allow_kind(imported.kind)
        NoBody(data=request.data).is_valid(raise_exception=True)
        imported = imports.check_again(imported=imported, by=self.by, at=self.at)
        if imports.is_large(imported):
            tasks.work_on_import.delay_on_commit(pk)
        else:
            imports.check(imported=imported, at=timezone.now())
        return self.shown(pk)


class Template(View):
    """Templates to fill in."""

    permission_classes = (READS,)

    @extend_schema(parameters=[KINDS, FORMS], responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, file_kind: str, form: str) -> HttpResponse:
        """Download the template of a kind of file, as `csv` or `xlsx`."""
        if file_kind not in Import.Kind.values or form not in MEDIA:
            raise NotFound("There is no such template", fix=f"Kinds: {', '.join(Import.Kind.values)}; csv or xlsx")
        return HttpResponse(template(imports.book_of(file_kind), form), content_type=MEDIA[form])
