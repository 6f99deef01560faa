"""An installation that can build: the real services wired by hand, and recipes made of shell commands."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from refgenie.assets.alias_tree import AliasTree
from refgenie.assets.publish import Publisher
from refgenie.assets.service import AssetService
from refgenie.build.request import BuildParams, BuildRequest
from refgenie.build.service import BuildService
from refgenie.core.layout import Folders
from refgenie.core.records import AssetRecord, BuildRecord
from refgenie.db.database import Database
from refgenie.db.locks import open_locks
from refgenie.db.models import Build
from refgenie.genomes.aliases import AliasService
from refgenie.genomes.service import GenomeService
from refgenie.recipes.asset_classes import AssetClassService
from refgenie.recipes.bundled import load_bundled
from refgenie.recipes.recipes import RecipeService
from refgenie.sequences.local import LocalMode

TINY = ">chr1 first\nACGTACGTAC\nGGGTTTacgt\n>chr2\nTTTTGGGGCC\n"


class BuildSite:
    """Everything of one installation that builds need."""

    def __init__(self, database: Database, folders: Folders) -> None:
        self.database = database
        self.folders = folders
        self.locks = open_locks(database, folders.locks)
        self.links = AliasTree(database, folders)
        self.mode = LocalMode(folders, self.locks)
        self.aliases = AliasService(database, self.mode, folders, self.locks, self.links)
        self.genomes = GenomeService(database, self.mode, folders, self.locks, self.aliases)
        self.classes = AssetClassService(database)
        self.recipes = RecipeService(database)
        self.publisher = Publisher(database, folders, self.links)
        self.assets = AssetService(
            database, folders, self.aliases, self.locks, self.publisher, self.links, self.classes
        )
        self.pulled: list[str] = []
        self.builds = BuildService(
            database,
            folders,
            self.aliases,
            self.genomes,
            self.mode,
            self.assets,
            self.publisher,
            self.recipes,
            self.classes,
            self.locks,
            pull=lambda path: self.pulled.append(str(path)),
        )

    def fill(self, fasta: Path, name: str = "tiny") -> str:
        """Register the bundled recipes and a genome; its digest."""
        load_bundled(self.classes, self.recipes)
        self.mode.create_store()
        return self.genomes.initialize_genome(fasta, [name]).digest

    def add_class(self, name: str, **keys: Any) -> None:
        """Register an asset class; a key is a path in the asset, or a whole description."""
        seek_keys = {
            key: value if isinstance(value, Mapping) else {"value": value, "type": "file"}
            for key, value in keys.items()
        }
        self.classes.add({"name": name, "version": "1.0", "description": name, "seek_keys": seek_keys})

    def add_recipe(self, name: str, *commands: str, makes: str | None = None, **fields: Any) -> None:
        """Register a recipe; without ``makes`` its class has its name and the file ``made``."""
        if makes is None:
            self.add_class(name, **{name: "made"})
        self.recipes.add(
            {
                "name": name,
                "version": "1.0",
                "description": name,
                "output_asset_class": makes or name,
                "command_templates": list(commands),
                **fields,
            }
        )

    def request(self, path: str, **fields: Any) -> BuildRequest:
        """A request; ``assets``, ``files`` and ``params`` are those of BuildParams."""
        given = {key: fields.pop(key) for key in ("assets", "files", "params") if key in fields}
        return self.builds.requests([path], BuildParams(**given), **fields)[0]

    def build(self, path: str, **fields: Any) -> AssetRecord:
        """Build one asset."""
        return self.builds.build(self.request(path, **fields))

    def folder(self, asset: AssetRecord) -> Path:
        """The content folder of an asset."""
        return self.folders.genome_folder / asset.path

    def text(self, asset: AssetRecord, file: str = "made") -> str:
        """Content of a file of an asset."""
        return (self.folder(asset) / file).read_text()

    def build_rows(self) -> list[BuildRecord]:
        """The registry's rows of builds, oldest first."""
        with self.database.read() as session:
            rows = session.query(Build).order_by(Build.started_at, Build.id).all()
            return [
                BuildRecord(
                    row.id,
                    row.genome_digest,
                    row.asset_group_name,
                    row.asset_name,
                    row.recipe_name,
                    row.recipe_version,
                    row.status,
                    row.message,
                    row.path,
                    row.started_at,
                    row.ended_at,
                )
                for row in rows
            ]

    def log(self, row: BuildRecord) -> str:
        """The log of a build."""
        return (self.folders.genome_folder / row.path / "log").read_text()

    def leftovers(self) -> list[Path]:
        """What is still in the folder of temporary work."""
        return sorted(self.folders.work.iterdir()) if self.folders.work.exists() else []


def open_site(url: str, genome_folder: str) -> BuildSite:
    """The installation at an address and a folder, for a child process."""
    from refgenie.db.database import Database as Registry

    genomes = Path(genome_folder)
    return BuildSite(Registry.from_url(url), Folders(genomes, genomes.with_name("archives")))


def main() -> int:
    """``python -m support.build_site URL GENOME_FOLDER PATH``: builds one asset; the exit code tells."""
    from refgenie.errors import RefgenieError

    url, genome_folder, path = sys.argv[1:4]
    try:
        print(open_site(url, genome_folder).build(path).digest)
    except RefgenieError as error:
        print(error.message, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
