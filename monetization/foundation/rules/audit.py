"""What the audit log keeps, as plain JSON, and how its chain is computed.

A link's hash is SHA-256 over the previous hash and the entry in canonical form, so that every edit, removal
or change of order breaks all later links.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from typing import Any

from monetization.values.canonical import canonical, number_text

START = bytes(32)


def plain(value: Any) -> Any:
    """Return a value as JSON with numbers as they are, decimals as text, instants in UTC, bytes as hex."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime):
        return instant_text(value)
    return value.isoformat() if isinstance(value, date) else value


def instant_text(at: datetime) -> str:
    """Return an instant in UTC with six digits of seconds: equal instants have equal texts."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def link_hash(previous: bytes, entry: Mapping[str, Any]) -> bytes:
    """Return the hash of a link: 32 bytes over the previous 32 bytes and the entry's content."""
    return sha256(previous + canonical(dict(entry)).encode("ascii")).digest()
