"""Checkpoints from the Hub: what one holds, fetched with progress, stopped, gone on with, checked, pinned and deleted.

Files lie where huggingface_hub keeps them (`blobs`, `snapshots`, `refs` under the repository's folder of its cache), so that
what other programs fetched is used, and what is fetched here is found by them. Its own downloader begins a file anew when a
connection was cut, and compares sizes alone; this one goes on where it stopped and compares the hash.

The first commit that is fetched of a checkpoint is written down, and the same is used from then on.
"""

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from crossmodal.errors import ModelError
from crossmodal.models.catalog import ModelSpec

PINS = "crossmodal-pins.json"
SUFFIXES = (".safetensors", ".json", ".txt", ".model", ".jinja")
TIMEOUT_SECONDS = 10.0
"""Without a byte. Then the connection counts as cut."""
ATTEMPTS = 4
"""Of a file, each going on where the one before was cut."""
POLL_SECONDS = 0.5
STOPPED = ("Stopped. What was fetched is kept; go on whenever you like.", "已停止。已下载的部分会保留。")
SPARE_BYTES = 500_000_000
"""What stays free on the disk."""
NEEDED = (
    ("config.json",),
    ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.txt", "vocab.json"),
    ("processor_config.json", "preprocessor_config.json"),
)
"""One of each, or the checkpoint is not whole: another program may have fetched the weights alone."""
_WRITING = threading.Lock()


@dataclass(frozen=True)
class RemoteFile:
    """One file of a checkpoint."""

    name: str
    size: int
    blob: str
    """Its name in the cache: the SHA-256 of large files, git's hash of small ones."""
    sha256: str | None
    """None for small files, which are checked against git's hash."""


@dataclass(frozen=True)
class Listing:
    """What a checkpoint holds at one commit, without what it does not need."""

    commit: str
    files: tuple[RemoteFile, ...]

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class Progress:
    """How far a download is."""

    done: int
    """Bytes, those of earlier tries included."""
    of: int
    commit: str


class _CutError(Exception):
    """The body ended before its length, without an error."""


class StoppedError(ModelError):
    """The person stopped the download; what was fetched stays."""


def cache_folder() -> Path:
    """huggingface_hub's cache, as the environment says at this moment."""
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "huggingface")
    return Path(os.environ.get("HF_HUB_CACHE") or os.path.join(home, "hub")).expanduser()


def repository_folder(spec: ModelSpec) -> Path:
    return cache_folder() / f"models--{spec.id.replace('/', '--')}"


def pinned(spec: ModelSpec) -> str | None:
    """The commit that is used of it: the spec's own, the one first fetched, or that of another program's cache."""
    if spec.revision:
        return spec.revision
    pins = _pins()
    if spec.id in pins:
        return pins[spec.id]
    reference = repository_folder(spec) / "refs" / "main"
    return reference.read_text(encoding="utf-8").strip() if reference.is_file() else None


def cached_folder(spec: ModelSpec) -> Path | None:
    """Where the whole checkpoint lies, without asking the network; None where it is not, or not all of it."""
    commit = pinned(spec)
    if commit is None:
        return None
    folder = repository_folder(spec) / "snapshots" / commit
    return folder if _whole(folder) else None


def is_here(spec: ModelSpec) -> bool:
    """Whether its weights are on this machine: bundled, in a folder, or fetched."""
    return spec.folder is not None or cached_folder(spec) is not None


def cached_bytes(spec: ModelSpec) -> int:
    """What it takes of the disk, unfinished downloads included."""
    blobs = repository_folder(spec) / "blobs"
    return sum(file.stat().st_size for file in blobs.glob("*") if file.is_file())


def free_disk() -> int:
    """Bytes that are free where the cache is, or will be."""
    place = cache_folder()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def delete(spec: ModelSpec) -> int:
    """Removes it from the cache, with its pin. Returns the bytes that are free again. Other checkpoints stay."""
    before = cached_bytes(spec)
    with _WRITING:
        pins = _pins()
        if pins.pop(spec.id, None):
            _write(cache_folder() / PINS, json.dumps(pins, indent=1))
        shutil.rmtree(repository_folder(spec), ignore_errors=True)
    return before - cached_bytes(spec)


def listing(spec: ModelSpec) -> Listing:
    """What there is to fetch. Raises ModelError, in one sentence, where the Hub does not say."""
    from huggingface_hub import HfApi

    try:
        info = HfApi(endpoint=_endpoint(), token=_token()).model_info(
            spec.id, revision=pinned(spec), files_metadata=True, timeout=TIMEOUT_SECONDS
        )
    except Exception as error:
        raise failure(spec, error) from error
    files = tuple(_remote(sibling) for sibling in info.siblings or () if _needed(sibling.rfilename))
    if not any(file.name.endswith(".safetensors") for file in files):
        raise ModelError(
            f"{spec.title} has no .safetensors weights, and other formats can run code. Choose another checkpoint.",
            f"{spec.title} 没有 .safetensors 权重，其他格式可能执行代码。请换一个。",
        )
    return Listing(str(info.sha), files)


def fetch(
    spec: ModelSpec, said: Callable[[Progress], None] = lambda progress: None, stop: threading.Event | None = None
) -> Path:
    """The folder of the checkpoint, fetched where it is not there yet. said: told how far it is, a few times a second.

    Raises ModelError, in one sentence, where that fails, and StoppedError once `stop` is set; what came so far is kept, and the
    next call goes on with it.
    """
    known = cached_folder(spec)
    if known is not None:
        return known
    stop, home = stop or threading.Event(), repository_folder(spec)
    try:
        with _alone(home, stop):
            return cached_folder(spec) or _fetch_all(spec, home, said, stop)
    except OSError as error:
        raise failure(spec, error) from error


@contextmanager
def _alone(home: Path, stop: threading.Event) -> Iterator[None]:
    """One at a time fetches a checkpoint, of all threads and processes; the others wait, until they are told to stop."""
    locks = home.parent / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    lock = FileLock(locks / f"{home.name}.crossmodal.lock")
    while True:
        try:
            lock.acquire(timeout=POLL_SECONDS)
            break
        except Timeout:
            if stop.is_set():
                raise StoppedError(*STOPPED) from None
    try:
        yield
    finally:
        lock.release()


def _fetch_all(spec: ModelSpec, home: Path, said: Callable[[Progress], None], stop: threading.Event) -> Path:
    found = listing(spec)
    _check_space(spec, found, home)
    blobs = home / "blobs"
    blobs.mkdir(parents=True, exist_ok=True)
    for file in found.files:
        before = sum(_present(blobs, other) for other in found.files if other is not file)
        if not (blobs / file.blob).is_file():
            _fetch_file(spec, file, found, blobs, stop, _throttled(said, before, found))
    folder = home / "snapshots" / found.commit
    for file in found.files:
        _link(blobs / file.blob, folder / file.name)
    if not (home / "refs" / "main").exists():  # another program's is its own
        _write(home / "refs" / "main", found.commit)
    _pin(spec, found.commit)
    said(Progress(found.bytes, found.bytes, found.commit))
    return folder


def not_cached(spec: ModelSpec) -> ModelError:
    """For an app that asks nobody."""
    return ModelError(
        f"{spec.title} is not in the cache, and the app runs offline. Fetch it once online, or choose another model.",
        f"{spec.title} 不在缓存中，而应用处于离线模式。请先联网下载一次，或换一个模型。",
    )


def failure(spec: ModelSpec, error: Exception) -> ModelError:
    """What to tell the person of what the Hub, the network or the disk did."""
    if isinstance(error, ModelError):
        return error
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    title, status = spec.title, getattr(getattr(error, "response", None), "status_code", 0)
    if isinstance(error, GatedRepoError) or status == 403:
        return ModelError(
            f"{title} is gated. Accept its terms on its Hub page, set HF_TOKEN where the app runs, and start it again.",
            f"{title} 需要授权。请在其 Hub 页面接受条款，在运行应用的环境里设置 HF_TOKEN，再重新启动。",
        )
    if isinstance(error, RevisionNotFoundError):
        return ModelError(f"{title} has no such revision. Choose another one.", f"{title} 没有这个版本。请换一个。")
    if isinstance(error, RepositoryNotFoundError | HFValidationError) or status in (401, 404):
        return ModelError(
            f"There is no {title} on the Hub, or it is private. Check the id; a private one needs HF_TOKEN.",
            f"Hub 上没有 {title}，或它是私有的。请检查名称；私有模型需要 HF_TOKEN。",
        )
    if status == 429:
        return ModelError(
            "The Hub says that too much was asked of it. Wait a few minutes and try again; what was fetched is kept.",
            "Hub 提示请求过多。请几分钟后再试；已下载的部分会保留。",
        )
    if status >= 500:
        return ModelError(
            f"The Hub has a problem of its own (error {status}). Try again later; what was fetched is kept.",
            f"Hub 自身出了问题（错误 {status}）。请稍后再试；已下载的部分会保留。",
        )
    if isinstance(error, OSError) and error.errno == 28:
        return ModelError(
            f"The disk became full while {title} was fetched. Free some space and go on; what was fetched is kept.",
            f"下载 {title} 时磁盘已满。请腾出空间后继续；已下载的部分会保留。",
        )
    return ModelError(
        f"{title} could not be fetched: the connection to the Hub failed or stalled. Check the network and go on; what was "
        "fetched is kept. The bundled model needs none.",
        f"无法获取 {title}：与 Hub 的连接失败或停滞。请检查网络后继续；已下载的部分会保留。内置模型不需要网络。",
    )


def _fetch_file(
    spec: ModelSpec,
    file: RemoteFile,
    found: Listing,
    blobs: Path,
    stop: threading.Event,
    said: Callable[[int], None],
) -> None:
    part = _part(blobs, file)
    for attempt in range(ATTEMPTS):
        before = part.stat().st_size if part.exists() else 0
        try:
            _stream(spec, file, found.commit, part, stop, said)
            break
        except ModelError:
            raise
        except Exception as error:  # the client's own errors, whose names changed with its versions
            answered = getattr(error, "response", None) is not None
            got_further = part.exists() and part.stat().st_size > before
            if answered or isinstance(error, OSError) or attempt == ATTEMPTS - 1 or not got_further:
                raise failure(spec, error) from error
    if not _as_listed(part, file):
        part.unlink()
        raise ModelError(
            f"A file of {spec.title} arrived damaged: its hash is not what the Hub says. It was thrown away; try again.",
            f"{spec.title} 的一个文件损坏：哈希值与 Hub 记录不符。该文件已丢弃；请重试。",
        )
    part.replace(blobs / file.blob)


def _stream(
    spec: ModelSpec, file: RemoteFile, commit: str, part: Path, stop: threading.Event, said: Callable[[int], None]
) -> None:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status  # type: ignore[attr-defined]

    have = part.stat().st_size if part.exists() else 0
    if have > file.size:
        part.unlink()
        have = 0
    if have == file.size and have:
        return
    # As it is: of a compressed answer a range would be another part.
    headers = build_hf_headers(token=_token()) | {"Accept-Encoding": "identity"}
    headers |= {"Range": f"bytes={have}-"} if have else {}
    url = hf_hub_url(spec.id, file.name, revision=commit, endpoint=_endpoint())
    options: dict[str, Any] = {"headers": headers, "follow_redirects": True, "timeout": TIMEOUT_SECONDS}
    with get_session().stream("GET", url, **options) as response:
        hf_raise_for_status(response)
        if response.status_code != 206:
            have = 0  # the server gives the whole again
        with part.open("ab" if have else "wb") as out:
            for chunk in response.iter_bytes():  # as they come: of a larger one the beginning is lost with a cut
                out.write(chunk)
                have += len(chunk)
                said(have)
                if stop.is_set():
                    raise StoppedError(*STOPPED)
    if have < file.size:
        raise _CutError(f"{have} of {file.size} bytes")


def _check_space(spec: ModelSpec, found: Listing, home: Path) -> None:
    needed = found.bytes - sum(_present(home / "blobs", file) for file in found.files)
    free = free_disk()
    if needed + SPARE_BYTES > free:
        raise ModelError(
            f"{spec.title} takes {needed / 1e9:.1f} GB more on the disk and {free / 1e9:.1f} GB are free. Free some space, or "
            "choose a smaller checkpoint.",
            f"{spec.title} 还需要 {needed / 1e9:.1f} GB 磁盘空间，目前剩余 {free / 1e9:.1f} GB。请腾出空间或选择更小的模型。",
        )


def _throttled(said: Callable[[Progress], None], before: int, found: Listing) -> Callable[[int], None]:
    last = 0.0

    def told(have: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > 0.2:
            last = now
            said(Progress(before + have, found.bytes, found.commit))

    return told


def _present(blobs: Path, file: RemoteFile) -> int:
    if (blobs / file.blob).is_file():
        return file.size
    part = _part(blobs, file)
    return part.stat().st_size if part.exists() else 0


def _part(blobs: Path, file: RemoteFile) -> Path:
    return blobs / f"{file.blob}.crossmodal-part"


def _needed(name: str) -> bool:
    return "/" not in name and name.endswith(SUFFIXES)


def _remote(sibling: Any) -> RemoteFile:
    lfs = sibling.lfs
    sha256 = lfs.sha256 if lfs else None
    return RemoteFile(sibling.rfilename, int(sibling.size or 0), sha256 or sibling.blob_id, sha256)


def _as_listed(path: Path, file: RemoteFile) -> bool:
    """Whether it is of the size and the hash that the Hub says."""
    if path.stat().st_size != file.size:
        return False
    if file.sha256 is None:  # as git names a file
        data = path.read_bytes()
        return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == file.blob
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == file.sha256


def _link(blob: Path, place: Path) -> None:
    """As huggingface_hub does: a relative link, or a copy where the file system knows no links."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        return
    try:
        place.symlink_to(os.path.relpath(blob, place.parent))
    except OSError:
        shutil.copyfile(blob, place)


def _whole(folder: Path) -> bool:
    if not all(any((folder / name).is_file() for name in names) for names in NEEDED):
        return False
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return any(folder.glob("*.safetensors"))
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, TypeError):  # cut off in the middle
        return False
    return all((folder / name).is_file() for name in names)


def _pins() -> dict[str, str]:
    path = cache_folder() / PINS
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError:  # cut off in the middle of a write of an older version: pins are made anew
        return {}
    return found


def _pin(spec: ModelSpec, commit: str) -> None:
    with _WRITING:
        pins = _pins()
        pins.setdefault(spec.id, commit)
        _write(cache_folder() / PINS, json.dumps(pins, indent=1))


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


def _token() -> str | None:
    """From the environment alone: the page never asks for one."""
    return os.environ.get("HF_TOKEN") or None
