"""How far a file of events was read, in the database that has its events: so both are always of one state."""

from django.db import models

from monetization.foundation.models import Environment


class FileReading(models.Model):
    """One file as it is read with the same options; moved in the transaction that takes each part of it.

    `key` is SHA-256 of what tells the file from others (name, size, time of change, its first and last bytes) and of
    the options that say what a row means.
    """

    environment = models.ForeignKey(Environment, models.PROTECT)
    key = models.BinaryField(max_length=32)
    name = models.TextField()
    size = models.BigIntegerField(help_text="Bytes, as it lies there")
    offset = models.BigIntegerField(default=0, help_text="Bytes taken, of what is packed in it")
    rows = models.BigIntegerField(default=0, help_text="Rows or lines taken")
    accepted = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    conflicts = models.BigIntegerField(default=0)
    quarantined = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="one_reading_a_file")]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name
