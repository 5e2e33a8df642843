"""Galleries from the command line.

python -m crossmodal.retrieval list
python -m crossmodal.retrieval index NAME FOLDER        makes the gallery, or brings it up to date
python -m crossmodal.retrieval search NAME "cat - dog"
python -m crossmodal.retrieval recall NAME              recall@1/5/10 and median rank, from its captions
python -m crossmodal.retrieval copy NAME TO             between stores; TO is a folder or the address of a Qdrant server
"""

import argparse
import os
import threading
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from crossmodal.errors import UserError
from crossmodal.models.catalog import find_spec
from crossmodal.models.manager import ModelManager
from crossmodal.retrieval.copying import copy_gallery
from crossmodal.retrieval.engine import SearchEngine
from crossmodal.retrieval.folder import scan
from crossmodal.retrieval.indexing import Progress
from crossmodal.retrieval.places import BUNDLED, chosen_store, data_folder
from crossmodal.retrieval.qdrant_store import QdrantStore
from crossmodal.retrieval.quality import as_table
from crossmodal.retrieval.query import parse_query
from crossmodal.retrieval.sqlite_store import SqliteStore
from crossmodal.settings import Settings


def engine_of(settings: Settings) -> SearchEngine:
    spec = find_spec(settings.embedding_model, "embedding")
    manager = ModelManager(replace(settings, idle_minutes=0))
    return SearchEngine(manager, spec, settings.precision, data_folder(settings), BUNDLED, chosen_store(settings))


def ensure_ready(engine: SearchEngine, gallery: str) -> None:
    """Index a bundled gallery where that has not been done."""
    if not engine.ready(gallery):
        for _ in engine.prepare(gallery):
            pass


def _index(engine: SearchEngine, gallery: str, argument: str) -> None:
    if engine.exists(gallery):
        if argument and Path(engine.info(gallery).root) != Path(argument).resolve():
            raise UserError(f"{gallery} is a gallery of another folder. Choose another name, or leave the folder out.")
    elif not argument:
        raise UserError(f"There is no gallery {gallery} yet. Name the folder of its pictures.")
    else:
        folder = Path(argument)
        scan(folder)  # before there is a gallery: a folder that is not there must not leave an empty one
        engine.create(gallery, folder.resolve())
    step: Progress | None = None
    with tqdm(unit=" pictures") as bar:
        for step in engine.index(gallery, threading.Event()):
            bar.total = step.total
            bar.update(step.done - bar.n)
    if step:
        print(f"{step.added} new or changed, {step.unchanged} unchanged, {step.removed} removed, {len(step.skipped)} skipped.")
        for skipped in step.skipped:
            print(f"  {skipped.name}: {skipped.error}")


def _search(engine: SearchEngine, gallery: str, text: str, k: int) -> None:
    ensure_ready(engine, gallery)
    answer = engine.search(gallery, parse_query(text), k)
    if not answer.matching:
        print(f"Nothing here matches: the best score is below the cut-off of {answer.cutoff.score:.3f}. The nearest are:")
    for hit in answer.hits:
        print(f"{hit.score:.3f} {'*' if hit.matches else ' '} {hit.entry.name}  {hit.entry.text.splitlines()[:1]}")


def _copy(engine: SearchEngine, gallery: str, to: str) -> None:
    ensure_ready(engine, gallery)
    target = (
        QdrantStore(to, os.environ.get("QDRANT_API_KEY")) if to.startswith(("http://", "https://")) else SqliteStore(Path(to))
    )
    try:
        count = copy_gallery(engine.store, target, gallery)
    finally:
        target.close()
    print(f"{count:,} vectors copied.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("list", "index", "search", "recall", "copy"))
    parser.add_argument("gallery", nargs="?", default=BUNDLED[0].name)
    parser.add_argument("argument", nargs="?", default="", help="folder, query or store")
    parser.add_argument("-k", type=int, default=10, help="how many hits")
    options = parser.parse_args()
    engine = engine_of(Settings.from_environment())
    try:
        if options.what == "list":
            for name in engine.names():
                ready = engine.ready(name)
                print(f"{name}: {engine.info(name).pictures:,} pictures" if ready else f"{name}: not indexed yet")
        elif options.what == "index":
            _index(engine, options.gallery, options.argument)
        elif options.what == "search":
            _search(engine, options.gallery, options.argument, options.k)
        elif options.what == "copy":
            _copy(engine, options.gallery, options.argument)
        else:
            ensure_ready(engine, options.gallery)
            print(as_table(engine.quality(options.gallery)))
    finally:
        engine.close()


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        raise SystemExit(str(error)) from error
