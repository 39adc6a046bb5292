"""A small HTTP client that measures: one kept connection, cookies, the time until the last byte."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit


@dataclass
class Client:
    """One caller; ``seconds`` is how long its last request took, ``location`` where it was sent on."""

    address: str
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    location: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        self.connection = HTTPConnection(parts.hostname or "localhost", parts.port, timeout=120)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        """Send one request. Returns status and body."""
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        began = time.perf_counter()
        self.connection.request(method, path, body, sent)
        answer = self.connection.getresponse()
        content = answer.read()
        self.seconds = time.perf_counter() - began
        self.location = answer.headers.get("Location", "")
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, content

    def sign_in(self, email: str, password: str) -> None:
        """Fill the sign-in form as a person does."""
        _, page = self.ask("GET", "/sign-in/")
        token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, "the sign-in page has no form"
        form = {"csrfmiddlewaretoken": token[1].decode(), "username": email, "password": password}
        status, _ = self.ask(
            "POST", "/sign-in/", urlencode(form).encode(), Content_Type="application/x-www-form-urlencoded"
        )
        assert status == 302, f"{email} can't sign in ({status})"
