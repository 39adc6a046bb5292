"""The naive view alone, as a program for granian."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application

settings.ROOT_URLCONF, settings.MIDDLEWARE = "benchmarks.naive", []
application = get_wsgi_application()
