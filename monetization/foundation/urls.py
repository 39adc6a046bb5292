"""The entrance, what machines ask, and the API of "who"."""

from django.urls import URLPattern, URLResolver, include, path

from monetization.foundation import health, sign_in
from monetization.foundation.api import patterns

urlpatterns: list[URLPattern | URLResolver] = [
    path("", sign_in.home, name="home"),
    path("sign-in/", sign_in.SignIn.as_view(), name="sign_in"),
    path("sign-out/", sign_in.SignOut.as_view(), name="sign_out"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/", include(patterns)),
]
