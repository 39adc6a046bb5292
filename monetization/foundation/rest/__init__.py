"""Edge of the API: keys, problems, repeats, pages, throttles: what every endpoint of every app stands on.

An endpoint is a `View` of `rest.views` (or one of DRF's generic views after it), names who may call it with
`requires(scope, ability)`, checks its body with a `Strict` serializer, calls one action with `by=self.by,
at=self.at`, and answers.

What DRF's own views ask for while they are made is here; what is made of those views is in `rest.views`.
"""

from monetization.foundation.rest.idempotency import Repeat, once
from monetization.foundation.rest.keys import KeyAuthentication, KeyRefused, requires
from monetization.foundation.rest.pages import Cursor
from monetization.foundation.rest.parsing import Json
from monetization.foundation.rest.problems import Problem, fault, problem, problem_answer
from monetization.foundation.rest.serializers import Exact, Strict, StrictModel
from monetization.foundation.rest.throttles import Throttle, admit

__all__ = [
    "Cursor",
    "Exact",
    "Json",
    "KeyAuthentication",
    "KeyRefused",
    "Problem",
    "Repeat",
    "Strict",
    "StrictModel",
    "Throttle",
    "admit",
    "fault",
    "once",
    "problem",
    "problem_answer",
    "requires",
]
