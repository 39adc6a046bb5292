from django.apps import AppConfig


class FoundationConfig(AppConfig):
    name = "monetization.foundation"
    label = "foundation"

    def ready(self) -> None:
        from monetization.foundation.queries.kinds import enter_kinds  # models are loaded only now

        enter_kinds()
