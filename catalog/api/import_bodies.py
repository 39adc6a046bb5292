"""Bodies of imports: a file as it is uploaded, what it would change, what is wrong with it."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.models import Import, ImportFault, ImportLine
from monetization.foundation.models.fields import KEY_PATTERN
from monetization.foundation.rest import Strict


class UploadBody(Strict):
    """A file of a kind; sent as multipart/form-data."""

    kind = serializers.ChoiceField(choices=Import.Kind.choices, help_text="What the file holds")
    file = serializers.FileField(
        allow_empty_file=True, help_text="CSV (UTF-8) or XLSX, at most 5 MB; 20,000 rows of prices, 3,000 of contracts"
    )
    rate_card = serializers.RegexField(
        KEY_PATTERN, required=False, help_text="RATE_CARD: key of the card; a new key makes a new card"
    )
    effective_date = serializers.DateField(required=False, help_text="RATE_CARD: from when the prices shall hold")


class ApplyBody(Strict):
    """Whether approval is asked for at once."""

    reason = serializers.CharField(
        max_length=4000, allow_blank=True, default="", help_text="Why; empty makes drafts and submits none"
    )


class ImportFaultBody(serializers.ModelSerializer[ImportFault]):
    """A mistake: `row` 0 is the whole file, `letter` the column as spreadsheets name it."""

    class Meta:
        model = ImportFault
        fields = ["sheet", "row", "column", "letter", "message", "fix"]


class ImportLineBody(serializers.ModelSerializer[ImportLine]):
    """What happens to a price, or to a field of a contract (`what` is empty where it is about all of it)."""

    class Meta:
        model = ImportLine
        fields = ["change", "key", "subject", "what", "old", "new", "percent", "row", "sheet"]


class ImportBody(serializers.ModelSerializer[Import]):
    """An uploaded file: it is READY to be applied, FAULTY, still WAITING for a worker, or APPLIED."""

    rate_card = serializers.CharField(source="rate_card_key")
    digest = serializers.SerializerMethodField(help_text="SHA-256 of the file")
    version = serializers.IntegerField(source="version.number", allow_null=True, default=None, help_text="Its draft")
    made_by = serializers.EmailField(source="made_by.email")
    applied_by = serializers.EmailField(source="applied_by.email", allow_null=True, default=None)

    class Meta:
        model = Import
        fields = [
            "id", "kind", "file_name", "digest", "rate_card", "effective_date", "status", "rows", "rows_done",
            "fault_count", "added", "changed", "removed", "unchanged", "trouble", "version", "made_by", "made_at",
            "checked_at", "applied_by", "applied_at",
        ]  # fmt: skip

    def get_digest(self, row: Import) -> str:
        """Write it in hexadecimal digits."""
        return bytes(row.digest).hex()


class ImportPreviewBody(ImportBody):
    """A file with its first mistakes and changes; all of them are at /errors and /lines below it."""

    first_errors = serializers.SerializerMethodField()
    first_lines = serializers.SerializerMethodField()

    class Meta(ImportBody.Meta):
        fields = [*ImportBody.Meta.fields, "first_errors", "first_lines"]

    @extend_schema_field(ImportFaultBody(many=True))
    def get_first_errors(self, row: Import) -> list[dict[str, Any]]:
        """Give the first fifty mistakes."""
        return [dict(each) for each in ImportFaultBody(row.faults.all()[:FIRST], many=True).data]

    @extend_schema_field(ImportLineBody(many=True))
    def get_first_lines(self, row: Import) -> list[dict[str, Any]]:
        """Give the first fifty changes."""
        changes = row.lines.exclude(change="UNCHANGED")[:FIRST]
        return [dict(each) for each in ImportLineBody(changes, many=True).data]


FIRST = 50
