"""Generic forms of the console whose saving is an action: validation calls it, refusals stand beside their fields."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.db.models import Model
from django.http import HttpRequest

from monetization.foundation.console import ReadOnly
from monetization.foundation.web import Outcome, sentence


class ActionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A model form that is valid when its action has been done; what the action refuses are its errors."""

    act: ClassVar[Callable[["ActionForm"], Outcome[Any]]]

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        outcome = type(self).act(self)
        for error in outcome.errors:
            self.add_error(error.field if error.field in self.fields else None, sentence(error))
        if outcome:
            self.instance = outcome.value


class Acted(ReadOnly):
    """An admin of an ungoverned table: its form calls `act`, and what the ability doesn't open stays read-only."""

    form = ActionForm
    fixed: ClassVar[tuple[str, ...]] = ()  # fields that only the first form has

    def act(self, request: HttpRequest, form: ActionForm, row: Model | None) -> Outcome[Any]:
        """Call the one action of this form with `form.cleaned_data`; `row` is None when it is new."""
        raise NotImplementedError

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        made = super().get_form(request, obj, change=change, **kwargs)
        made.act = lambda form: self.act(request, form, obj)
        return made

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fixed if obj is not None and self.has_change_permission(request, obj) else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, "change")

    def _may(self, request: HttpRequest, verb: str) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.{verb}_{self.opts.model_name}")

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Do nothing: the action has saved it while the form was checked."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing, for the same reason."""
