"""Lists, filters, search and history of who: customers and accounts, people, keys, policies, the log."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, Prefetch, QuerySet
from django.http import HttpRequest

from monetization.foundation import audit_pages, notice_pages, policy_pages, setting_pages
from monetization.foundation.actions import customers, environments
from monetization.foundation.console import ReadOnly, site
from monetization.foundation.forms import Acted, ActionForm
from monetization.foundation.models import (
    Account,
    AccountAlias,
    ApiKey,
    AuditEntry,
    ChangeRequest,
    Customer,
    Delivery,
    Endpoint,
    LegalEntity,
    Membership,
    Message,
    Policy,
    PolicyVersion,
    RoleGrant,
    User,
)
from monetization.foundation.policy_words import sentence_of
from monetization.foundation.queries import accounts_for, customers_for, requests_for, sees_all_customers
from monetization.foundation.rules.roles import MemberRole
from monetization.foundation.web import Outcome, environment_of, perform, person

site.add_pages([*setting_pages.pages, *policy_pages.pages, *notice_pages.pages, *audit_pages.pages])


@admin.register(ChangeRequest, site=site)
class ChangeRequests(ReadOnly):
    page_name = "request"
    new_page = ("request_new", "New request", "catalog.draft_rate_card")
    list_display = ("title", "kind", "state", "owner", "submitted_at", "effective_at", "decided_at")
    list_filter = ("status", "kind")
    search_fields = ("title", "reason", "owner__name", "owner__email")
    list_select_related = ("owner",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return requests_for(person(request), environment_of(request))


@admin.register(Customer, site=site)
class Customers(Acted):
    list_display = ("name", "key", "segment", "created_at")
    list_filter = ("segment",)
    search_fields = ("name", "key")
    fields = ("key", "name", "segment")
    fixed = ("key",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return customers_for(person(request), environment_of(request))

    def act(self, request: HttpRequest, form: ActionForm, row: Model | None) -> Outcome[Any]:
        if row is None:
            place = environment_of(request)
            return perform(request, customers.create_customer, environment=place, **form.cleaned_data)
        return perform(request, customers.change_customer, customer=row, **form.cleaned_data)


@admin.register(Account, site=site)
class Accounts(Acted):
    list_display = ("name", "key", "customer", "time_zone", "country", "grace_days")
    list_filter = ("country", "time_zone")
    search_fields = ("name", "key", "customer__name", "aliases__alias")
    list_select_related = ("customer",)
    page_name = "account"
    fields = (
        "customer", "key", "name", "parent", "time_zone", "language", "street", "postal_code", "city", "country",
        "tax_id", "billing_email", "grace_days",
    )  # fmt: skip
    fixed = ("customer", "key", "time_zone")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return accounts_for(person(request), environment_of(request))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        within = {"customer": customers_for, "parent": accounts_for}.get(db_field.name)
        if within:
            kwargs["queryset"] = within(person(request), environment_of(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def act(self, request: HttpRequest, form: ActionForm, row: Model | None) -> Outcome[Any]:
        if row is None:
            return perform(request, customers.create_account, **form.cleaned_data)
        return perform(request, customers.change_account, account=row, changes=form.cleaned_data)


@admin.register(AccountAlias, site=site)
class Aliases(Acted):
    list_display = ("alias", "account", "starts_at", "ends_at")
    search_fields = ("alias", "account__name", "account__key")
    list_select_related = ("account",)
    fields = ("account", "alias", "starts_at", "ends_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        seen = accounts_for(person(request), environment_of(request))
        return super().get_queryset(request).filter(account__in=seen)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = accounts_for(person(request), environment_of(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def act(self, request: HttpRequest, form: ActionForm, row: Model | None) -> Outcome[Any]:
        return perform(request, customers.add_alias, **form.cleaned_data)


@admin.register(Membership, site=site)
class Memberships(Acted):
    environment_path = "customer__environment"
    list_display = ("user", "customer", "role")
    list_filter = ("role",)
    search_fields = ("user__name", "user__email", "customer__name")
    list_select_related = ("user", "customer")
    fields = ("customer", "user", "role")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        seen = customers_for(person(request), environment_of(request))
        return super().get_queryset(request).filter(customer__in=seen)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "customer":
            kwargs["queryset"] = customers_for(person(request), environment_of(request))
        elif db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(is_staff=False, is_active=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def act(self, request: HttpRequest, form: ActionForm, row: Model | None) -> Outcome[Any]:
        data = form.cleaned_data | {"role": MemberRole(form.cleaned_data["role"])}
        return perform(request, customers.add_member, **data)


@admin.register(LegalEntity, site=site)
class LegalEntities(Acted):
    list_display = ("name", "key", "country", "tax_id", "reporting_currency", "number_prefix")
    search_fields = ("name", "key", "tax_id")
    fields = (
        "key", "name", "street", "postal_code", "city", "country", "tax_id", "registration", "bank_details",
        "reporting_currency", "number_prefix",
    )  # fmt: skip

    def act(self, request: HttpRequest, form: ActionForm, row: Model | None) -> Outcome[Any]:
        place = environment_of(request)
        return perform(request, environments.create_legal_entity, environment=place, **form.cleaned_data)


@admin.register(User, site=site)
class People(ReadOnly):
    environment_path = None
    page_name = "person"
    new_page = ("person_new", "New person", "foundation.manage_people")
    list_display = ("name", "email", "roles", "works_in", "state", "last_login")
    list_filter = ("is_staff", "is_active", "role_grants__role")
    search_fields = ("name", "email")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("role_grants", "memberships__customer")

    @admin.display(description="Roles")
    def roles(self, one: User) -> str:
        held = [grant.get_role_display() for grant in one.role_grants.all()]
        return ", ".join([*held, *(f"{each.customer}" for each in one.memberships.all())]) or "–"

    @admin.display(description="Works in", ordering="is_staff")
    def works_in(self, one: User) -> str:
        return "console" if one.is_staff else "portal"

    @admin.display(description="State", ordering="is_active")
    def state(self, one: User) -> str:
        return "active" if one.is_active else "shut out"

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("foundation.manage_people") or request.user.has_perm("foundation.read_audit")


@admin.register(RoleGrant, site=site)
class RoleGrants(ReadOnly):
    environment_path = None
    list_display = ("user", "role", "granted_by", "granted_at")
    list_filter = ("role",)
    search_fields = ("user__name", "user__email")
    list_select_related = ("user", "granted_by")


@admin.register(ApiKey, site=site)
class ApiKeys(ReadOnly):
    page_name = "api_key"
    new_page = ("api_key_new", "New API key", "foundation.manage_api_keys")
    list_display = ("name", "prefix", "owner", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
    search_fields = ("name", "prefix", "owner__email")
    list_select_related = ("owner",)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("foundation.manage_api_keys") or request.user.has_perm("foundation.read_audit")


@admin.register(Policy, site=site)
class Policies(ReadOnly):
    page_name = "policy"
    new_page = ("policy_new", "New policy", "foundation.draft_policy")
    list_display = ("name", "kind", "when", "asks", "late")
    list_filter = ("kind",)
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        approved = PolicyVersion.objects.filter(status="APPROVED").order_by("number")
        parts = Prefetch("versions", approved.prefetch_related("conditions", "roles"), to_attr="approved")
        return super().get_queryset(request).prefetch_related(parts)

    @admin.display(description="Applies")
    def when(self, policy: Any) -> str:
        return sentence_of(policy.approved[-1]).when if policy.approved else "Not approved yet"

    @admin.display(description="Asks for")
    def asks(self, policy: Any) -> str:
        return sentence_of(policy.approved[-1]).who if policy.approved else "–"

    @admin.display(description="Time")
    def late(self, policy: Any) -> str:
        return (sentence_of(policy.approved[-1]).late if policy.approved else "") or "–"


@admin.register(AuditEntry, site=site)
class AuditLog(ReadOnly):
    list_display = ("at", "actor", "action", "subject", "reason")
    search_fields = ("subject", "action", "actor__name", "actor__email", "reason")
    list_filter = ("action",)
    list_select_related = ("actor",)


@admin.register(Message, site=site)
class Messages(ReadOnly):
    list_display = ("topic", "subject", "created_at", "spread_at")
    list_filter = ("topic",)
    search_fields = ("topic", "subject")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_view_permission(request, obj) and sees_all_customers(person(request))


@admin.register(Delivery, site=site)
class Deliveries(ReadOnly):
    environment_path = "message__environment"
    list_display = ("message", "endpoint", "state", "attempts", "next_attempt_at", "last_answer", "delivered_at")
    list_filter = ("status",)
    list_select_related = ("message", "endpoint")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_view_permission(request, obj) and sees_all_customers(person(request))


@admin.register(Endpoint, site=site)
class Endpoints(ReadOnly):
    list_display = ("name", "url", "topics", "is_active")
    search_fields = ("name", "url")
    fields = ("name", "url", "topics", "is_active")
