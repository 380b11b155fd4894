"""The page's server: for whoever has the token alone, on this machine alone, by its own name alone; and what a view tells."""

import http.client
import json
import socket
import threading
from importlib import resources

import pytest

from sc_hw.errors import UserError
from sc_hw.monitor.server import HEADERS, Server
from sc_hw.monitor.view import View


@pytest.fixture
def served():
    view = View()
    view.show(status={"state": "learning", "text": "sample 1"})
    with Server(view) as server:
        yield server, view


def asked(server, path, method="GET", **headers):
    """Return status, headers and content of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    host = headers.pop("Host", f"127.0.0.1:{server.port}")
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": host, **headers}.items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.headers), content


def token_of(server):
    return server.url.split("/")[3]


def test_the_page_and_what_it_asks_for(served):
    server, _ = served
    for name, kind in (
        ("", "html"),
        ("page.css", "css"),
        ("page.js", "javascript"),
        ("draw.js", "javascript"),
        ("icon.svg", "svg"),
    ):
        status, headers, content = asked(server, f"/{token_of(server)}/{name}")
        assert (status, headers.items() >= HEADERS.items()) == (200, True)
        assert kind in headers["Content-Type"]
        assert content
    assert asked(server, f"/{token_of(server)}/", "HEAD")[2] == b""


def test_the_browser_is_told_to_fetch_nothing_from_elsewhere_and_to_tell_nobody(served):
    server, _ = served
    headers = asked(server, f"/{token_of(server)}/")[1]
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy.pop("default-src") == "'none'"
    assert set(policy.values()) == {"'self'", "'none'"}
    assert {name for name, allowed in policy.items() if allowed == "'none'"} == {"base-uri", "form-action", "frame-ancestors"}
    assert headers["Referrer-Policy"] == "no-referrer"  # the address has the token in it
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
    assert headers["Cross-Origin-Resource-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Server" not in headers


@pytest.mark.parametrize(
    "path", ["/", "/data", "/data?after=0", "/page.js", "/x/", "//", "", "*", "/%s/data", "/favicon.ico", "/../page.html"]
)
def test_nothing_without_the_token(served, path):
    server, _ = served
    path = path.replace("%s", token_of(server)[:-1])
    status, headers, content = asked(server, path)
    assert (status, content, headers.items() >= HEADERS.items()) == (403, b"", True)


@pytest.mark.parametrize(
    "host", [None, "", "evil.example", "127.0.0.1", "localhost", "127.0.0.1:1", "[::1]", "127.0.0.1.evil.example"]
)
def test_nothing_by_another_name(served, host):
    """A page that has its own name lead to 127.0.0.1 is of another origin to us."""
    server, _ = served
    status, headers, content = asked(server, f"/{token_of(server)}/data?after=0", Host=host)
    assert (status, content, headers.items() >= HEADERS.items()) == (421, b"", True)


def test_nothing_for_another_site(served):
    server, _ = served
    path = f"/{token_of(server)}/data?after=0"
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)):
        assert asked(server, path, **{"Sec-Fetch-Site": site})[0] == status
    assert asked(server, path, Host=f"localhost:{server.port}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_it_only_reads(served, method):
    server, _ = served
    status, headers, content = asked(server, f"/{token_of(server)}/data?after=0", method)
    assert (status, content, headers.items() >= HEADERS.items()) == (501, b"", True)


@pytest.mark.parametrize(
    "name", ["data?after=-1", "data?after=x", "data?after=1e9", "data?after=" + "9" * 30, "data?after=%D9%A1"]
)
def test_a_question_that_is_none(served, name):
    server, _ = served
    assert asked(server, f"/{token_of(server)}/{name}")[0] == 400


@pytest.mark.parametrize("name", ["page.html", "server.py", "../server.py", "data/", "%2e%2e/server.py", "page.css/"])
def test_no_other_file(served, name):
    server, _ = served
    assert asked(server, f"/{token_of(server)}/{name}")[0] == 404


def test_a_ticket_leads_to_the_page_once(served):
    server, _ = served
    path = "/" + server.ticket().split("/")[3]
    status, headers, content = asked(server, path)
    assert (status, headers["Location"], content) == (302, f"/{token_of(server)}/", b"")
    assert asked(server, path)[0] == 403
    with Server(View()) as other:
        assert token_of(other) != token_of(server)
        assert asked(other, f"/{token_of(server)}/")[0] == 403


def test_it_is_on_this_machine_alone_and_a_port_that_is_taken_is_told(served):
    server, view = served
    assert server._server.socket.getsockname()[0] == "127.0.0.1"
    with pytest.raises(UserError, match=rf"^--port {server.port}: .*in use\); give another port, or 0"):
        Server(view, port=server.port)


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01 no HTTP\r\n\r\n", b"GET /\xff\xfe/ HTTP/1.1\r\nHost: %s\r\n\r\n", b"GET /" + b"x" * 70_000]
)
def test_what_is_no_request_gets_nothing(served, sent):
    server, _ = served
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(sent.replace(b"%s", f"127.0.0.1:{server.port}".encode()))
        answer = raw.recv(1000)
        assert answer == b"" or answer.split()[1] in (b"400", b"403", b"414")
    assert asked(server, f"/{token_of(server)}/")[0] == 200


def test_a_server_that_is_closed_answers_nothing_more():
    """A connection that was kept does not outlive it, nor is there room for more than some."""
    with Server(View()) as server:
        kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        kept.request("GET", f"/{token_of(server)}/page.css")
        assert kept.getresponse().read()
        idle = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(70)]
        assert idle[-1].recv(10) == b""
        for one in idle:
            one.close()
    kept.sock.settimeout(10)
    assert kept.sock.recv(10) == b""
    kept.close()


def test_a_page_is_told_what_is_new(served):
    server, view = served

    def data(after):
        return json.loads(asked(server, f"/{token_of(server)}/data?after={after}")[2])

    first = data(0)
    assert first["sections"] == {"status": {"state": "learning", "text": "sample 1"}}
    view.show(figures=[1, 2])
    second = data(first["number"])
    assert second["sections"] == {"figures": [1, 2]}
    assert set(data(0)["sections"]) == {"status", "figures"}  # a page that is opened late is told everything
    assert not view.seen(0)
    later = threading.Timer(0.3, lambda: view.show(figures=[3]))
    later.start()
    assert data(second["number"])["sections"] == {"figures": [3]}  # it was waited for
    with pytest.raises(TypeError):
        view.show(figures=object())
    threading.Timer(0.2, lambda: view.since(3)).start()
    assert view.seen(5)


def test_the_page_fetches_nothing_and_has_nothing_inline():
    files = {
        name: resources.files("sc_hw.monitor").joinpath(name).read_text()
        for name in ("page.html", "page.css", "page.js", "draw.js")
    }
    for name, text in files.items():
        assert "//" not in text.replace("http://www.w3.org/2000/svg", "").replace("// ", ""), name
        assert "url(" not in text
        assert "innerHTML" not in text
    assert "style=" not in files["page.html"]
    assert " on" not in files["page.html"].replace(" on the", "")
    assert files["page.html"].count("<script") == files["page.html"].count('<script type="module" src="page.js"></script>') == 1
