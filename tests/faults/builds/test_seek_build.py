"""``seek --build`` by very many jobs at the same time."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

from refgenie.api import Refgenie
from refgenie.cli.presence import make_present
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import RefgenieError

FORK = multiprocessing.get_context("fork")
JOBS = 100


def test_a_hundred_jobs_ask_and_one_builds(site, tmp_path, sqlite_config):
    sign = tmp_path / "runs"
    site.add_recipe("base", f"echo base >>{sign}; sleep 0.3; echo b >{{{{values.output_folder}}}}/made")
    site.add_recipe(
        "made",
        f"echo made >>{sign}; cat {{{{values.assets['base']}}}} >{{{{values.output_folder}}}}/made",
        input_assets={"base": {"asset_class": "base"}},
    )
    wanted = RegistryPath.parse("tiny/made")

    rg = Refgenie(
        database_config_path=sqlite_config,
        genome_folder=site.folders.genome_folder,
        genome_archive_folder=site.folders.archive_folder,
    )

    def job() -> None:
        try:
            make_present(rg, wanted, pull=False, build=True)
            text = Path(rg.asset.seek_path(wanted, must_exist=True)).read_text()
        except RefgenieError as error:
            print(error.message, flush=True)
            os._exit(error.exit_code)
        os._exit(0 if text == "b\n" else 1)

    # What every process does once is done before the fork; none of them has a connection then.
    make_present(rg, RegistryPath.parse("tiny/fasta"), pull=False, build=True)
    jobs = [FORK.Process(target=job) for _ in range(JOBS)]
    for process in jobs:
        process.start()
    for process in jobs:
        process.join()
    assert [process.exitcode for process in jobs] == [0] * JOBS
    assert sign.read_text() == "base\nmade\n"
