"""What the OpenAPI description allows, and what it doesn't, sent to every operation of metering: never a 5xx."""

import os

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import make, metered

EXAMPLES = 300 if os.environ.get("SOAK") == "1" else 4
PATHS = r"^/api/v1/(events|usage|quarantine|quota|limits|corrections|backfills|receipts)"
PHASES = (Phase.explicit, Phase.generate)


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore")
def test_no_operation_of_metering_fails(world: make.World) -> None:
    metered.metric(world, "tokens", metered.LLM)
    headers = {"Authorization": f"Bearer {make.token(world.eli, world.live)}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema", get_wsgi_application(), headers=headers)
    tried = 0
    for found in schema.include(path_regex=PATHS).get_all_operations():
        tried += 1
        _tried(found.ok(), headers)
    assert tried >= 7


def _tried(operation, headers: dict[str, str]) -> None:
    for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):

        @given(case=operation.as_strategy(generation_mode=mode) | st.nothing())
        @settings(max_examples=EXAMPLES, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
        def fits(case) -> None:
            answer = case.call(headers=headers)
            assert answer.status_code < 500, (case.as_curl_command(), answer.text[:500])

        fits()
