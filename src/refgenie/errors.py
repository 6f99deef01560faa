"""The one error tree of refgenie.

Every face (command line, Python, HTTP, MCP) has one handler for this tree: the
class gives the stable ``code``, the exit code and the HTTP status, the instance
the message and, where there is one, the command that mends the fault.

    RefgenieError
    ├── UsageError                2   400  wrong usage
    ├── NotFoundError             3   404
    ├── ConflictError             4   409  exists already, or still in use
    ├── InvalidInputError         5   422  bad FASTA, YAML, registry path, recipe
    ├── DigestMismatchError       6   502  checksum or digest is not the promised one
    ├── NetworkError              7   502  network or server
    ├── BuildFailedError          8   500  a build step failed
    ├── NotPermittedError         9   403  not permitted, or read-only
    │   └── DiskFullError         9   507
    ├── LockedError              10   503  held by another process past the time-out
    ├── DatabaseVersionError      5   503  registry is newer or older than this program
    └── InterruptedByUserError  130   499
"""

from __future__ import annotations

from typing import ClassVar


class RefgenieError(Exception):
    """Base of all errors that refgenie raises on purpose.

    Attributes:
        message: One line that says what is wrong.
        hint: The command or step that mends it, or None.
        code: Stable machine-readable name, the same on every face.
        exit_code: Exit code of the command line.
        http_status: Status of the HTTP answer.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 70
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders (imports and builds run in children).
        return (_restore, (type(self), self.message, self.hint))


def _restore(kind: type[RefgenieError], message: str, hint: str | None) -> RefgenieError:
    return kind(message, hint=hint)


class UsageError(RefgenieError):
    """The command or call was used wrongly."""

    code = "usage"
    exit_code = 2
    http_status = 400


class NotFoundError(RefgenieError):
    """A genome, asset, recipe, file or program that was named is not there."""

    code = "not_found"
    exit_code = 3
    http_status = 404


class ConflictError(RefgenieError):
    """Something exists already with other content, or is still in use."""

    code = "conflict"
    exit_code = 4
    http_status = 409


class InvalidInputError(RefgenieError):
    """Input that cannot be used: FASTA, YAML, registry path, recipe, region."""

    code = "invalid_input"
    exit_code = 5
    http_status = 422


class DigestMismatchError(RefgenieError):
    """Content does not have the digest that was recorded or promised."""

    code = "digest_mismatch"
    exit_code = 6
    http_status = 502


class NetworkError(RefgenieError):
    """A server could not be reached or answered something unusable."""

    code = "network"
    exit_code = 7
    http_status = 502


class BuildFailedError(RefgenieError):
    """A build command failed, or its outputs do not fit the asset class."""

    code = "build_failed"
    exit_code = 8
    http_status = 500


class NotPermittedError(RefgenieError):
    """The operation is not permitted here: read-only, or not in this mode."""

    code = "not_permitted"
    exit_code = 9
    http_status = 403


class DiskFullError(NotPermittedError):
    """There is no space left where something has to be written."""

    code = "disk_full"
    http_status = 507


class LockedError(RefgenieError):
    """Another process holds what is needed, longer than the time-out."""

    code = "locked"
    exit_code = 10
    http_status = 503


class DatabaseVersionError(InvalidInputError):
    """The registry has another version than this program can use."""

    code = "database_version"
    http_status = 503


class InterruptedByUserError(RefgenieError):
    """The user, or the batch system, ended the work (SIGINT, SIGTERM)."""

    code = "interrupted"
    exit_code = 130
    http_status = 499
