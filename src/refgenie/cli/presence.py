"""`seek --pull` and `seek --build`: what is asked for is made present first, once."""

from __future__ import annotations

import logging
from dataclasses import replace

from refgenie.api import Refgenie
from refgenie.build.request import BuildRequest
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import InterruptedByUserError, NetworkError, NotFoundError, RefgenieError

log = logging.getLogger(__name__)


def make_present(rg: Refgenie, path: RegistryPath, *, pull: bool, build: bool) -> None:
    """Pull, however large it is, or build an asset that is not here; with both, build what cannot be pulled.

    However many jobs ask at the same time, one does the work and the others wait for it (the
    lock of the asset), then find it here.
    """
    if _is_here(rg, path):
        return
    if pull:
        try:
            rg.pull(path.genome, path.group, path.asset, large="take")
        except InterruptedByUserError:
            raise
        except RefgenieError as error:
            if not build:
                raise
            log.info("cannot pull %s (%s), building it", path, error.message)
        else:
            return
    request = BuildRequest(genome=path.genome, group=path.group, asset=path.asset, deps="build")
    if pull:
        try:
            rg.builds.build(replace(request, deps="pull"))
        except (NotFoundError, NetworkError) as error:
            log.info("not all that %s needs can be pulled (%s), building it", path, error.message)
        else:
            return
    rg.builds.build(request)


def _is_here(rg: Refgenie, path: RegistryPath) -> bool:
    try:
        rg.asset.seek_path(path, must_exist=True)
    except NotFoundError:
        return False
    return True
