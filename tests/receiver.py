"""A receiver of webhooks on a port of this machine, for tests that need real sockets."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Receiver:
    """A receiver on a port of this machine; `answers` are given one after the other, the last for ever."""

    answers: list[int | float]
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def answer(self) -> int:
        said = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(said, float):
            time.sleep(said)
            return 200
        return said


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    servers = []

    def start(*answers: int | float) -> Receiver:
        here = Receiver(list(answers))

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                here.got.append((dict(self.headers), body))
                status = here.answer()
                self.send_response(status)
                if status in (301, 302, 307):
                    self.send_header("Location", here.url + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        here.url = f"http://127.0.0.1:{server.server_port}/hook"
        return here

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
