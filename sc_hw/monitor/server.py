"""The server of the page: on this machine alone, and for whoever has the address with its random token alone.

Every request needs the token, in its path, and the name of this server as its Host: a page from elsewhere that has its own
name lead here (DNS rebinding) says another one. What is served is in this package, and what the view says; nothing is written,
no path of a request is a file's. The browser is told to fetch nothing from elsewhere, to run no script but ours, and to tell
nobody the address.
"""

import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any, Self
from urllib.parse import parse_qs

from ..errors import UserError
from .view import View

__all__ = ["HEADERS", "Server"]

ADDRESS = "127.0.0.1"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "draw.js": ("draw.js", "text/javascript; charset=utf-8"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
}
_WAIT = 2.0  # seconds that a page's question waits for something new
_IDLE = 15.0  # seconds that a connection may say nothing
_MOST = 64  # connections at once


class Server:
    """Serves a view at ``url`` until it is closed. ``port`` 0 is any that is free.

    ``ticket()`` gives an address that leads to ``url`` once: for what others on this machine can read, such as the arguments of
    a browser's process. Errors: ``UserError`` for a port that is taken or not allowed.
    """

    def __init__(self, view: View, *, port: int = 0) -> None:
        self._token, self._tickets = secrets.token_urlsafe(24), set[str]()
        served = {f"/{self._token}/{name}": _file(*file) for name, file in _FILES.items()}
        try:
            self._server = _Http(port, lambda handler: self._answer(handler, served, view))
        except OSError as error:
            reason = error.strerror or str(error)
            raise UserError(
                f"--port {port}: cannot be opened ({reason}); give another port, or 0 for one that is free"
            ) from error
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True, name="monitor")
        self._thread.start()

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{ADDRESS}:{self.port}/{self._token}/"

    def ticket(self) -> str:
        """Return an address that leads to the page, once."""
        self._tickets.add(ticket := secrets.token_urlsafe(24))
        return f"http://{ADDRESS}:{self.port}/{ticket}"

    def close(self) -> None:
        """Serve no more, and end what connections there are."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.end_connections()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, handler: "_Handler", served: dict[str, tuple[bytes, str]], view: View) -> None:
        """Answer a request, or refuse it without a word of what there is."""
        names = {f"{ADDRESS}:{self.port}", f"localhost:{self.port}"}
        if handler.headers.get_all("Host") not in [[name] for name in names]:
            handler.refuse(HTTPStatus.MISDIRECTED_REQUEST)
            return
        if handler.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            handler.refuse(HTTPStatus.FORBIDDEN)
            return
        path, _, query = handler.path.partition("?")
        first, *others = path.split("/")[1:] or [""]
        if not others and first in self._tickets:
            self._tickets.discard(first)
            handler.send(HTTPStatus.FOUND, b"", "text/plain", Location=f"/{self._token}/")
        elif not secrets.compare_digest(first.encode(), self._token.encode()):
            handler.refuse(HTTPStatus.FORBIDDEN)
        elif path in served:
            handler.send(HTTPStatus.OK, *served[path])
        elif others == ["data"]:
            after = parse_qs(query).get("after", ["0"])[0]
            if not (after.isascii() and after.isdecimal() and len(after) < 16):
                handler.refuse(HTTPStatus.BAD_REQUEST)
                return
            handler.send(HTTPStatus.OK, view.since(int(after), _WAIT).encode(), "application/json")
        else:
            handler.refuse(HTTPStatus.NOT_FOUND)


class _Http(ThreadingHTTPServer):
    """Threads for few connections, without a word on the terminal."""

    daemon_threads = True
    request_queue_size = _MOST
    block_on_close = False

    def __init__(self, port: int, answer: Callable[["_Handler"], None]) -> None:
        self.answer = answer
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((ADDRESS, port), _Handler)

    def server_bind(self) -> None:
        # http.server's own asks the name server for the name of this address, which can take long
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = ADDRESS, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            full = len(self._open) >= _MOST
            if not full:
                self._open.add(request)
        if full:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """End those that are kept for further requests, or wait for an answer."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a page that was closed is no failure."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    timeout = _IDLE

    def do_GET(self) -> None:
        self.server.answer(self)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def send(self, status: HTTPStatus, content: bytes, kind: str, **headers: str) -> None:
        """Send an answer with the headers that all have."""
        self.send_response_only(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def refuse(self, status: HTTPStatus) -> None:
        """Send nothing but a status, and end the connection: whoever asked may not speak our protocol."""
        self.close_connection = True
        with suppress(OSError):
            self.send(status, b"", "text/plain", Connection="close")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what http.server refuses, such as another method, in our way."""
        self.refuse(HTTPStatus(code))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a line would have the token in it."""


def _file(name: str, kind: str) -> tuple[bytes, str]:
    return resources.files(__package__).joinpath(name).read_bytes(), kind
