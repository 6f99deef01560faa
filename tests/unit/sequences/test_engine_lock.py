"""Writers of the store respect the engine's own lock, and a dead holder does not stop them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from gtars.refget import RefgetStore

from refgenie.errors import LockedError
from refgenie.sequences import LocalMode, engine_lock
from support.sequences import SMALL, write_fasta

DIGEST = "B" * 32


def test_another_tools_commit_is_waited_for(mode: LocalMode, tmp_path: Path) -> None:
    digest = mode.import_fasta(write_fasta(tmp_path / "in.fa", SMALL)).collection.digest
    store = RefgetStore.on_disk(str(mode.store_path))
    store.lock_for_batch("test")
    done = threading.Event()

    def write() -> None:
        mode.aliases.set_many({"small": digest})
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert not done.wait(0.5)
    store.release_batch_lock()
    assert done.wait(10)
    thread.join()
    assert mode.aliases.resolve("small") == digest


def test_a_lock_that_is_held_on_is_told(mode: LocalMode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_lock, "TIMEOUT", 0.2)
    mode.create_store()
    store = RefgetStore.on_disk(str(mode.store_path))
    store.lock_for_batch("test")
    with pytest.raises(LockedError, match=f"process {os.getpid()}"):
        mode.aliases.set_many({"small": DIGEST})
    store.release_batch_lock()


def test_a_dead_holders_lock_is_broken(mode: LocalMode) -> None:
    mode.create_store()
    with subprocess.Popen(["true"]) as process:
        process.wait()
    lock = mode.store_path / engine_lock.NAME
    lock.write_text(json.dumps({"pid": process.pid, "hostname": socket.gethostname()}))
    mode.aliases.set_many({"one": DIGEST})
    assert not lock.exists()
    lock.write_text(json.dumps({"pid": 1, "hostname": "elsewhere"}))
    long_ago = time.time() - 1000
    os.utime(lock, (long_ago, long_ago))
    mode.aliases.set_many({"two": DIGEST})
    assert sorted(mode.aliases.read()) == ["one", "two"]
    assert not list(mode.store_path.glob(".rgstore.lock*"))
