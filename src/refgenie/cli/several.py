"""Commands that are asked for several things: each is done, and all that failed are named at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from refgenie.core.registry_path import RegistryPath
from refgenie.errors import InterruptedByUserError, RefgenieError, UsageError

T = TypeVar("T")
U = TypeVar("U")
Failure = tuple[str, RefgenieError]


def whole_asset(text: str, done: str) -> RegistryPath:
    """Read a registry path that names an asset and none of its seek keys.

    Args:
        text: As it was given.
        done: What is done to assets, for the message: ``removed``.

    Raises:
        UsageError: It names a seek key: nothing is done to a part of an asset.
        InvalidInputError: It is no registry path.
    """
    path = RegistryPath.parse(text)
    if path.seek_key is not None:
        bare = RegistryPath(path.genome, path.group, asset=path.asset)
        raise UsageError(f"{text} names a seek key; assets are {done} whole", hint=f"name the asset: {bare}")
    return path


def each(wanted: Iterable[T], work: Callable[[T], U]) -> tuple[list[U], list[Failure]]:
    """Do something to each of several; a failure does not keep the others from being done.

    Returns:
        What ``work`` answered, and what failed.

    Raises:
        InterruptedByUserError: What was not done yet is not wanted any more.
    """
    done: list[U] = []
    failures: list[Failure] = []
    for item in wanted:
        try:
            done.append(work(item))
        except InterruptedByUserError:
            raise
        except RefgenieError as error:
            failures.append((str(item), error))
    return done, failures


def raise_failures(failures: list[Failure], what: str = "failed") -> None:
    """Raise what failed: one failure as it is, several as one of the first's kind that lists them.

    Args:
        failures: None is no error.
        what: What is said of several, after their number: ``assets were not staged``.
    """
    if not failures:
        return
    first = failures[0][1]
    if len(failures) == 1:
        raise first
    listed = "; ".join(f"{name}: {error.message}" for name, error in failures)
    raise type(first)(f"{len(failures)} {what}: {listed}", hint=first.hint)
