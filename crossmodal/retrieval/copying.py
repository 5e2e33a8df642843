"""A gallery from one store to another."""

from dataclasses import replace

from crossmodal.retrieval.store import Kind, Store

AT_ONCE = 256


def copy_gallery(source: Store, target: Store, gallery: str) -> int:
    """Everything but the pictures themselves, which stay where they are. Returns how many vectors were copied.

    Raises StoreError where the target has a gallery of that name. A copy that fails half-way is taken back.
    """
    info = source.info(gallery)
    target.create(gallery, info.root, info.stamp)
    copied = 0
    kinds: tuple[Kind, Kind] = ("picture", "caption")
    try:
        for kind in kinds:  # pictures first: adding one would take away captions that are there already
            entries = source.entries(gallery, kind)
            for start in range(0, len(entries), AT_ONCE):
                part = entries[start : start + AT_ONCE]
                vectors = source.vectors(gallery, [entry.id for entry in part])
                target.add(gallery, [replace(e, vector=v) for e, v in zip(part, vectors, strict=True)])
                copied += len(part)
    except BaseException:
        target.delete(gallery)
        raise
    return copied
