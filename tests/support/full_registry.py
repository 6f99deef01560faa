"""A registry with 100,000 assets, written by a few SQL statements; no file of them exists."""

from __future__ import annotations

import hashlib

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from refgenie.db.database import Database
from refgenie.db.models import (
    Alias,
    Asset,
    AssetClass,
    AssetFile,
    AssetGroup,
    AssetParent,
    AssetSeekKey,
    Genome,
    Recipe,
)
from refgenie.db.transfer_models import StagedAsset

GENOMES = 5_000
GROUPS = ("fasta", "bwa_index", "bowtie2_index", "gencode_gtf", "star_index")
ASSETS_OF_A_GROUP = 4
SPECIES = ("Homo sapiens", "Mus musculus", "Danio rerio", "Escherichia coli", "Saccharomyces cerevisiae")


def digest_of(number: int) -> str:
    """Digest of the genome with this number."""
    return hashlib.sha512(str(number).encode()).hexdigest()[:32]


def fill(database: Database) -> None:
    """5,000 genomes with five groups of four assets each; all are staged in mode ``file``."""
    database.write(_fill)


def _fill(session: Session) -> None:
    session.execute(
        insert(Genome),
        [
            {
                "digest": digest_of(n),
                "description": f"Assembly number {n}",
                "species_name": SPECIES[n % len(SPECIES)],
                "sequences": 25,
                "total_length": 3_000_000_000 - n,
            }
            for n in range(GENOMES)
        ],
    )
    session.execute(
        insert(Alias),
        [{"name": f"genome{n}", "genome_digest": digest_of(n), "source": "server"} for n in range(GENOMES)],
    )
    known = dict(session.execute(select(AssetClass.name, AssetClass.id)).tuples().all())
    for name in GROUPS:
        if name not in known:
            row = AssetClass(
                name=name,
                version="0.1.0",
                serving_modes=["file"],
                seek_keys={name: {"value": "{genome}", "type": "prefix"}},
                definition={"name": name, "version": "0.1.0"},
            )
            session.add(row)
            session.flush()
            known[name] = row.id
    recipe = session.scalar(select(Recipe.id).limit(1))
    groups = [(n, name) for n in range(GENOMES) for name in GROUPS]
    session.execute(
        insert(AssetGroup),
        [
            {"id": 10 + i, "genome_digest": digest_of(n), "name": name, "asset_class_id": known[name]}
            for i, (n, name) in enumerate(groups)
        ],
    )
    assets = [(10 + g, v) for g in range(len(groups)) for v in range(ASSETS_OF_A_GROUP)]
    session.execute(
        insert(Asset),
        [
            {
                "id": i + 100,
                "asset_group_id": group,
                "name": f"{v}.0",
                "digest": f"{i:064x}",
                "size": 1000 + (i * 7919) % 10_000_000,
                "is_default": v == 0,
                "recipe_id": recipe,
            }
            for i, (group, v) in enumerate(assets)
        ],
    )
    first = range(100, 100 + 20 * ASSETS_OF_A_GROUP)
    session.execute(
        insert(AssetFile),
        [
            {"asset_id": i, "path": f"part{part}.bin", "size": 10, "sha256": f"{i:064x}"}
            for i in first
            for part in range(3)
        ],
    )
    session.execute(
        insert(AssetSeekKey),
        [{"asset_id": i, "name": "main", "value": "part0.bin", "type": "file"} for i in first],
    )
    session.execute(
        insert(AssetParent),
        [
            {
                "asset_id": i,
                "key": "fasta",
                "digest": f"{0:064x}",
                "registry_path": f"{digest_of(0)}/fasta:0.0",
                "parent_id": 100,
            }
            for i in range(104, 104 + 3 * ASSETS_OF_A_GROUP)
        ],
    )
    session.execute(
        insert(StagedAsset),
        [
            {
                "asset_id": i + 100,
                "mode": "file",
                "path": f"x/{i}",
                "digest": f"{i:064x}",
                "size": 10,
                "directory_contents": [],
            }
            for i in range(len(assets))
        ],
    )
