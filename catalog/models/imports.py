"""Files of rate cards and contracts that somebody uploaded: what they would change, what is wrong, what came of them.

A file is read when it comes, by a worker where that takes long. Its lines and faults are what it would do then; when
it is applied it must still do the same. Nothing of it is ever in force by itself: it makes drafts.
"""

from django.db import models

from catalog.models.rate_cards import RateCardVersion
from catalog.rules.diff import Change
from catalog.rules.files.faults import Fault
from catalog.rules.imports import ImportStatus
from monetization.foundation.models import Environment, User
from monetization.foundation.models.fields import choices

SIGNS = {"ADDED": "+", "REMOVED": "−", "CHANGED": "≠", "UNCHANGED": ""}


class Import(models.Model):
    """One file. WAITING → READY or FAULTY → APPLIED, by way of APPLYING where a worker does it."""

    class Kind(models.TextChoices):
        RATE_CARD = "RATE_CARD", "Rate card"
        OVERRIDES = "OVERRIDES", "Own prices of contracts"
        CONTRACTS = "CONTRACTS", "Contracts"

    environment = models.ForeignKey(Environment, models.PROTECT)
    kind = models.CharField(max_length=9, choices=Kind)
    file_name = models.CharField(max_length=120)
    content = models.BinaryField(help_text="The file as it came")
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of the file")
    rate_card_key = models.CharField(max_length=63, blank=True, help_text="Whose version a file of prices drafts")
    effective_date = models.DateField(null=True, help_text="From when its prices shall hold")
    status = models.CharField(max_length=8, choices=choices(ImportStatus), default=ImportStatus.WAITING.value)
    rows = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0, help_text="How far a worker has come")
    claimed_at = models.DateTimeField(null=True, help_text="When a worker took it last")
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    fault_count = models.PositiveIntegerField(default=0)
    preview_digest = models.BinaryField(max_length=32, null=True, help_text="Of all lines; an apply must find the same")
    trouble = models.CharField(max_length=400, blank=True, help_text="Why the last apply was refused")
    reason = models.CharField(max_length=4000, blank=True, help_text="Why approval is asked for at once")
    version = models.ForeignKey(RateCardVersion, models.PROTECT, null=True, related_name="+", help_text="Its draft")
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    applied_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    applied_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=models.Q(status__in=["WAITING", "APPLYING"]), name="import_at_work")
        ]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_active(self) -> bool:
        """Say whether a worker is at it, or will be."""
        return self.status in (ImportStatus.WAITING.value, ImportStatus.APPLYING.value)

    @property
    def percent_done(self) -> int:
        """Say how much of it is read, as far as is known."""
        return min(99, 100 * self.rows_done // self.rows) if self.rows else 0


class ImportLine(models.Model):
    """What happens to a price, or to a field of a contract (`what` is empty where it is about all of it)."""

    imported = models.ForeignKey(Import, models.PROTECT, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    change = models.CharField(max_length=9, choices=choices(Change))
    key = models.CharField(max_length=63, help_text="Of the product or contract")
    subject = models.TextField()
    what = models.CharField(max_length=120, blank=True)
    old = models.TextField(blank=True)
    new = models.TextField(blank=True)
    percent = models.DecimalField(max_digits=60, decimal_places=1, null=True)
    row = models.PositiveIntegerField(default=0, help_text="Of the file; 0: it names this nowhere")
    sheet = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["imported", "position"], name="import_line_position")]
        ordering = ["imported", "position"]

    def __str__(self) -> str:
        return self.subject

    @property
    def sign(self) -> str:
        """Give the mark of the change."""
        return SIGNS[self.change]


class ImportFault(models.Model):
    """What is wrong with a cell, a row (no column) or the file (row 0), and what mends it."""

    imported = models.ForeignKey(Import, models.PROTECT, related_name="faults", db_index=False)
    position = models.PositiveIntegerField()
    sheet = models.CharField(max_length=40, blank=True)
    row = models.PositiveIntegerField(default=0)
    column = models.CharField(max_length=120, blank=True)
    letter = models.CharField(max_length=3, blank=True, help_text="The column as spreadsheets name it")
    message = models.TextField()
    fix = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["imported", "position"], name="import_fault_position")]
        ordering = ["imported", "position"]

    def __str__(self) -> str:
        return self.message

    @property
    def place(self) -> str:
        """Say where it is, in words."""
        return Fault(self.row, self.column, self.message, self.fix, self.sheet, self.letter).place or "the file"
