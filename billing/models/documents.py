"""Frozen copies of what was issued, and the files made from them."""

from django.db import models

from billing.models.invoices import Invoice


class IssuedCopy(models.Model):
    """Everything that an issued invoice prints, as it was on that day. Append-only."""

    invoice = models.OneToOneField(Invoice, models.PROTECT, related_name="copy")
    content = models.JSONField()
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of the canonical content")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "issued copies"

    def __str__(self) -> str:
        return f"copy of {self.invoice}"


class Document(models.Model):
    """A file to be made from an issued copy; the row is the order, a worker fulfils it once."""

    class Kind(models.TextChoices):
        PDF = "PDF", "PDF"

    class Status(models.TextChoices):
        PENDING = "PENDING", "Being made"
        READY = "READY", "Ready"
        PARKED = "PARKED", "Failed, needs somebody"

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=8, choices=Kind)
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    file = models.FileField(upload_to="invoices/", blank=True)
    sha256 = models.BinaryField(max_length=32, null=True)
    size_bytes = models.PositiveIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_error = models.CharField(max_length=300, blank=True)
    ready_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invoice", "kind"], name="one_document_a_kind")]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="document_due",
                condition=models.Q(status="PENDING"),
            )
        ]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.kind} of {self.invoice}"
