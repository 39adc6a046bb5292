"""Fields that several tables share, so that a key or a quantity means the same everywhere."""

from enum import Enum
from typing import Any

from django.core.validators import RegexValidator
from django.db import models

KEY_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,62}$"
key_validator = RegexValidator(
    KEY_PATTERN,
    "Use 1–63 characters: lower-case letters, digits, dot, hyphen, underscore; start with a letter or digit.",
)


def key_field(**options: Any) -> "models.CharField[str, str]":
    """Return the column of a stable, human-chosen key (URL, API, import files)."""
    return models.CharField(max_length=63, validators=[key_validator], **options)


def quantity_field(**options: Any) -> "models.DecimalField[Any, Any]":
    """Return an exact quantity or unit price: 20 digits before the point, 18 after."""
    return models.DecimalField(max_digits=38, decimal_places=18, **options)


def amount_field(**options: Any) -> "models.DecimalField[Any, Any]":
    """Return an amount of money, already rounded to its currency's minor unit (at most 4)."""
    return models.DecimalField(max_digits=24, decimal_places=4, **options)


def currency_field(**options: Any) -> "models.CharField[str, str]":
    """Return an ISO 4217 code, three capitals."""
    return models.CharField(
        max_length=3,
        validators=[RegexValidator(r"^[A-Z]{3}$", "Use an ISO 4217 code such as EUR.")],
        **options,
    )


def empty_list() -> list[Any]:
    """Return a new list; a named default keeps migrations stable."""
    return []


def choices(kind: type[Enum]) -> list[tuple[str, str]]:
    """Return a column's choices for an enum of rules: (value, words for people)."""
    return [(m.value, getattr(m, "label", m.value.replace("_", " ").capitalize())) for m in kind]
