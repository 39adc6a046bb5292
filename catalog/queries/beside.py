"""What a draft may rest on: what is approved, and what is decided together with it and published before it."""

from django.db.models import Q

from catalog.models.versions import Governed


def stands_with(row: Governed | None) -> Q:
    """Choose versions that stand once this row is published: approved ones, and those in the same open request."""
    approved = Q(status="APPROVED")
    if row is None or row.request_id is None:
        return approved
    return approved | Q(request=row.request_id, status__in=("DRAFT", "SUBMITTED"))
