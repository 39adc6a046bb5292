from django.urls import URLPattern, URLResolver, include, path

from billing.api import patterns

urlpatterns: list[URLPattern | URLResolver] = [
    path("portal/", include("billing.portal")),
    path("api/v1/", include(patterns)),
]
