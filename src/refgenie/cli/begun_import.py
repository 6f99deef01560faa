"""The import of a FASTA file, begun before the services are loaded.

Loading them takes half a second and as much memory as a tenth of a chromosome. While the engine reads,
nothing of them is needed; they are loaded beside the second half, whose sequences are mostly smaller.
"""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path

from refgenie.cli.plain_registry import PlainRegistry
from refgenie.core.layout import Folders
from refgenie.core.names import check_alias
from refgenie.core.progress import Progress
from refgenie.sequences.importing import Staged, stage
from refgenie.sequences.staging import staging_folder
from refgenie.sequences.store_files import StoreFiles


@contextmanager
def begun_import(fasta: Path, names: Sequence[str], progress: Progress) -> Iterator[Staged | None]:
    """Import a FASTA file into a private store, which is there while the block lasts.

    Gives None where the services may find a reason not to import it: a name that is in use, a file that
    is none, a registry that is not current, a store that is not there yet.

    Raises:
        InvalidInputError: A name cannot be one, or the file is no FASTA that can be stored.
        DiskFullError, NotPermittedError: The genome folder cannot be written.
    """
    for name in names:
        check_alias(name)
    folders = _folders(names) if _is_file(fasta) else None
    if folders is None:
        yield None
        return
    loading = threading.Thread(target=_load_services)
    with staging_folder(folders.work) as folder:
        try:
            yield stage(folder, fasta, progress, nearly_read=loading.start)
        finally:
            if loading.ident is not None:
                loading.join()


def _is_file(fasta: Path) -> bool:
    try:
        return stat.S_ISREG(fasta.stat().st_mode)
    except OSError:
        return False


def _folders(names: Sequence[str]) -> Folders | None:
    """The registry's folders, where it is current, has a store, and knows none of the names."""
    try:
        with closing(PlainRegistry()) as registry:
            folders = Folders(Path(registry.genome_folder), Path())
            is_usual = StoreFiles(folders.store).exists() and not any(map(registry.knows, names))
    except Exception:  # noqa: BLE001 - the services find and word the error
        return None
    return folders if is_usual else None


def _load_services() -> None:
    for module in ("refgenie.api", "refgenie.services", "refgenie.genomes.service", "refgenie.db.migrate"):
        import_module(module)
