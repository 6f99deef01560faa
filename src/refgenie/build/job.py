"""One build from its input files to its published asset; the caller holds the asset's lock."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refgenie.assets.new_asset import NewAsset
from refgenie.assets.workspace import named_folder
from refgenie.build import build_records, output
from refgenie.build.build_log import BuildLog
from refgenie.build.build_records import BuildRecords, end_build, new_build_id
from refgenie.build.execution import Execution
from refgenie.build.interruption import Interruption
from refgenie.build.missing_programs import require_programs
from refgenie.build.provenance import provenance, storable
from refgenie.build.rendering import render_commands, render_questions, render_tests
from refgenie.build.resolution import FASTA, ResolvedBuild
from refgenie.build.runners import Runner, Workplace
from refgenie.core import layout
from refgenie.core.layout import Folders
from refgenie.core.locks import asset_lock
from refgenie.core.progress import Progress
from refgenie.core.records import AssetRecord, SeekKeyRecord
from refgenie.db.database import Database
from refgenie.errors import (
    BuildFailedError,
    DigestMismatchError,
    InterruptedByUserError,
    NotFoundError,
    RefgenieError,
)
from refgenie.genomes.initialization import own_store
from refgenie.sequences.durable import disk_error, writing
from refgenie.sequences.export_check import is_export

if TYPE_CHECKING:
    from refgenie.assets.publish import Publisher
    from refgenie.recipes.templates import BuildValues
    from refgenie.sequences.model import StoreMode

logger = logging.getLogger("refgenie.build")


@dataclass(frozen=True, slots=True)
class Site:
    """What every build of an installation uses."""

    database: Database
    folders: Folders
    mode: StoreMode
    publisher: Publisher
    progress: Progress


class BuildJob:
    """A resolved build under its final name."""

    def __init__(
        self,
        site: Site,
        build: ResolvedBuild,
        name: str,
        runner: Runner,
        properties: Mapping[str, str] | None,
    ) -> None:
        """Take what is built; ``properties`` are the custom seek keys where they are known already."""
        self._site = site
        self._build = build
        self._name = name
        self._runner = runner
        self._properties = properties
        self._laid: list[output.Colocated] = []
        self._records = BuildRecords(site.database)
        self._started_at = datetime.now(UTC)
        self._build_id = new_build_id(self._started_at)
        path = layout.build_path(build.genome_digest, build.request.group, self._build_id)
        self._folder = site.folders.genome_folder / path

    def run(self, interruption: Interruption) -> AssetRecord:
        """Build and publish.

        Raises:
            BuildFailedError: A command failed, or the output does not fit the asset class.
            InterruptedByUserError: A signal ended it; nothing is registered.
        """
        request = self._build.request
        with writing(str(self._folder)):
            self._folder.mkdir(parents=True)
        try:
            self._records.start(
                self._build_id,
                self._build.genome_digest,
                request.group,
                self._name,
                self._build.chosen.record,
                self._started_at,
            )
        except BaseException:
            self._folder.rmdir()
            raise
        try:
            with self._errors_of_the_disk(), BuildLog(self._folder / "log") as log:
                return self._make(log, interruption)
        except RefgenieError as error:
            interrupted = isinstance(error, InterruptedByUserError)
            self._record_failure(
                build_records.INTERRUPTED if interrupted else build_records.FAILED, error.message
            )
            raise
        except BaseException as error:
            self._record_failure(build_records.INTERRUPTED, f"{type(error).__name__}: {error}")
            raise

    def _record_failure(self, status: str, message: str) -> None:
        # The fault that is told is the build's, not that of the registry on the same full disk.
        with suppress(RefgenieError, OSError):
            self._records.fail(self._build_id, status, storable(message))

    @contextmanager
    def _errors_of_the_disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise disk_error(error, f"build of {self._build.request.registry_path}") or error from error

    def _make(self, log: BuildLog, interruption: Interruption) -> AssetRecord:
        key = asset_lock(self._build.genome_digest, self._build.request.group, self._name)
        fixed_name = hashlib.sha256(key.encode()).hexdigest()[:32]
        with (
            ThreadPoolExecutor(1) as other_core,
            named_folder(self._site.folders, f"build-{fixed_name}") as (work, lock),
        ):
            output_folder, scratch = work / "output", work / "scratch"
            output_folder.mkdir()
            scratch.mkdir()
            described = other_core.submit(output.describe_inputs, self._build.files)
            workplace = self._workplace(output_folder, scratch)
            self._runner.prepare(workplace)
            execution = Execution(
                self._build.request.registry_path, self._runner, workplace, log, keep_open=(lock,)
            )
            try:
                values = self._run_commands(execution, work)
                return self._publish(values, workplace, execution, described, interruption)
            except RefgenieError:
                self._keep(output_folder)
                raise
            finally:
                self._write_profile(execution)

    def _workplace(self, output_folder: Path, scratch: Path) -> Workplace:
        return Workplace(
            build_id=self._build_id,
            scratch=scratch,
            output_folder=output_folder,
            genome_folder=self._site.folders.genome_folder,
            inputs=self._build.places,
            image=self._build.chosen.recipe.docker_image if self._runner.is_container else None,
            volumes=self._build.request.volumes,
        )

    def _run_commands(self, execution: Execution, work: Path) -> BuildValues:
        recipe = self._build.chosen.recipe
        output_folder = work / "output"
        values = self._values(output_folder, self._properties or {})
        self._bring_sequences()
        if self._properties is None and recipe.custom_seek_keys:
            questions = render_questions(self._build, values)
            self._require_programs(list(questions.values()))
            self._properties = execution.ask(questions)
            values = self._values(output_folder, self._properties)
        commands = render_commands(self._build, values)
        tests = render_tests(self._build, values) if self._build.request.test else []
        if self._build.request.test and not tests:
            logger.warning("the recipe %s has no test commands", recipe.name)
        self._write_commands(commands)
        self._require_programs([*commands, *tests])
        self._laid = [
            entry
            for key, slot in recipe.input_assets.items()
            for entry in output.colocate(
                output_folder,
                self._build.assets[key],
                [source.source_key for source in slot.colocate],
                self._site.folders.genome_folder,
            )
        ]
        try:
            with self._site.progress.task(f"building {self._build.request.registry_path}"):
                execution.run(commands)
                self._name_by_digest(output_folder, values)
                execution.run(tests, kind="test")
        finally:
            output.check_untouched(self._laid, self._build.request.registry_path)
        return values

    def _bring_sequences(self) -> None:
        """Have the sequences of a remote genome in the store, where the recipe reads it."""
        reads_store = any(
            "refget_store_path" in command for command in self._build.chosen.recipe.command_templates
        )
        if reads_store and self._site.mode.writable:
            own_store(self._site.mode).bring(self._build.genome_digest)

    def _values(self, output_folder: Path, properties: Mapping[str, str]) -> BuildValues:
        return self._build.values(
            self._site.folders,
            asset_name=self._name,
            output_folder=output_folder,
            custom_properties=properties,
        )

    def _require_programs(self, commands: list[str]) -> None:
        if not self._runner.is_container:
            require_programs(commands, image=self._build.chosen.recipe.docker_image)

    def _publish(
        self,
        values: BuildValues,
        workplace: Workplace,
        execution: Execution,
        described: Future[dict[str, dict[str, object]]],
        interruption: Interruption,
    ) -> AssetRecord:
        build, folder = self._build, workplace.output_folder
        keys, found = self._examine(folder, values)
        if found.own_paths:
            logger.warning(
                "%s: files hold the path of the folder that they were made in: %s",
                build.request.registry_path,
                ", ".join(found.own_paths[:5]),
            )
        ended_at = datetime.now(UTC)
        document = provenance(
            build_id=self._build_id,
            genome=self._genome_document(),
            recipe=build.chosen.record,
            runs=execution.runs,
            params=build.params,
            input_files=described.result(),
            input_assets=build.assets,
            custom_properties=values.custom_properties,
            container=self._container_document(workplace),
            source=build.request.source,
            output=found,
            started_at=self._started_at,
            ended_at=ended_at,
        )
        (self._folder / "provenance.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        new = NewAsset(
            genome_digest=build.genome_digest,
            group=build.request.group,
            name=self._name,
            asset_class=build.chosen.asset_class,
            files=found.files,
            digest=found.digest,
            seek_keys=tuple(keys),
            recipe_id=build.chosen.record.id,
            custom_properties=values.custom_properties,
            parents=tuple(asset.parent() for asset in build.assets.values()),
            provenance=document,
            build_id=self._build_id,
        )
        damaged = self._site.publisher.is_damaged(new)
        with interruption.deferred():
            return self._site.publisher.publish(
                folder,
                new,
                replace=True,
                damaged=damaged,
                also=lambda session: end_build(
                    session, self._build_id, build_records.SUCCEEDED, None, ended_at
                ),
            )

    def _examine(self, folder: Path, values: BuildValues) -> tuple[list[SeekKeyRecord], output.Output]:
        """Check and describe the output; it is flushed, hashed and read as a genome at the same time."""
        with ThreadPoolExecutor(2) as pool:
            sealed = pool.submit(self._site.publisher.seal, folder)
            if output.has_links(folder):
                sealed.result()  # before, it is not known which files there are
            keys = self._seek_keys(folder, values)
            checked = pool.submit(self._check_claim, folder, keys)
            found = output.describe_output(folder, folder.parent, self._laid, progress=self._site.progress)
            checked.result()
            sealed.result()
        return keys, found

    def _seek_keys(self, folder: Path, values: BuildValues) -> list[SeekKeyRecord]:
        try:
            return self._held_keys(folder, values)
        except BuildFailedError as error:
            raise BuildFailedError(
                f"{self._build.request.registry_path}: {error.message}; log: {self._folder / 'log'}",
                hint=error.hint,
            ) from error

    def _held_keys(self, folder: Path, values: BuildValues) -> list[SeekKeyRecord]:
        from refgenie.recipes.seek_keys import resolve_seek_keys

        build = self._build
        return resolve_seek_keys(
            build.chosen.asset_class, folder, build.genome_digest, build.params, values.custom_properties
        )

    def _name_by_digest(self, folder: Path, values: BuildValues) -> None:
        """A recipe may have named its files with the alias: they get the digest for it, as all files have."""
        try:
            self._held_keys(folder, values)
        except BuildFailedError:
            renamed = output.rename_beginnings(folder, values.genome_alias, values.genome_digest)
            if renamed:
                logger.info(
                    "%s: files that were named %s… are named %s… now",
                    self._build.request.registry_path,
                    values.genome_alias,
                    values.genome_digest,
                )

    def _check_claim(self, folder: Path, keys: list[SeekKeyRecord]) -> None:
        """An asset of the group ``fasta`` says that it is the genome: it must be."""
        if self._build.request.group != FASTA:
            return
        key = next((key for key in keys if key.name == FASTA and key.type == "file"), None)
        if key is None:
            return
        digest = self._build.genome_digest
        fasta = folder / key.value.replace("{genome}", digest)
        store = own_store(self._site.mode)
        if store.has_collection(digest) and is_export(store.files, digest, fasta):
            return
        found = store.digest_fasta(fasta)
        if found != digest:
            from_store = not self._build.files and not self._build.assets
            raise DigestMismatchError(
                f"{self._build.request.registry_path}: the FASTA file that was built has the sequence "
                f"collection digest {found}, not the genome's {digest}",
                hint=(
                    f"refgenie verify {self._build.request.genome}"
                    if from_store
                    else "give a FASTA file of other sequences another asset group"
                ),
            )

    def _genome_document(self) -> dict[str, Any]:
        digest = self._build.genome_digest
        document: dict[str, Any] = {"digest": digest, "name": self._build.request.genome}
        try:
            collection = self._site.mode.collection(digest)
        except NotFoundError:
            return document
        return document | {"masking": collection.masking, "mask_digest": collection.mask_digest}

    def _container_document(self, workplace: Workplace) -> dict[str, Any] | None:
        if not self._runner.is_container:
            return None
        return {
            "runtime": self._runner.name,
            "image": workplace.image,
            "digest": self._runner.image_digest(workplace),
        }

    def _keep(self, output_folder: Path) -> None:
        if self._build.request.keep_failed and output_folder.exists():
            kept = self._folder / "output"
            output_folder.rename(kept)
            logger.warning("the output of the failed build is kept in %s", kept)

    def _write_commands(self, commands: list[str]) -> None:
        script = ["#!/usr/bin/env bash", "# Each command is run by: bash -o pipefail -e -c COMMAND"]
        (self._folder / "commands").write_text(
            "\n".join([*script, *commands]) + "\n", encoding="utf-8", errors="surrogateescape"
        )

    def _write_profile(self, execution: Execution) -> None:
        columns = ("exit_code", "wall_seconds", "cpu_seconds", "peak_memory_bytes", "command")
        rows = [
            "\t".join(" ".join(str(run.document()[column]).split()) for column in columns)
            for run in execution.runs
        ]
        # Where the disk is full, that is told by what failed for it.
        with suppress(OSError):
            (self._folder / "profile").write_text(
                "\n".join(["\t".join(columns), *rows]) + "\n", encoding="utf-8", errors="surrogateescape"
            )
