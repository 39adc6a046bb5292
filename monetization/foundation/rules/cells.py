"""Cells of a table that a spreadsheet opens."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
QUOTE = "'"


def safe(text: str) -> str:
    """Keep a spreadsheet from taking text for a formula; `bare` takes the mark off again."""
    return f"{QUOTE}{text}" if text.lstrip(QUOTE).startswith(FORMULA) else text


def bare(text: str) -> str:
    """Give back what `safe` was given."""
    return text[1:] if text.startswith(QUOTE) and text.lstrip(QUOTE).startswith(FORMULA) else text
