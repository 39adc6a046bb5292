"""The API of the facts; the pages of the console hang in its own shell."""

from django.urls import URLPattern, URLResolver, include, path

from metering.api import patterns

urlpatterns: list[URLPattern | URLResolver] = [path("api/v1/", include(patterns))]
