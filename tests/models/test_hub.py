"""Checkpoints from a Hub on loopback: fetched whole, gone on with, checked, pinned; each fault in one sentence."""

import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crossmodal.errors import ModelError
from crossmodal.models import hub
from crossmodal.models.catalog import ModelSpec
from crossmodal.models.hub import Progress, StoppedError, cached_folder, delete, fetch, listing, pinned
from crossmodal.models.loading import load_checkpoint
from tests.models.loopback import COMMIT, LoopbackHub

SPEC = ModelSpec("owner/tiny", "chat", "Tiny", "Apache-2.0", 0)
OTHER = ModelSpec("owner/none", "chat", "None", "Apache-2.0", 0)


@pytest.fixture
def server(tiny_llava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    made = LoopbackHub({SPEC.id: tiny_llava}).start()
    monkeypatch.setenv("HF_ENDPOINT", made.endpoint)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(hub, "TIMEOUT_SECONDS", 1.0)
    monkeypatch.setattr(hub, "SPARE_BYTES", 0)
    yield made
    made.close()


def weights(folder: Path) -> dict[str, str]:
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.glob("*.safetensors")}


def test_a_checkpoint_is_fetched_whole_with_progress_and_its_commit_is_kept(server: LoopbackHub, tiny_llava: Path) -> None:
    told: list[Progress] = []
    assert cached_folder(SPEC) is None
    folder = fetch(SPEC, told.append)
    assert weights(folder) == weights(tiny_llava)
    assert folder == cached_folder(SPEC)
    assert pinned(SPEC) == COMMIT
    assert told[-1].done == told[-1].of == listing(SPEC).bytes
    assert [p.done for p in told] == sorted(p.done for p in told)


def test_what_was_fetched_is_used_again_without_asking_anybody(server: LoopbackHub) -> None:
    folder = fetch(SPEC)
    server.requests.clear()
    server.faults.status = 500
    assert fetch(SPEC) == folder
    assert server.requests == []


def test_the_first_commit_stays_when_the_hub_has_a_newer_one(server: LoopbackHub) -> None:
    fetch(SPEC)
    server.commit = "f" * 40
    assert pinned(SPEC) == COMMIT
    assert fetch(SPEC).name == COMMIT


def test_a_cut_download_goes_on_where_it_was_cut(server: LoopbackHub, tiny_llava: Path) -> None:
    server.faults.cut_after, server.faults.cuts = 40_000, 2
    assert weights(fetch(SPEC)) == weights(tiny_llava)
    ranges = [r for path, r in server.requests if path.endswith(".safetensors")]
    assert ranges[:3] == ["", "bytes=40000-", "bytes=80000-"]


def test_a_download_that_is_cut_for_good_says_so_and_the_next_one_goes_on(server: LoopbackHub, tiny_llava: Path) -> None:
    server.faults.cut_after, server.faults.cuts = 10_000, -1
    with pytest.raises(ModelError, match=r"failed or stalled\. Check the network and go on"):
        fetch(SPEC)
    server.faults.cuts = 0
    server.requests.clear()
    assert weights(fetch(SPEC)) == weights(tiny_llava)
    assert next(r for path, r in server.requests if path.endswith(".safetensors")) == "bytes=40000-"


def test_a_stop_keeps_what_came_and_the_next_call_goes_on(server: LoopbackHub, tiny_llava: Path) -> None:
    stop = threading.Event()
    with pytest.raises(StoppedError, match="is kept"):
        fetch(SPEC, lambda progress: stop.set() if progress.done > 30_000 else None, stop)
    server.requests.clear()
    assert weights(fetch(SPEC)) == weights(tiny_llava)
    resumed = [r for path, r in server.requests if path.endswith(".safetensors")]
    assert all(r.startswith("bytes=") for r in resumed)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "no Tiny on the Hub, or it is private"),
        (403, "is gated. Accept its terms"),
        (404, "no Tiny on the Hub"),
        (429, "too much was asked"),
        (500, "problem of its own .error 500"),
        (503, "problem of its own .error 503"),
    ],
)
@pytest.mark.parametrize("files_alone", [False, True])
def test_each_answer_of_the_hub_has_its_sentence(server: LoopbackHub, status: int, said: str, files_alone: bool) -> None:
    setattr(server.faults, "file_status" if files_alone else "status", status)
    with pytest.raises(ModelError, match=said):
        fetch(SPEC)
    server.faults.file_status = server.faults.status = 0
    assert fetch(SPEC).is_dir()


def test_a_gated_model_asks_for_a_token_in_the_environment(server: LoopbackHub) -> None:
    server.faults.gated = True
    with pytest.raises(ModelError, match=r"gated.*HF_TOKEN"):
        fetch(SPEC)


def test_an_unknown_model_is_named(server: LoopbackHub) -> None:
    with pytest.raises(ModelError, match="There is no None on the Hub"):
        fetch(OTHER)


def test_a_wrong_hash_is_thrown_away(server: LoopbackHub) -> None:
    server.faults.wrong_hash = True
    with pytest.raises(ModelError, match="arrived damaged"):
        fetch(SPEC)
    assert cached_folder(SPEC) is None
    server.faults.wrong_hash = False
    assert fetch(SPEC).is_dir()


def test_a_stalled_connection_ends_in_a_sentence(server: LoopbackHub) -> None:
    server.faults.stall = True
    began = time.monotonic()
    with pytest.raises(ModelError, match="failed or stalled"):
        fetch(SPEC)
    assert time.monotonic() - began < 20


def test_no_hub_at_all_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="connection to the Hub failed"):
        fetch(SPEC)


def test_a_full_disk_is_told_before_anything_is_fetched(server: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SPARE_BYTES", 10**18)
    with pytest.raises(ModelError, match=r"GB more on the disk and .* GB are free"):
        fetch(SPEC)
    assert not any(path.endswith(".safetensors") for path, _ in server.requests)


def test_a_checkpoint_without_safetensors_is_refused(server: LoopbackHub, tmp_path: Path) -> None:
    (tmp_path / "pickled").mkdir()
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"x")
    server.folders["owner/pickled"] = tmp_path / "pickled"
    with pytest.raises(ModelError, match=r"no \.safetensors weights"):
        fetch(ModelSpec("owner/pickled", "chat", "Pickled", "?", 0))


def test_deletion_frees_what_was_taken_and_leaves_the_others(server: LoopbackHub, tiny_llava: Path) -> None:
    server.folders["owner/second"] = tiny_llava
    second = ModelSpec("owner/second", "chat", "Second", "?", 0)
    fetch(SPEC)
    kept = fetch(second)
    assert delete(SPEC) > 100_000
    assert cached_folder(SPEC) is None
    assert pinned(SPEC) is None
    assert cached_folder(second) == kept
    assert delete(SPEC) == 0


def test_offline_a_fetched_checkpoint_loads_and_another_is_refused_without_a_request(server: LoopbackHub) -> None:
    online = time.monotonic()
    load_checkpoint(SPEC, "fp32", "cpu", offline=False)
    online = time.monotonic() - online
    server.requests.clear()
    offline = time.monotonic()
    assert load_checkpoint(SPEC, "fp32", "cpu", offline=True).bytes > 0
    assert time.monotonic() - offline < online + 1
    with pytest.raises(ModelError, match="not in the cache"):
        load_checkpoint(OTHER, "fp32", "cpu", offline=True)
    assert server.requests == []


def test_several_who_fetch_the_same_at_once_all_get_it_and_it_is_fetched_once(server: LoopbackHub, tiny_llava: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda _: fetch(SPEC), range(4)))
    assert len(set(folders)) == 1
    assert weights(folders[0]) == weights(tiny_llava)
    assert sum(path.endswith(".safetensors") for path, _ in server.requests) == len(weights(tiny_llava))


def test_whoever_waits_for_anothers_download_can_stop_waiting(server: LoopbackHub) -> None:
    server.faults.stall = True
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(fetch, SPEC)
        time.sleep(0.3)
        threading.Timer(0.3, stop.set).start()
        with pytest.raises(StoppedError):
            fetch(SPEC, stop=stop)
        with pytest.raises(ModelError):
            first.result(30)


def test_a_damaged_small_file_is_found_too(server: LoopbackHub) -> None:
    found = next(file for file in listing(SPEC).files if file.name == "config.json")
    blobs = hub.repository_folder(SPEC) / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{found.blob}.crossmodal-part").write_bytes(b"#" * found.size)
    with pytest.raises(ModelError, match="arrived damaged"):
        fetch(SPEC)
    assert fetch(SPEC).is_dir()


def test_what_another_program_fetched_in_part_is_made_whole(server: LoopbackHub, tiny_llava: Path) -> None:
    folder = fetch(SPEC)
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()
    assert cached_folder(SPEC) is None
    assert (fetch(SPEC) / "tokenizer.json").read_bytes() == (tiny_llava / "tokenizer.json").read_bytes()
    (folder / "model.safetensors.index.json").write_text("{ cut")
    assert cached_folder(SPEC) is None


def test_another_programs_reference_stays(server: LoopbackHub) -> None:
    reference = hub.repository_folder(SPEC) / "refs" / "main"
    reference.parent.mkdir(parents=True)
    reference.write_text(COMMIT)
    server.commit = COMMIT
    fetch(SPEC)
    assert reference.read_text() == COMMIT
