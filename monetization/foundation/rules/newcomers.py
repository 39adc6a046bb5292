"""Somebody who may be new: an account by its key, with what is said about it and about its customer."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Newcomer:
    """``details``: of the account, by field; ``customer`` likewise, with its key. Both may be empty for a known one."""

    key: str
    details: Mapping[str, str] = field(default_factory=dict)
    customer: Mapping[str, str] = field(default_factory=dict)
