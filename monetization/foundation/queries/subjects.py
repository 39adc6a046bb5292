"""Subjects: a row named by text, so that decisions and the audit log need no foreign keys upward."""

import re

from django.db import models

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def subject_of(row: models.Model) -> str:
    """Return the text that names a saved row: `catalog.rate_card_version:17`."""
    noun = _HUMP.sub("_", type(row).__name__).lower()
    return f"{row._meta.app_label}.{noun}:{row.pk}"
