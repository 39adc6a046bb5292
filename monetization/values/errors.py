"""The ways in which the product says no.

Actions and rules raise these; only the edges catch them (HTTP status, line beside the field).
Each error names the field it is about, as a path such as ``charges[0].tiers[1].up_to``,
and says what would mend it. ``Invalids`` carries several at once, so that a form shows all of them.
"""

from __future__ import annotations

from collections.abc import Iterable


class DomainError(Exception):
    """A refusal with a message for people, a machine's ``code``, and where known a ``field`` and a
    ``fix``.
    """

    code = "refused"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        fix: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.fix = fix
        self.code = code or type(self).code

    @property
    def errors(self) -> tuple[DomainError, ...]:
        """Every single refusal in this one; a plain error holds only itself."""
        return (self,)


class Invalid(DomainError):
    """The input can't be right, whoever sends it."""

    code = "invalid"


class NotAllowed(DomainError):
    """This actor may not do it."""

    code = "not_allowed"


class WrongState(DomainError):
    """The thing is not in a state in which this can be done."""

    code = "wrong_state"


class Conflict(DomainError):
    """Somebody else changed or took it first."""

    code = "conflict"


class NotFound(DomainError):
    """It does not exist, or not for this actor."""

    code = "not_found"


class Invalids(Invalid):
    """Several invalid fields at once; message, field and fix are those of the first."""

    def __init__(self, errors: Iterable[DomainError]) -> None:
        self._errors = tuple(single for error in errors for single in error.errors)
        if not self._errors:
            raise ValueError("Invalids needs at least one error")
        first = self._errors[0]
        super().__init__(first.message, field=first.field, fix=first.fix, code=first.code)

    def __str__(self) -> str:
        return "; ".join(f"{e.field}: {e.message}" if e.field else e.message for e in self._errors)

    @property
    def errors(self) -> tuple[DomainError, ...]:
        """Every single refusal, flat."""
        return self._errors


def refuse_if(errors: Iterable[DomainError]) -> None:
    """Raise nothing for no error, the error itself for one, ``Invalids`` for several."""
    found = [single for error in errors for single in error.errors]
    if len(found) == 1:
        raise found[0]
    if found:
        raise Invalids(found)
