"""Sources and ids in addresses: any text as one part of a path.

A source is often a URI, so `/` is written `~1` and `~` is written `~0` (as RFC 6901 does); a lone `.` or `..`,
which browsers would resolve, is written `~2` for each dot.
"""

from __future__ import annotations


class Token:
    """A path converter."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        return value.replace("~2", ".").replace("~1", "/").replace("~0", "~")

    def to_url(self, value: str) -> str:
        text = str(value).replace("~", "~0").replace("/", "~1")
        return text.replace(".", "~2") if text in (".", "..") else text
