"""The registry's rows of builds: one per run of a recipe, also of a failed one."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import UTC, datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from refgenie.core import layout
from refgenie.core.records import RecipeRecord
from refgenie.db.database import Database
from refgenie.db.models import Build

RUNNING, SUCCEEDED, FAILED, INTERRUPTED = "running", "succeeded", "failed", "interrupted"
_MESSAGE_LENGTH = 4000


def new_build_id(moment: datetime) -> str:
    """A name that sorts by time and that no other build has."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


class BuildRecords:
    """Keeps account of builds. The caller holds the asset's lock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(
        self,
        build_id: str,
        genome_digest: str,
        group: str,
        asset: str,
        recipe: RecipeRecord,
        moment: datetime,
    ) -> None:
        """Record that a build runs; one of this asset that died without a word was interrupted."""

        def record(session: Session) -> None:
            session.execute(
                update(Build)
                .where(
                    Build.genome_digest == genome_digest,
                    Build.asset_group_name == group,
                    Build.asset_name == asset,
                    Build.status == RUNNING,
                )
                .values(status=INTERRUPTED, message="refgenie was ended from outside", ended_at=moment)
            )
            session.add(
                Build(
                    id=build_id,
                    genome_digest=genome_digest,
                    asset_group_name=group,
                    asset_name=asset,
                    recipe_name=recipe.name,
                    recipe_version=recipe.version,
                    status=RUNNING,
                    path=layout.build_path(genome_digest, group, build_id),
                    host=socket.gethostname(),
                    pid=os.getpid(),
                    started_at=moment,
                )
            )

        self._database.write(record)

    def fail(self, build_id: str, status: str, message: str) -> None:
        """Record that a build failed or was interrupted, unless its asset was published before."""
        moment = datetime.now(UTC)
        self._database.write(
            lambda session: end_build(session, build_id, status, message[:_MESSAGE_LENGTH], moment)
        )


def end_build(session: Session, build_id: str, status: str, message: str | None, moment: datetime) -> None:
    """Record a build's end within a transaction; what succeeded stays so."""
    session.execute(
        update(Build)
        .where(Build.id == build_id, Build.status != SUCCEEDED)
        .values(status=status, message=message, ended_at=moment)
    )
