"""The whole catalog as one file, to keep in version control or to read elsewhere."""

from django.http import HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

from catalog.queries.listings import listing_of
from catalog.rules.listings.text import MEDIA
from catalog.rules.listings.writing import file_of
from monetization.foundation.console import page
from monetization.foundation.web import StaffRequest


@page("catalog.read")
@require_safe
def catalog_file(request: StaffRequest) -> HttpResponse:
    """Download it."""
    answer = HttpResponse(file_of(listing_of(request.environment)), content_type=MEDIA)
    answer["Content-Disposition"] = f'attachment; filename="catalog-{request.environment.key}.yaml"'
    return answer


pages = [path("catalog.yaml", catalog_file, name="catalog_file")]
