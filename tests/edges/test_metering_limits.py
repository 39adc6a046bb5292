"""How many rows a page of usage or events may have."""

import pytest

from metering.api.shared import MOST, limit_of
from monetization.values.errors import Invalid


@pytest.mark.parametrize(("text", "rows"), [("1", 1), ("050", 50), (str(MOST), MOST)])
def test_a_limit_is_a_whole_number(text: str, rows: int) -> None:
    assert limit_of({"limit": text}) == rows
    assert limit_of({}) == 50


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "", "x", "²", "201", "00000199999", "9" * 5000])
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        limit_of({"limit": text})
    assert refused.value.field == "limit"
