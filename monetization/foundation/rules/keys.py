"""API keys: their form, their scopes, and which of two of a name may live.

`mk_live_3f9a…_<secret>`: a fixed beginning that secret scanners know, a part that may be shown, 256 random bits.
"""

from hashlib import sha256
from hmac import compare_digest

MARK = "mk"
ALIVE_PER_NAME = 2
SCOPES: dict[str, str] = {
    "events:write": "Send usage events",
    "events:correct": "Correct usage events",
    "usage:read": "Read usage and events",
    "quota:use": "Check and reserve quotas, settle and release",
    "limits:read": "Read limits of use",
    "limits:write": "Set, change and end limits of use",
    "catalog:read": "Read metrics, products, rate cards, plans, contracts, change requests",
    "catalog:write": "Draft, submit and decide changes of metrics, products, rate cards and plans",
    "contracts:write": "Draft and submit contracts",
    "signups:write": "Sign customers up for a plan",
    "customers:read": "Read customers and accounts",
    "customers:write": "Make and change customers, accounts and aliases",
    "invoices:read": "Read invoices",
    "invoices:write": "Draft, review, approve and issue invoices, record payments",
    "keys:read": "List API keys",
    "keys:write": "Make and revoke API keys",
    "audit:read": "Read the audit log",
    "metrics:read": "Read /metrics",
}


def within(scopes: frozenset[str], wanted: str) -> bool:
    """Say whether a key's scopes hold the wanted one; writing a thing includes reading it."""
    return wanted in scopes or (wanted.endswith(":read") and wanted.removesuffix("read") + "write" in scopes)


def fingerprint(token: str) -> bytes:
    """Return what is stored of a key: SHA-256 (32 bytes); 256 random bits need no slow hash."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def fits(token: str, stored: bytes) -> bool:
    """Compare in constant time."""
    return compare_digest(fingerprint(token), stored)


def shown_part(token: str) -> str | None:
    """Return a key's part that may be shown (`mk_live_3f9a1c07`), or None where it has not the form of a key."""
    parts = token.split("_", 3)
    return "_".join(parts[:3]) if len(parts) == 4 and parts[0] == MARK and len(token) < 120 else None
