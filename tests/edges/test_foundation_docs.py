"""The API's own page in a real browser, under the strict policy."""

import pytest
from playwright.sync_api import Page


@pytest.mark.browser
def test_the_page_of_the_api_works_under_the_strict_policy(page: Page) -> None:
    page.goto("/api/v1/docs")
    page.wait_for_selector(".opblock")
    assert page.title() == "Meterstone API"
    page.click(".opblock-post >> nth=0")
    page.wait_for_selector(".opblock-body")
    assert page.get_by_text("Idempotency-Key").first.is_visible()
