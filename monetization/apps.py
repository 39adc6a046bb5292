from importlib import import_module

from django.apps import AppConfig


class MonetizationConfig(AppConfig):
    """The project itself: an app so that its commands are found, and that tasks are sent through its Celery."""

    name = "monetization"

    def ready(self) -> None:
        import_module("monetization.celery")
