"""Make environments and the companies that sell in them."""

from datetime import datetime

from django.db import transaction

from monetization.foundation.actions import audit, rows
from monetization.foundation.models import Environment, LegalEntity, User
from monetization.values.errors import Conflict


@transaction.atomic
def create_environment(
    *, key: str, name: str, kind: Environment.Kind | str, by: User | None, at: datetime
) -> Environment:
    """Make an environment; there is one LIVE and any number of sandboxes."""
    rows.allow(by, "foundation.manage_people")
    environment = Environment(key=key, name=name, kind=str(kind))
    rows.check(environment)
    live = Environment.Kind.LIVE
    if environment.kind == live and Environment.objects.select_for_update().filter(kind=live).exists():
        raise Conflict("There is a LIVE environment already", field="kind", fix="Make a sandbox")
    rows.keep(environment, by=by, at=at)
    audit.record(
        environment=environment, action="environment.created", subject=environment, by=by, at=at,
        after={"key": key, "kind": environment.kind},
    )  # fmt: skip
    return environment


@transaction.atomic
def create_legal_entity(
    *,
    environment: Environment,
    key: str,
    name: str,
    street: str,
    postal_code: str,
    city: str,
    country: str,
    reporting_currency: str,
    number_prefix: str,
    by: User | None,
    at: datetime,
    tax_id: str = "",
    registration: str = "",
    bank_details: str = "",
) -> LegalEntity:
    """Make a company that sells; `number_prefix` is printed before its invoice numbers."""
    rows.allow(by, "foundation.manage_legal_entities")
    entity = LegalEntity(
        environment=environment, key=key, name=name, street=street, postal_code=postal_code, city=city,
        country=country, tax_id=tax_id, registration=registration, bank_details=bank_details,
        reporting_currency=reporting_currency, number_prefix=number_prefix,
    )  # fmt: skip
    rows.check(entity)
    rows.keep(entity, by=by, at=at)
    after = {"key": key, "name": name, "country": country, "tax_id": tax_id, "number_prefix": number_prefix}
    audit.record(environment=environment, action="legal_entity.created", subject=entity, by=by, at=at, after=after)
    return entity
