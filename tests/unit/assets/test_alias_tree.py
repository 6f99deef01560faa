"""The alias tree when several make its links at once."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

from support.asset_site import GENOME, AssetSite


def test_links_that_several_make_at_once_are_all_there(site: AssetSite) -> None:
    site.publish({f"{GENOME}.{number}.idx": "x" for number in range(40)} | {"sub/file": "y"})
    folder = site.link_folder("hg38")
    for _ in range(8):
        shutil.rmtree(folder)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: site.links.refresh("hg38", GENOME), range(4)))
        site.links.refresh("hg38", GENOME)
        assert len([path for path in folder.rglob("*") if path.is_symlink() and path.exists()]) == 41
