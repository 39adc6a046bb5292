"""The views that endpoints start from."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework import generics
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monetization.foundation.models import ApiKey, Environment, User
from monetization.foundation.rest.idempotency import Repeat, once
from monetization.foundation.rest.throttles import caller
from monetization.values.errors import NotFound


class View(APIView):
    """An endpoint: `self.by` acts, in `self.environment`, at `self.at`; every POST may carry an Idempotency-Key."""

    @property
    def by(self) -> User:
        """Return who acts: the key's owner, or who is signed in."""
        user = self.request.user
        assert isinstance(user, User)  # permissions have been asked before
        return user

    @cached_property
    def at(self) -> datetime:
        """Return the one instant of this call."""
        return timezone.now()

    @cached_property
    def environment(self) -> Environment:
        """Return the key's environment; with a session the chosen one."""
        if isinstance(self.request.auth, ApiKey):
            return self.request.auth.environment
        chosen: Environment = self.request._request.environment  # type: ignore[attr-defined]
        return chosen

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Ask who, what and how often; then let a POST with a key run once only."""
        super().initial(request, *args, **kwargs)
        post = getattr(self, "post", None)
        if request.method != "POST" or post is None:
            return
        repeat = Repeat.of(request._request, environment=self.environment, owner=caller(request))
        if repeat is not None:
            vars(self)["post"] = self._once(repeat, post)  # a view object serves one call

    def _once(self, repeat: Repeat, post: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        def run(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return once(repeat, lambda: _rendered(post(request, *args, **kwargs)), at=self.at)

        return run


class ListView(View, generics.ListAPIView[Any]):
    """A list in pages; `get_queryset` starts from the environment."""


class Nothing(View):
    """Answer addresses of the API that are none, as a problem like all others."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse before anything else is asked."""
        raise NotFound("There is nothing at this address", fix="See /api/v1/docs")


def _rendered(answer: HttpResponseBase) -> HttpResponseBase:
    """Return a DRF answer as the bytes that will be sent, so that they can be kept."""
    if not isinstance(answer, Response):
        return answer
    body = b"" if answer.data is None else JSONRenderer().render(answer.data)
    return HttpResponse(body, status=answer.status_code, content_type=answer.content_type or "application/json")
