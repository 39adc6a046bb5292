"""API of "who": customers, accounts, aliases, keys, change requests, the audit log, environments, oneself."""

from django.urls import URLPattern, path

from monetization.foundation.api import accounts, customers, described, keys, records

patterns: list[URLPattern] = [
    path("schema", described.SchemaView.as_view(), name="api_schema"),
    path("docs", described.DocsView.as_view(), name="api_docs"),
    path("me", records.Me.as_view(), name="api_me"),
    path("environments", records.Environments.as_view(), name="api_environments"),
    path("customers", customers.Customers.as_view(), name="api_customers"),
    path("customers/<str:key>", customers.OneCustomer.as_view(), name="api_customer"),
    path("accounts", accounts.Accounts.as_view(), name="api_accounts"),
    path("accounts/<str:key>", accounts.OneAccount.as_view(), name="api_account"),
    path("accounts/<str:key>/aliases", accounts.Aliases.as_view(), name="api_aliases"),
    path("accounts/<str:key>/aliases/<int:pk>/end", accounts.EndAlias.as_view(), name="api_alias_end"),
    path("keys", keys.Keys.as_view(), name="api_keys"),
    path("keys/<int:pk>", keys.OneKey.as_view(), name="api_key"),
    path("keys/<int:pk>/revoke", keys.Revoke.as_view(), name="api_key_revoke"),
    path("change-requests", records.Requests.as_view(), name="api_change_requests"),
    path("change-requests/<int:pk>", records.OneRequest.as_view(), name="api_change_request"),
    path("audit-entries", records.AuditEntries.as_view(), name="api_audit_entries"),
    path("audit-entries/<int:pk>", records.OneAuditEntry.as_view(), name="api_audit_entry"),
]
