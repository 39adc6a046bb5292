"""A part's form as its action reads it: choices of several as one text, and a name and key where nobody says them."""

from typing import Any

from django.http import QueryDict
from django.utils.text import slugify

from catalog.actions.agreed import PARTS
from catalog.console.builder.presets import Preset
from catalog.models import Contract, Instrument

MOST_NAMES = 1000
KEY_LENGTH = 50


def filled(typed: QueryDict, preset: Preset, contract: Contract) -> Any:
    """Give the form with what the preset says and what goes without saying."""
    full = typed.copy()
    for name in ("products",):
        full[name] = ", ".join(each for each in typed.getlist(name) if each)
    derived = (
        preset.derived({name: str(text) for name, text in full.items()}, contract) if preset.derived is not None else {}
    )
    for name, value in {**preset.said, **derived}.items():
        full[name] = value
    if not full.get("name", "").strip():
        full["name"] = preset.name
    if not full.get("key", "").strip():
        full["key"] = free_key(full.get("name", ""), _taken(preset.part, contract))
    return full


def free_key(name: str, taken: set[str]) -> str:
    """Make a key of a name that isn't taken."""
    stem = slugify(name)[:KEY_LENGTH].strip("-_") or "part"
    tries = (stem if number == 1 else f"{stem}-{number}" for number in range(1, MOST_NAMES))
    return next((each for each in tries if each not in taken), stem)


def _taken(part: str, contract: Contract) -> set[str]:
    model: Any = PARTS[part]
    owner = {"account": contract.account_id} if model is Instrument else {"contract": contract.pk}
    return set(model.objects.filter(**owner).values_list("key", flat=True))
