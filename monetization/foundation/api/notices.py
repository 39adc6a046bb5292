"""What the caller is told, what waits for their decision, how mail comes, and comments on requests."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monetization.foundation.actions import comments, mailing, notices
from monetization.foundation.models import ChangeRequest, Comment, Notice
from monetization.foundation.queries import desk_of, requests_for
from monetization.foundation.queries.notices import notices_for
from monetization.foundation.rest import Strict, StrictModel, requires
from monetization.foundation.rest.views import ListView, View
from monetization.foundation.rules.notices import By

READS = requires("catalog:read", "foundation.read")
WRITES = requires("catalog:write", "foundation.read")


class NoticeBody(serializers.ModelSerializer[Notice]):
    """One thing that the caller was told."""

    request = serializers.IntegerField(source="request_id")

    class Meta:
        model = Notice
        fields = ["id", "telling", "request", "words", "at", "read_at"]


class WaitingBody(serializers.Serializer[Any]):
    """A request that waits for the caller."""

    request = serializers.IntegerField(source="request.pk")
    kind = serializers.CharField(source="request.kind")
    title = serializers.CharField(source="request.title")
    waits_since = serializers.DateTimeField(source="request.submitted_at")
    content_digest = serializers.SerializerMethodField(help_text="Send it with a decision: what was seen")
    is_overdue = serializers.SerializerMethodField()

    def get_content_digest(self, case: Any) -> str:
        """Write the digest as text."""
        return str(case.digest.hex())

    def get_is_overdue(self, case: Any) -> bool:
        """Tell whether a step of it ran over its deadline."""
        return bool(case.escalations)


class MailBody(Strict):
    """How notices come by mail."""

    by = serializers.ChoiceField(choices=[(one.value, one.label) for one in By])


class NoticesReadBody(serializers.Serializer[Any]):
    """How many notices were new."""

    read = serializers.IntegerField()


class CommentBody(StrictModel):
    """What somebody said about a request; `@name` in it tells that person."""

    by = serializers.CharField(source="by.email", read_only=True)

    class Meta:
        model = Comment
        fields = ["id", "by", "text", "at"]
        read_only_fields = ["id", "at"]


class Notices(ListView):
    """List what the caller was told, newest first."""

    permission_classes = [READS]
    queryset = Notice.objects.none()
    serializer_class = NoticeBody

    def get_queryset(self) -> QuerySet[Notice]:
        return notices_for(self.by, self.environment)


class ReadNotices(View):
    """Notices marked as read."""

    permission_classes = [WRITES]

    @extend_schema(request=None, responses=NoticesReadBody)
    def post(self, request: Request) -> Response:
        """Mark everything that the caller was told as read."""
        return Response({"read": notices.mark_read(user=self.by, environment=self.environment, at=self.at)})


class Waiting(View):
    """What waits for the caller."""

    permission_classes = [READS]

    @extend_schema(responses=WaitingBody(many=True))
    def get(self, request: Request) -> Response:
        """List the requests that the caller may decide now, oldest first; at most 200."""
        return Response(WaitingBody(desk_of(self.by, self.environment, at=self.at), many=True).data)


class MailPreferenceView(View):
    """How notices come by mail."""

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the writing one."""
        return [READS() if self.request is None or self.request.method in ("GET", "HEAD", "OPTIONS") else WRITES()]

    @extend_schema(responses=MailBody)
    def get(self, request: Request) -> Response:
        """Say how the caller's notices come by mail."""
        kept = getattr(self.by, "mail_preference", None)
        return Response({"by": kept.by if kept else By.AT_ONCE.value})

    @extend_schema(request=MailBody, responses=MailBody)
    def put(self, request: Request) -> Response:
        """Choose how notices come by mail."""
        body = MailBody(data=request.data)
        body.is_valid(raise_exception=True)
        kept = mailing.prefer(user=self.by, way=By(body.validated_data["by"]), by=self.by, at=self.at)
        return Response({"by": kept.by})


class Comments(ListView):
    """List the comments on a change request, newest first."""

    queryset = Comment.objects.none()
    serializer_class = CommentBody

    def get_permissions(self) -> list[Any]:
        """Ask for the reading scope, or the writing one."""
        return [READS() if self.request is None or self.request.method in ("GET", "HEAD", "OPTIONS") else WRITES()]

    def _request(self) -> ChangeRequest:
        return get_object_or_404(requests_for(self.by, self.environment), pk=self.kwargs["pk"])

    def get_queryset(self) -> QuerySet[Comment]:
        return self._request().comments.select_related("by").order_by("-pk")

    @extend_schema(request=CommentBody, responses={201: CommentBody})
    def post(self, request: Request, pk: int) -> Response:
        """Add a comment; whoever is named with @ is told."""
        body = CommentBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = comments.comment(request=self._request(), text=body.validated_data["text"], by=self.by, at=self.at)
        return Response(CommentBody(made).data, status=201)
