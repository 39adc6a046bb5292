"""Every address of the product: each app mounts its own edges, and its pages of the console."""

from django.urls import include, path
from django.utils.module_loading import autodiscover_modules

from monetization.foundation.console import site
from monetization.foundation.rest.views import Nothing

autodiscover_modules("admin", "console", register_to=site)

urlpatterns = [
    path("", include("monetization.foundation.urls")),
    path("", include("metering.urls")),  # before the catalog, whose `metrics/<key>` would take the playground
    path("", include("catalog.urls")),
    path("", include("billing.urls")),
    path("", include("reports.urls")),
    path("console/", site.urls),
    path("api/<path:rest>", Nothing.as_view(), name="api_nothing"),
]

handler500 = "monetization.foundation.rest.problems.server_error"
