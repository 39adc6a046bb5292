from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"

    def ready(self) -> None:
        from catalog.actions.facts import enter_kinds  # models are loaded only now

        enter_kinds()
