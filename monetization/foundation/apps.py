from django.apps import AppConfig


class FoundationConfig(AppConfig):
    name = "monetization.foundation"
    label = "foundation"
