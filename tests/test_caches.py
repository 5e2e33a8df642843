from crossmodal.caches import BoundedCache


def test_the_least_recently_used_goes_when_the_bound_is_passed() -> None:
    cache: BoundedCache[str] = BoundedCache(30)
    for key in "abc":
        cache.put(key, key.upper(), 10)
    assert cache.get("a") == "A"
    cache.put("d", "D", 10)
    assert [cache.get(k) for k in "abcd"] == ["A", None, "C", "D"]
    assert cache.bytes == 30


def test_what_alone_passes_the_bound_is_not_kept() -> None:
    cache: BoundedCache[str] = BoundedCache(30)
    cache.put("a", "A", 10)
    cache.put("a", "huge", 31)
    assert len(cache) == 0


def test_taking_removes() -> None:
    cache: BoundedCache[str] = BoundedCache(30)
    cache.put("a", "A", 10)
    assert cache.take("a") == "A"
    assert cache.take("a") is None
