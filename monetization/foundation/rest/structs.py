"""Types that msgspec reads, as OpenAPI describes them: what describes a body is what reads it."""

from typing import Any

import msgspec


def described(*bodies: type[msgspec.Struct]) -> dict[str, Any]:
    """Describe types with everything that they hold in place."""
    roots, parts = msgspec.json.schema_components(bodies, ref_template="{name}")
    found = [_in_place(root, parts) for root in roots]
    return {"anyOf": found} if len(found) > 1 else dict(found[0])


def _in_place(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_in_place(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if (name := schema.get("$ref")) in parts:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return _in_place(parts[name], parts) | rest
    kept = {key: value for key, value in schema.items() if (key, value) != ("required", [])}
    return {key: _in_place(value, parts) for key, value in kept.items()}
