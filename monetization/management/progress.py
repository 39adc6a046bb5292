"""One line on standard error that says how far we are; on a terminal it is rewritten in place."""

import sys
import time


class Progress:
    """Counts events and bytes of all files together; bytes read before this run count as done, not as speed."""

    def __init__(self, total_bytes: int) -> None:
        self.total, self.events, self.done, self.skipped = total_bytes, 0, 0, 0
        self.began, self.last = time.monotonic(), 0.0
        self.is_terminal = sys.stderr.isatty()

    def show(self, events: int, done: int, *, final: bool = False) -> None:
        """Say that so many more events are in, and how many bytes of all files are read."""
        self.events, self.done = self.events + events, done
        now = time.monotonic()
        if not final and now - self.last < (0.2 if self.is_terminal else 10):
            return
        self.last = now
        line = self._line(now - self.began)
        sys.stderr.write(f"\r{line}\x1b[K" if self.is_terminal else f"{line}\n")
        sys.stderr.write("\n" if final and self.is_terminal else "")
        sys.stderr.flush()

    def skip(self, read: int) -> None:
        """Say that so many bytes were read by an earlier run."""
        self.skipped += read

    def _line(self, seconds: float) -> str:
        rate = int(self.events / max(seconds, 0.001))
        words = f"{self.events:,} events, {rate:,} a second"
        if not self.total:
            return f"… {words}"
        percent = min(100, 100 * self.done // self.total)
        return f"[{'█' * (percent // 4):<25}] {percent:3} %  {words}{self._left(seconds)}"

    def _left(self, seconds: float) -> str:
        fresh = self.done - self.skipped
        if fresh <= 0 or self.done >= self.total:
            return ""
        left = int(seconds * (self.total - self.done) / fresh)
        return f", {left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"
