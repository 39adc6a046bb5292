from django.apps import AppConfig


class MonetizationConfig(AppConfig):
    """The project itself: an app only so that its commands are found."""

    name = "monetization"
