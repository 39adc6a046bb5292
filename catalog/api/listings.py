"""The whole catalog as one file, as `manage.py catalog export` writes it."""

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from catalog.api.shared import READS
from catalog.queries.listings import listing_of
from catalog.rules.listings.text import MEDIA
from catalog.rules.listings.writing import file_of
from monetization.foundation.rest.views import View


class CatalogFile(View):
    """What stands in the catalog."""

    permission_classes = (READS,)

    @extend_schema(responses={(200, MEDIA): OpenApiTypes.BINARY})
    def get(self, request: Request) -> HttpResponse:
        """Download products, metrics, rate cards and plans as YAML; numbers are text, exact to the digit."""
        return HttpResponse(file_of(listing_of(self.environment)), content_type=MEDIA)
