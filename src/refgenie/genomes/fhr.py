"""FHR metadata: the FAIR header of a reference genome, as a JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from refgenie.errors import InvalidInputError, NotFoundError, NotPermittedError


def read_fhr(fhr: Path | str | Mapping[str, Any]) -> dict[str, Any]:
    """An FHR document, given as such or as the JSON file that holds it.

    Raises:
        NotFoundError: There is no such file.
        InvalidInputError: It holds no JSON object.
    """
    if isinstance(fhr, Mapping):
        return dict(fhr)
    path = Path(fhr)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no FHR file {path}") from error
    except OSError as error:
        raise NotPermittedError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise InvalidInputError(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidInputError(f"{path} is no FHR document: it holds no JSON object")
    return document


def species_of(document: Mapping[str, Any] | None) -> str | None:
    """The species that an FHR document names (``taxon.name``)."""
    taxon = (document or {}).get("taxon")
    name = taxon.get("name") if isinstance(taxon, Mapping) else None
    return name if isinstance(name, str) and name else None
