from support.build_fixtures import build_template, each_site, server_site, site

__all__ = ["build_template", "each_site", "server_site", "site"]
