"""The OpenAPI document: FastAPI's, with this server's shape of failures in it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from refgenie.server.schemas import Failure, FailureDetail

_FAILURE = {"schema": {"$ref": "#/components/schemas/Failure"}}


def use_own_document(app: FastAPI) -> None:
    """Let the application describe itself by this module."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        openapi_version=app.openapi_version,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for model in (Failure, FailureDetail):
        schemas[model.__name__] = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas[model.__name__].pop("$defs", None)
    for path, operations in made["paths"].items():
        for operation in operations.values():
            _describe_failures(operation["responses"], has_name="{" in path)
            for parameter in operation.get("parameters", ()):
                _list_examples(parameter["schema"])
    return made


def _describe_failures(responses: dict[str, Any], *, has_name: bool) -> None:
    if "422" in responses:
        responses["422"] = {
            "description": "A parameter cannot be used",
            "content": {"application/json": _FAILURE},
        }
    if has_name:
        responses.setdefault(
            "404", {"description": "There is none", "content": {"application/json": _FAILURE}}
        )
    responses.setdefault("default", {"description": "A failure", "content": {"application/json": _FAILURE}})


def _list_examples(schema: dict[str, Any]) -> None:
    # refget gives single examples where JSON Schema has a list of them.
    examples = schema.get("examples")
    if examples is not None and not isinstance(examples, list):
        schema["examples"] = [examples]
