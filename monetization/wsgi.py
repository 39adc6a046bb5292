import os

from django.core.wsgi import get_wsgi_application

from monetization.processes import collect_rarely

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monetization.settings")
application = get_wsgi_application()
collect_rarely()
