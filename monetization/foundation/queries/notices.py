"""What a person was told, and how much of it is new."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from monetization.foundation.models import Environment, Notice, User
from monetization.foundation.queries.desk import desk_of
from monetization.foundation.queries.requests import requests_for
from monetization.foundation.rules.notices import Telling

KEPT = timedelta(days=30)
NEWS = (Telling.DECIDED.value, Telling.MENTIONED.value)


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests that wait for a person, and news that they haven't read."""

    waiting: int
    unread: int

    @property
    def all(self) -> int:
        """Both together."""
        return self.waiting + self.unread


def notices_for(user: User, environment: Environment) -> QuerySet[Notice]:
    """Return a person's notices about requests that they still may see, newest first."""
    seen = requests_for(user, environment)
    return Notice.objects.filter(user=user, environment=environment, request__in=seen).select_related("request")


def news_for(user: User, environment: Environment, *, at: datetime, most: int = 30) -> list[Notice]:
    """Return what was decided about a person's requests and where they are mentioned, lately."""
    return list(notices_for(user, environment).filter(telling__in=NEWS, at__gte=at - KEPT)[:most])


def counts(user: User, environment: Environment, *, at: datetime) -> Counts:
    """Count what waits for a person and what is new to them."""
    unread = notices_for(user, environment).filter(telling__in=NEWS, read_at=None, at__gte=at - KEPT).count()
    return Counts(len(desk_of(user, environment, at=at)), unread)
