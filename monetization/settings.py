"""Django's settings, one module for every place: what differs is a knob of the environment (see knobs.py)."""

import os
import sys
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from billing.rules.lifecycle import Kind, Status
from catalog.rules.imports import ImportStatus
from catalog.rules.versions import VersionStatus
from monetization import knobs
from monetization.csp import STRICT
from monetization.foundation.rules.approvals import RequestStatus
from monetization.foundation.rules.roles import Role
from monetization.foundation.shell import UNFOLD as UNFOLD

try:
    VALUES = knobs.read(os.environ)
except knobs.Wrong as wrong:
    print(wrong, file=sys.stderr)
    raise

BASE_DIR = knobs.ROOT
VAR_DIR = VALUES["VAR_DIR"]
SECRET_KEY = VALUES["SECRET_KEY"]
DEBUG = VALUES["DEBUG"]
DEMO = VALUES["DEMO"]
BASE_URL = VALUES["BASE_URL"]
HTTPS = BASE_URL.startswith("https:")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "unfold.contrib.guardian",
    "unfold.contrib.simple_history",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "guardian",
    "rest_framework",
    "simple_history",
    "template_partials",
    "monetization",
    "monetization.foundation",
    "catalog",
    "metering",
    "billing",
    "reports",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "monetization.csp.PolicyByPath",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "monetization.foundation.web.EnvironmentMiddleware",
]
ROOT_URLCONF = "monetization.urls"
WSGI_APPLICATION = "monetization.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# -- data


def database(url: str) -> dict[str, Any]:
    """Django's settings for one PostgreSQL address; its query (host, sslmode, ...) goes to libpq."""
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


# "owner" migrates and owns the tables; web and workers need only "default", which may not change the schema.
DATABASES = {"default": database(VALUES["DATABASE_URL"])}
if VALUES["DATABASE_OWNER_URL"]:
    DATABASES["owner"] = database(VALUES["DATABASE_OWNER_URL"]) | {"CONN_MAX_AGE": 0}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHE_URL = VALUES["CACHE_URL"] or "locmem://"
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if CACHE_URL.startswith("locmem:")
    else {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}

# -- people

AUTH_USER_MODEL = "foundation.User"
AUTHENTICATION_BACKENDS = [
    "monetization.foundation.backends.RoleBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
SIMPLE_HISTORY_REVERT_DISABLED = True

# -- security

ALLOWED_HOSTS = [*VALUES["ALLOWED_HOSTS"], urlsplit(BASE_URL).hostname]
CSRF_TRUSTED_ORIGINS = VALUES["CSRF_TRUSTED_ORIGINS"]
CONTENT_SECURITY_POLICY = {"DIRECTIVES": STRICT}
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked by the load balancer itself, in plain HTTP
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if VALUES["BEHIND_PROXY"] else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"  # but for a PDF in our own page: csp.py
WEBHOOKS_TO_PRIVATE = VALUES["WEBHOOKS_TO_PRIVATE"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

# -- words and files

LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = ["monetization.formats"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = VALUES["STATIC_ROOT"]
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VALUES["MEDIA_ROOT"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}

# -- mail


def mail(url: str) -> dict[str, Any]:
    """Django's mail settings for one EMAIL_URL."""
    parts = urlsplit(url)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme == "file":
        return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": parts.path}
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp",
        "EMAIL_TIMEOUT": 20,
    }


globals().update(mail(VALUES["EMAIL_URL"]))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = VALUES["EMAIL_FROM"]

# -- tasks (what the options are for: celery.py)

INBOX_MOST_BYTES = VALUES["INBOX_MOST_MB"] * 1024 * 1024
INBOX_MOST_SECONDS = VALUES["INBOX_MOST_SECONDS"]

CELERY_BROKER_URL = VALUES["BROKER_URL"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {
        "visibility_timeout": VALUES["TASK_SECONDS"],
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 2,
    }
    if "redis" in CELERY_BROKER_URL.partition(":")[0]
    else {}
)
CELERY_TASK_TIME_LIMIT = VALUES["TASK_SECONDS"] - 1  # over before it is delivered again
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = VALUES["TASK_WORKERS"]
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat")

IMPACT_PERCENT: int = VALUES["IMPACT_PERCENT"]
EVENT_RETENTION_MONTHS: int | None = VALUES["EVENT_RETENTION_MONTHS"]

# -- API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "monetization.foundation.rest.keys.KeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["monetization.foundation.rest.parsing.Json"],
    "DEFAULT_PAGINATION_CLASS": "monetization.foundation.rest.pages.Cursor",
    "DEFAULT_SCHEMA_CLASS": "monetization.foundation.rest.schema.Schema",
    "DEFAULT_THROTTLE_CLASSES": ["monetization.foundation.rest.throttles.Throttle"],
    "DEFAULT_THROTTLE_RATES": {
        "read": "1200/min",
        "write": "600/min",
        "ingest": "60000/min",
        "quota": "120000/min",
        "sign-in": "20/min",
    },
    "EXCEPTION_HANDLER": "monetization.foundation.rest.problems.problem",
    "COERCE_DECIMAL_TO_STRING": True,
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Meterstone API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Different fields of one name need names of their own in the schema.
    "ENUM_NAME_OVERRIDES": {
        "LimitWindow": [("DAY", "Day"), ("BILLING_PERIOD", "Billing period")],
        "MetricWindow": [("", "The whole period"), ("hour", "Each hour (UTC)"), ("day", "Each day of the account")],
        "QuantityRounding": [("", "Exact"), ("up", "Up"), ("down", "Down"), ("half_up", "Half away from zero")],
        "PackageRounding": ["up", "down", "exact"],
        "LimitKind": [("QUANTITY", "Quantity of a metric"), ("SPEND", "Spend"), ("BALANCE", "Balance left")],
        "InvoiceKind": [(each.value, each.label) for each in Kind],
        "InvoiceStatus": [(each.value, each.label) for each in Status],
        "ImportKind": [
            ("RATE_CARD", "Rate card"),
            ("OVERRIDES", "Own prices of contracts"),
            ("CONTRACTS", "Contracts"),
        ],
        "ImportStatus": [(each.value, each.label) for each in ImportStatus],
        "VersionStatus": [(each.value, each.label) for each in VersionStatus],
        "StaffRole": [(each.value, each.label) for each in Role],
        "ImpactStatus": [("RUNNING", "Running"), ("DONE", "Done"), ("CANCELLED", "Cancelled"), ("FAILED", "Failed")],
        "RequestStatus": [(each.value, each.label) for each in RequestStatus],
    },
}

# -- log

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": VALUES["LOG_LEVEL"]},
    "loggers": {"weasyprint": {"level": "WARNING"}, "fontTools": {"level": "WARNING"}},  # they narrate every page
}
