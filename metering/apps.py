from django.apps import AppConfig
from django.urls import register_converter

from metering.rules.tokens import Token


class MeteringConfig(AppConfig):
    """The app; addresses of events write their source and id as tokens (`<token:source>`)."""

    name = "metering"

    def ready(self) -> None:
        register_converter(Token, "token")
