"""A page as PDF bytes: the same content makes the same bytes, and nothing outside the project is fetched.

The file's identifier is the digest of the content, its dates are the document's, so rendering an issued invoice
again proves that nothing moved. ``attachments`` and ``variant`` are where an embedded e-invoice goes in later.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import get_template
from fontTools.ttLib import woff2
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from billing.documents.page import html_of
from billing.rules.printed import InvoiceDocument, content_of
from monetization.values.canonical import digest

FONTS = "unfold/fonts/"


class OwnFiles(URLFetcher):
    """Gives ``data:`` addresses and the project's own fonts (``static:unfold/fonts/…``); refuses all else."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=("data",), allow_redirects=False)

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        scheme, _, path = url.partition(":")
        if scheme != "static":
            return super().fetch(url, headers)
        return URLFetcherResponse(url, _font(path), {"Content-Type": "font/ttf"})


def pdf_of(document: InvoiceDocument) -> bytes:
    """Render the document. Source: WeasyPrint's documentation on reproducible output (`pdf_identifier`)."""
    fetcher, fonts = OwnFiles(), FontConfiguration()
    style = CSS(string=_style(), font_config=fonts, url_fetcher=fetcher)
    page = HTML(string=html_of(document), url_fetcher=fetcher)
    pdf: bytes = page.write_pdf(
        stylesheets=[style],
        font_config=fonts,
        pdf_identifier=digest(content_of(document))[:16],
        pdf_tags=True,
    )
    return pdf


@lru_cache(maxsize=1)
def _style() -> str:
    template: Any = get_template("documents/invoice.css")
    return str(template.template.source)


@lru_cache(maxsize=16)
def _font(path: str) -> bytes:
    """Read and unpack a font once for the process: unpacking takes longer than the page."""
    found = finders.find(path) if path.startswith(FONTS) and ".." not in path else None
    if not isinstance(found, str):
        raise ValueError(f"not a font of this project: {path}")
    unpacked = BytesIO()
    woff2.decompress(BytesIO(Path(found).read_bytes()), unpacked)
    return unpacked.getvalue()
