"""Words that every app shares: money, periods, canonical JSON, errors. Pure Python, no Django."""
