"""What every governed version shares: number, status, makers, effective time, content digest.

A version is a draft, is submitted within a change request, is approved by somebody else, and is in
force from its effective time. Once submitted, its content cannot be edited by anyone (triggers in
each app's `0002_walls`); only its status moves, along `rules/versions.py`.
"""

from django.db import models

from monetization.foundation.models.approvals import ChangeRequest
from monetization.foundation.models.fields import choices
from monetization.foundation.models.people import User
from monetization.foundation.rules.versions import VersionStatus


class Governed(models.Model):
    """A row whose content is frozen on submission and bound to its approval by a digest."""

    status = models.CharField(max_length=10, choices=choices(VersionStatus), default=VersionStatus.DRAFT.value)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    last_edited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField()
    request = models.ForeignKey(ChangeRequest, models.PROTECT, null=True, blank=True, related_name="+")
    content_digest = models.BinaryField(max_length=32, null=True, help_text="Set on submission")

    class Meta:
        abstract = True

    @property
    def is_draft(self) -> bool:
        """Tell whether the content may still be edited."""
        return self.status == VersionStatus.DRAFT.value
