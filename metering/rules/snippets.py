"""Code that sends one event, to be copied and run as it stands: curl, Python (standard library), Node 18 or newer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pprint import pformat
from shlex import quote
from typing import Any

CURL = """curl {address} \\
  -H {key} \\
  -H 'Content-Type: application/json' \\
  -d {events}
"""
PYTHON = """import json
import urllib.error
import urllib.request

event = {event}
request = urllib.request.Request(
    {address},
    data=json.dumps([event]).encode(),
    headers={{"Authorization": {key}, "Content-Type": "application/json"}},
)
try:
    answer = urllib.request.urlopen(request)
except urllib.error.HTTPError as refused:
    answer = refused  # it says which field is wrong, and what mends it
print(answer.read().decode())
"""
JAVASCRIPT = """const event = {event};
const answer = await fetch({address}, {{
  method: "POST",
  headers: {{ "Authorization": {key}, "Content-Type": "application/json" }},
  body: JSON.stringify([event]),
}});
console.log(await answer.text());
"""


def curl(address: str, token: str, event: Mapping[str, Any]) -> str:
    """Write a command for a shell."""
    events = quote(json.dumps([event], indent=2, ensure_ascii=False))
    return CURL.format(address=quote(address), key=quote(f"Authorization: Bearer {token}"), events=events)


def python(address: str, token: str, event: Mapping[str, Any]) -> str:
    """Write a program for Python 3."""
    text = pformat(dict(event), sort_dicts=False, width=88)
    return PYTHON.format(event=text, address=_text(address), key=_text(f"Bearer {token}"))


def javascript(address: str, token: str, event: Mapping[str, Any]) -> str:
    """Write a module (.mjs) for Node."""
    text = json.dumps(event, indent=2, ensure_ascii=False)
    return JAVASCRIPT.format(event=text, address=_text(address), key=_text(f"Bearer {token}"))


def _text(text: str) -> str:
    return json.dumps(text)
