"""Every address of the product: each app mounts its own edges."""

from django.urls import include, path

urlpatterns = [
    path("", include("monetization.foundation.urls")),
    path("", include("catalog.urls")),
    path("", include("metering.urls")),
    path("", include("billing.urls")),
    path("", include("reports.urls")),
]
