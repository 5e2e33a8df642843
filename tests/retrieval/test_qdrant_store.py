"""What only a server can do to us: be down, be slow, refuse. The contract is in `test_store.py`."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from crossmodal.retrieval import qdrant_store as module
from crossmodal.retrieval.qdrant_store import QdrantStore
from crossmodal.retrieval.store import StoreError
from tests.conftest import free_port

pytest.importorskip("qdrant_client")


class Server:
    """Speaks HTTP as Qdrant does for one request: whether the list of galleries exists."""

    def __init__(self) -> None:
        self.requests = 0
        self.answer: Callable[[int], tuple[int, float]] = lambda _: (200, 0.0)
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests += 1
                status, seconds = server.answer(server.requests)
                time.sleep(seconds)
                body = json.dumps({"result": {"exists": False}, "status": "ok", "time": 0}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # who gave up does not listen any more
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def test_a_server_that_answers(server: Server) -> None:
    assert QdrantStore(server.url, pause=0).names() == []
    assert server.requests == 1


def test_a_server_that_is_down_gives_a_sentence_after_a_few_tries() -> None:
    began = time.monotonic()
    with pytest.raises(StoreError, match="did not answer, 4 times"):
        QdrantStore(f"http://127.0.0.1:{free_port()}", pause=0.01).names()
    assert time.monotonic() - began < 20


def test_a_server_that_is_busy_is_asked_again(server: Server) -> None:
    server.answer = lambda n: (503 if n < 3 else 200, 0.0)
    assert QdrantStore(server.url, pause=0.01).names() == []
    assert server.requests == 3


def test_a_server_that_answers_slowly_is_given_up_within_its_time(server: Server) -> None:
    server.answer = lambda _: (200, 3.0)
    with pytest.raises(StoreError, match="did not answer"):
        QdrantStore(server.url, timeout=1, pause=0.01).names()
    assert server.requests == module.ATTEMPTS


@pytest.mark.parametrize(("status", "sentence"), [(401, "refused the key"), (403, "refused the key"), (400, r"\(400\)")])
def test_a_refusal_is_said_at_once(server: Server, status: int, sentence: str) -> None:
    server.answer = lambda _: (status, 0.0)
    with pytest.raises(StoreError, match=sentence):
        QdrantStore(server.url, pause=0.01).names()
    assert server.requests == 1


def test_the_pauses_grow(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    with pytest.raises(StoreError):
        QdrantStore(f"http://127.0.0.1:{free_port()}", pause=0.5).names()
    assert [p for p in pauses if p >= 0.5] == [0.5, 1.0, 2.0]


def test_payload_indexes_are_made_before_the_first_point(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.retrieval.stores import STAMP, entries

    store = QdrantStore(":memory:")
    done: list[str] = []

    def watched(name: str) -> None:
        plain = getattr(store._client, name)

        def call(*arguments: object, **named: object) -> object:
            done.append(name)
            return plain(*arguments, **named)

        monkeypatch.setattr(store._client, name, call)

    for name in ("create_payload_index", "upsert"):
        watched(name)
    store.create("mine", "/", STAMP)
    assert done == ["create_payload_index"] * len(module.INDEXES) + ["upsert"]  # the last: into the list of galleries
    store.add("mine", entries(2))
    assert done[-1] == "upsert"
