"""The console: one django-unfold admin site as shell, with the workflow pages of every app inside.

Lists, detail and history are ModelAdmins registered on `site`; pages with a job of their own are plain views that
an app's `console.py` adds with `site.add_pages`. Every change of state calls one action, so no generic form can
touch a governed row: `ReadOnly` is the base of all admins that have no action of their own.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from monetization.foundation.models import Environment
from monetization.foundation.snapshots import fields_of
from monetization.foundation.templatetags.show import badge
from monetization.foundation.web import StaffRequest, choose_environment, environment_of, next_page, wanted_part
from monetization.values.errors import NotAllowed, NotFound

P = ParamSpec("P")
View = Callable[Concatenate[StaffRequest, P], HttpResponse]
Crumb = tuple[str, str]


class Site(UnfoldAdminSite):
    """The admin site; its namespace is `console`, its sign-in that of the whole product."""

    index_title = "Inbox"
    enable_nav_sidebar = True
    login_form: Any = None

    def __init__(self, name: str = "console") -> None:
        super().__init__(name)
        self.pages: list[URLPattern] = []

    def add_pages(self, pages: Iterable[URLPattern]) -> None:
        """Mount workflow pages below the console; an app's `console.py` calls it once."""
        self.pages.extend(pages)

    def get_urls(self) -> list[Any]:
        return [*self.pages, *super().get_urls()]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return super().admin_view(require_http_methods(["GET", "HEAD", "POST"])(view), cacheable)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        staff = self.has_permission(request)
        shell: dict[str, Any] = super().each_context(request)
        return shell | {
            "now_in": environment_of(request) if staff else None,
            "environments": Environment.objects.all() if staff else (),
        }

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("console:inbox")

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if request.user.is_authenticated:
            raise Http404("The console is for staff")
        wanted = urlencode({"next": next_page(request, reverse("console:index"))})
        return redirect(f"{reverse('sign_in')}?{wanted}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        raise Http404("Sign out at its own address")


site = Site()


def page(*abilities: str) -> Callable[[View[P]], Callable[..., HttpResponse]]:
    """Make a view a page of the console: signed-in staff with one of the abilities, 404 and 403 for domain refusals."""

    def wrap(view: View[P]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: StaffRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not any(request.user.has_perm(ability) for ability in abilities):
                raise PermissionDenied
            request.environment = environment_of(request)
            try:
                return view(request, *args, **kwargs)
            except NotFound as error:
                raise Http404(error.message) from error
            except NotAllowed as error:
                raise PermissionDenied(error.message) from error

        wrapped: Callable[..., HttpResponse] = site.admin_view(guarded)
        return wrapped

    return wrap


def show(
    request: StaffRequest, template: str, context: dict[str, Any], *, title: str, crumbs: Sequence[Crumb] = (),
    parts: Sequence[str] = (), status: int = 200,
) -> HttpResponse:  # fmt: skip
    """Render a page inside the shell, or only the part of it that htmx asks for.

    `crumbs` lead from the sidebar's entry to the page, without the page itself: (label, address).
    """
    part = wanted_part(request, parts)
    if part:
        return render(request, f"{template}#{part}", context, status=status)
    shell = site.each_context(request) | {"title": title, "crumbs": crumbs, "is_fullwidth": "1"}
    return render(request, template, shell | context, status=status)


class RowsOpenPages(ChangeList):
    """A list whose rows lead to the workflow page of the object, where it has one."""

    def url_for_result(self, result: Model) -> str:
        name = getattr(self.model_admin, "page_name", None)
        return reverse(f"console:{name}", args=[result.pk]) if name else super().url_for_result(result)


class ReadOnly(SimpleHistoryAdmin, ModelAdmin):
    """List, filters, search, detail and history of governed rows; no generic form ever writes them.

    `environment_path` is the lookup that leads to the environment (None: rows belong to all of them);
    `page_name` names the workflow page (`console:<page_name>`) that a row opens instead of the plain detail;
    `new_page` is (name of the page that makes one, words of its button, ability that shows it).
    """

    environment_path: ClassVar[str | None] = "environment"
    page_name: ClassVar[str | None] = None
    new_page: ClassVar[tuple[str, str, str] | None] = None
    list_per_page = 50
    list_fullwidth = True
    show_full_result_count = False
    list_filter_sheet = True
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(**{self.environment_path: environment_of(request)}) if self.environment_path else rows

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RowsOpenPages

    @admin.display(description="State", ordering="status")
    def state(self, row: Any) -> str:
        """Show a row's status as everywhere else."""
        return badge(row.status, row.get_status_display())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        name, words, ability = self.new_page or ("", "", "")
        shown = bool(name) and request.user.has_perm(ability)
        button = {"new_address": reverse(f"console:{name}"), "new_words": words} if shown else {}
        return super().changelist_view(request, (extra_context or {}) | button)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.page_name and object_id.isdigit() and not self.has_change_permission(request):
            return redirect(f"console:{self.page_name}", int(object_id))
        return super().change_view(request, object_id, *args, **kwargs)  # type: ignore[no-any-return]

    def history_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        if not hasattr(self.model, "history"):
            raise Http404("This table keeps no history: its rows never change")
        return super().history_view(request, object_id, *args, **kwargs)  # type: ignore[no-any-return]

    def history_form_view(self, request: HttpRequest, object_id: str, version_id: str, *more: Any) -> HttpResponse:
        """Show one past state beside the one before it; nothing here can bring it back."""
        row = self.get_queryset(request).filter(pk=object_id).first() if object_id.isdigit() else None
        if row is None or not self.has_view_permission(request, row):
            raise Http404("There is no such row")
        history = getattr(row, "history", None)
        record = history.filter(pk=version_id).first() if history is not None and version_id.isdigit() else None
        if record is None:
            raise Http404("There is no such change")
        name = f"console:{self.opts.app_label}_{self.opts.model_name}_history"
        context = {"record": record, "fields": fields_of(record), "all": reverse(name, args=[row.pk])}
        return show(cast(StaffRequest, request), "console/snapshot.html", context, title=f"{row}, one change")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def switch_environment(request: StaffRequest) -> HttpResponse:
    """Work in the chosen environment from now on, starting at the inbox: ids differ between environments."""
    if request.method == "POST":
        choose_environment(request, request.POST.get("environment", ""))
    return HttpResponseRedirect(reverse("console:inbox"))


site.add_pages([path("environment/", page("foundation.read")(switch_environment), name="environment")])
