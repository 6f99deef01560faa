"""One region of one sequence, as fast as a process can start: what ``getseq`` calls.

Imports nothing but the standard library's smallest modules; what is rare (errors, masks, exact
residues, alphabets other than DNA's, and with them the engine) is loaded when it is met. Opens a
store of one collection at most.
"""

from __future__ import annotations

import os

_SMALL = 300_000
"""Bytes of a collection's list up to which its lasting view opens faster than one made for the call."""


def fetch(
    store_path: str,
    collection_digest: str,
    region_name: str,
    start: int | None = None,
    end: int | None = None,
    keep_case: bool = False,
) -> str:
    """Residues of a region of a collection in a store on this machine.

    Args:
        store_path: Folder of the store.
        collection_digest: Digest of the collection.
        region_name: Name of the sequence.
        start: First position, 0-based; None is 0.
        end: Position after the last; None is the sequence's length.
        keep_case: Masked residues in lower case, as they were imported.

    Raises:
        NotFoundError: There is no such collection or sequence.
        SequenceNotHereError: The genome is remote, and this sequence was not fetched yet.
        InvalidInputError: The region does not lie within the sequence, or the store is damaged.
    """
    line, size = _find(f"{store_path}/collections/{collection_digest}.rgsi", region_name)
    if line is None:
        from refgenie.sequences.absence import no_collection, no_sequence

        raise no_collection(collection_digest) if size < 0 else no_sequence(collection_digest, region_name)
    _, length, alphabet, digest, _ = line.decode().split("\t", 4)
    first = 0 if start is None else start
    last = int(length) if end is None else end
    if not 0 <= first <= last <= int(length):
        from refgenie.sequences.reader import bounds

        bounds(region_name, int(length), start, end)
    packed = f"{store_path}/sequences/{digest[:2]}/{digest}.seq"
    # Residues may be here by another genome that has them, before a remote one's list says how.
    if alphabet == "Unknown" or not _is_there(packed):
        from refgenie.sequences.absence import not_here

        raise not_here(store_path, collection_digest, region_name, digest)
    view = f"{store_path}/refgenie/views/{collection_digest}"
    found = _read_packed(store_path, packed, alphabet, int(length), first, last)
    if found is not None:
        residues = found
    elif size <= _SMALL and _is_there(f"{view}/rgstore.json"):
        residues = _decode(view, digest, first, last)
    else:
        residues = _decode_alone(store_path, line, digest, first, last)
    if _is_there(f"{store_path}/refgenie/exact/{digest[:2]}/{digest}.res"):
        residues = _exact(store_path, digest, residues, first)
    if keep_case and _is_there(f"{store_path}/refgenie/masks/{collection_digest}.mask"):
        residues = _masked(store_path, collection_digest, region_name, residues, first)
    return residues


def has_sequence(store_path: str, collection_digest: str, name: str) -> bool:
    """Whether a collection of a store on this machine has a sequence of this name."""
    if "\t" in name or "\n" in name:
        return False
    return _find(f"{store_path}/collections/{collection_digest}.rgsi", name)[0] is not None


def _is_there(path: str) -> bool:
    try:
        os.stat(path)  # noqa: PTH116 - importing pathlib takes longer than all of this
    except OSError:
        return False
    return True


def _find(path: str, name: str) -> tuple[bytes | None, int]:
    """A sequence's line, and the size of the list it is in (-1 where there is no list)."""
    import mmap

    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None, -1
    try:
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as content:
            at = content.find(b"\n" + name.encode() + b"\t")
            if at < 0:
                return None, len(content)
            end = content.find(b"\n", at + 1)
            return content[at + 1 : len(content) if end < 0 else end], len(content)
    finally:
        os.close(descriptor)


def _read_packed(store_path: str, path: str, alphabet: str, length: int, start: int, end: int) -> str | None:
    with open(f"{store_path}/rgstore.json", "rb") as handle:  # noqa: PTH123
        if b'"Encoded"' not in handle.read():
            return None
    from refgenie.sequences import packed

    return packed.read(path, alphabet, length, start, end)


def _decode(view: str, digest: str, start: int, end: int) -> str:
    if start == end:
        return ""
    try:
        from gtars.refget import RefgetStore

        store = RefgetStore.open_local(view)
        store.set_quiet(True)
        residues = str(store.get_substring(digest, start, end))
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        from refgenie.sequences.engine import translate

        raise translate(error, f"reading sequence {digest}") from error
    if len(residues) != end - start:
        from refgenie.sequences.absence import cut_off

        raise cut_off(digest, len(residues), end - start)
    return residues


def _decode_alone(store_path: str, line: bytes, digest: str, start: int, end: int) -> str:
    """Through a view of this one sequence in the system's temporary folder, which is removed again."""
    temporary = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - a fresh folder of our own
    view = f"{temporary}/refgenie-view-{os.urandom(8).hex()}"
    with open(f"{store_path}/rgstore.json", "rb") as handle:  # noqa: PTH123
        description = handle.read()
    os.mkdir(view, 0o700)  # noqa: PTH102
    try:
        os.symlink(os.path.abspath(f"{store_path}/sequences"), f"{view}/sequences")  # noqa: PTH100, PTH211
        for name, content in (
            ("rgstore.json", description),
            ("sequences.rgsi", line + b"\n"),
            ("collections.rgci", b""),
        ):
            with open(f"{view}/{name}", "wb") as handle:  # noqa: PTH123
                handle.write(content)
        return _decode(view, digest, start, end)
    finally:
        for name in os.listdir(view):  # noqa: PTH208
            os.unlink(f"{view}/{name}")  # noqa: PTH108
        os.rmdir(view)  # noqa: PTH106


def _exact(store_path: str, digest: str, residues: str, start: int) -> str:
    from pathlib import Path

    from refgenie.sequences.exact import ExactResidues
    from refgenie.sequences.store_files import StoreFiles

    exact = ExactResidues(StoreFiles(Path(store_path)).exact(digest))
    changed = bytearray(residues.encode())
    exact.apply(changed, start)
    exact.close()
    return changed.decode()


def _masked(store_path: str, collection: str, name: str, residues: str, start: int) -> str:
    from pathlib import Path

    from refgenie.sequences.masks import Mask
    from refgenie.sequences.store_files import StoreFiles

    mask = Mask(StoreFiles(Path(store_path)).mask(collection))
    changed = bytearray(residues.encode())
    mask.apply(name, changed, start)
    mask.close()
    return changed.decode()
