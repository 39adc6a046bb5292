"""A place in a list of events as text: where the next page starts."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from monetization.values.errors import Invalid

After = tuple[datetime, str, str]  # time, source, id: the order of drill-down


def written(place: After | None) -> str | None:
    """Write a place so that it fits into an address."""
    if place is None:
        return None
    time, source, event_id = place
    return urlsafe_b64encode(json.dumps([time.isoformat(), source, event_id]).encode()).decode("ascii")


def read(text: str | None) -> After | None:
    """Read a place back. Raises Invalid (field `after`) for what isn't one."""
    if not text:
        return None
    try:
        time, source, event_id = json.loads(urlsafe_b64decode(text.encode("ascii")))
        moment = datetime.fromisoformat(time)
        if moment.tzinfo is None:
            raise ValueError("a place has a zone")
        return moment, str(source), str(event_id)
    except (ValueError, TypeError) as error:
        raise Invalid("This is not the end of a page", field="after", fix="Send it as it was") from error
