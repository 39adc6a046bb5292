"""The API of terms; the pages of the console hang in its own shell."""

from django.urls import URLPattern, URLResolver, include, path

from catalog.api import patterns

urlpatterns: list[URLPattern | URLResolver] = [path("api/v1/", include(patterns))]
