"""The services of channels, a server and a folder to read one from."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from refgenie.channels import fetch as fetching
from refgenie.channels.service import ChannelService
from refgenie.recipes.asset_classes import AssetClassService
from refgenie.recipes.recipes import RecipeService
from support.channel_site import (
    Site,
    pages,
)


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:

        def start(files, folder="/channel/"):
            requests = []

            class Handler(BaseHTTPRequestHandler):
                def do_GET(self):
                    requests.append(self.path)
                    answer = files.get(self.path.removeprefix(folder), 404)
                    if callable(answer):
                        with contextlib.suppress(OSError):
                            answer(self)
                        return
                    if isinstance(answer, int):
                        self.send_response(answer)
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                        return
                    body = answer if isinstance(answer, bytes) else yaml.safe_dump(answer).encode()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *args):
                    pass

            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()

            def stop():
                server.shutdown()
                server.server_close()
                thread.join()

            stack.callback(stop)
            return Site(server.server_port, files, requests)

        yield start


@pytest.fixture
def classes(database):
    return AssetClassService(database, fetching.fetch)


@pytest.fixture
def recipes(database):
    return RecipeService(database, fetching.fetch)


@pytest.fixture
def channels(database):
    return ChannelService(database)


@pytest.fixture
def add(channels):
    def add_site(site, path="/channel/index.yaml"):
        return channels.add_channel("main", "http", site.url + path)

    return add_site


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "channel"
    for path, page in pages().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(yaml.safe_dump(page))
    return root
