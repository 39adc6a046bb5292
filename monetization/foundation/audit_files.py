"""Tables for auditors as files: streamed where they are long, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse

from monetization.foundation.models import AuditEntry
from monetization.foundation.queries import audit_log

FORMS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}


def audit_file(entries: QuerySet[AuditEntry], form: str, name: str) -> StreamingHttpResponse:
    """Stream entries, oldest first, each with its link of the chain."""
    lines: Iterable[str] = audit_log.json_lines(entries) if form == "jsonl" else _csv(audit_log.rows(entries))
    answer = StreamingHttpResponse(lines, content_type=FORMS[form])
    answer["Content-Disposition"] = f'attachment; filename="audit-{name}.{form}"'
    return answer


def sheet(name: str, rows: Iterable[list[str]]) -> HttpResponse:
    """Answer with a short table."""
    answer = HttpResponse("".join(_csv(rows)), content_type=FORMS["csv"])
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _csv(rows: Iterable[list[str]]) -> Iterator[str]:
    for row in rows:
        line = StringIO()
        csv.writer(line).writerow(row)
        yield line.getvalue()
