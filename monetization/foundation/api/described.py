"""The API's own description: OpenAPI, and a page that shows it (all files local, nothing inline)."""

from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer, TemplateHTMLRenderer


class SchemaView(SpectacularAPIView):
    """OpenAPI of every endpoint, as JSON."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    renderer_classes = [JSONRenderer]


class DocsView(SpectacularSwaggerSplitView):
    """A page to read and try the API; its script is a file of its own, as the strict policy asks."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    template_name = "api/docs.html"
    url_name = "api_schema"
    renderer_classes = [TemplateHTMLRenderer]
