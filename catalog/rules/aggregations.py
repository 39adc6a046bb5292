"""How single events become one number, and how that is rounded: the words of metrics."""

from __future__ import annotations

from enum import StrEnum


class Aggregation(StrEnum):
    """How single events become one number; ``metering.rules.aggregate`` says exactly how."""

    SUM = "SUM"
    COUNT = "COUNT"
    MAX = "MAX"
    MIN = "MIN"
    LATEST = "LATEST"
    UNIQUE = "UNIQUE"
    AVERAGE = "AVERAGE"
    TIME_WEIGHTED = "TIME_WEIGHTED"

    @property
    def adds_up(self) -> bool:
        """Say whether quantities of separate spans and dimension values may simply be added."""
        return self in (Aggregation.SUM, Aggregation.COUNT)


class Window(StrEnum):
    """The stretch in which a metric is aggregated first: a UTC hour, or a day of the account's zone."""

    HOUR = "hour"
    DAY = "day"


class Again(StrEnum):
    """What is made of the values of all windows."""

    SUM = "sum"
    MAX = "max"
    AVERAGE = "average"
    P95 = "p95"


class FilterOp(StrEnum):
    """Conditions that a filter can set."""

    EXISTS = "exists"
    MISSING = "missing"
    IN = "in"
    NOT_IN = "not_in"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


class Rounding(StrEnum):
    """Rounding of a converted quantity: ceiling, floor, or half away from zero."""

    UP = "up"
    DOWN = "down"
    HALF_UP = "half_up"
