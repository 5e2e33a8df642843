"""A small Hub on loopback that serves folders as checkpoints, and can be told to misbehave."""

import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = ".safetensors"


@dataclass
class Faults:
    """What goes wrong from now on."""

    status: int = 0
    """Answered to everything, if not 0."""
    file_status: int = 0
    """Answered to files alone."""
    cut_after: int = 0
    """Bytes of a large file after which the connection is cut."""
    cuts: int = 0
    """How often that still happens; -1 for ever."""
    stall: bool = False
    """Large files never arrive."""
    wrong_hash: bool = False
    gated: bool = False


@dataclass
class LoopbackHub:
    """Serves `folders`: id -> folder of a checkpoint."""

    folders: dict[str, Path]
    faults: Faults = field(default_factory=Faults)
    commit: str = COMMIT
    requests: list[tuple[str, str]] = field(default_factory=list)
    """(path, Range header) of every request."""

    def start(self) -> "LoopbackHub":
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.requests.append((self.path, self.headers.get("Range", "")))
                hub._answer(self)

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._released = threading.Event()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        path = unquote(request.path.split("?")[0])
        if self.faults.gated:
            return self._error(request, 403, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to it is restricted"})
        if self.faults.status:
            return self._error(request, self.faults.status)
        if path.startswith("/api/models/"):
            return self._describe(request, path.removeprefix("/api/models/").partition("/revision/")[0])
        model, _, rest = path.lstrip("/").partition("/resolve/")
        folder = self.folders.get(model)
        file = folder / rest.partition("/")[2] if folder else None
        if file is None or not file.is_file():
            return self._error(request, 404, {"X-Error-Code": "EntryNotFound"})
        if self.faults.file_status:
            return self._error(request, self.faults.file_status)
        return self._send(request, file)

    def _describe(self, request: BaseHTTPRequestHandler, model: str) -> None:
        folder = self.folders.get(model)
        if folder is None:
            return self._error(request, 404, {"X-Error-Code": "RepoNotFound"})
        siblings = []
        for file in sorted(folder.iterdir()):
            data = file.read_bytes()
            sha256 = hashlib.sha256(b"another" if self.faults.wrong_hash else data).hexdigest()
            entry = {
                "rfilename": file.name,
                "size": len(data),
                "blobId": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest(),
            }
            if file.name.endswith(LARGE):
                entry["lfs"] = {"sha256": sha256, "size": len(data), "pointerSize": 134}
            siblings.append(entry)
        return self._body(request, json.dumps({"id": model, "sha": self.commit, "siblings": siblings}).encode())

    def _send(self, request: BaseHTTPRequestHandler, file: Path) -> None:
        data, large = file.read_bytes(), file.name.endswith(LARGE)
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        rest = data[start:]
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(rest)))
        request.end_headers()
        if large and self.faults.stall:
            self._released.wait(30)
            return
        if large and self.faults.cuts and len(rest) > self.faults.cut_after:
            self.faults.cuts -= 1
            request.wfile.write(rest[: self.faults.cut_after])
            request.wfile.flush()
            time.sleep(0.05)
            request.close_connection = True
            return
        request.wfile.write(rest)

    @staticmethod
    def _body(request: BaseHTTPRequestHandler, data: bytes) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    @staticmethod
    def _error(request: BaseHTTPRequestHandler, status: int, headers: dict[str, str] | None = None) -> None:
        request.send_response(status)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("Content-Length", "0")
        request.end_headers()
