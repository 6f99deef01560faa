"""``python -m refgenie``."""

from refgenie.cli.hot import main

main()
