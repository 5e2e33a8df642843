"""The app as an agent meets it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_endpoints_are_tools_with_descriptions(launch: Callable[..., str]) -> None:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    url = launch("--mcp") + "gradio_api/mcp/"

    async def tools() -> dict[str, tuple[str, set[str]]]:
        async with streamablehttp_client(url) as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            listed = await session.list_tools()
            return {t.name: (t.description or "", set(t.inputSchema["properties"])) for t in listed.tools}

    with ThreadPoolExecutor(1) as other_thread:  # Playwright leaves a running event loop in this one
        found = other_thread.submit(lambda: asyncio.run(tools())).result()
    expected = {
        "ask": ("Answer a question about a picture", {"image", "question"}),
        "classify": ("Classify a picture against labels", {"image", "labels"}),
        "search": ("Search a gallery by words, by a picture", {"text", "image", "k", "gallery"}),
        "index": ("Make a gallery, or add to one", {"gallery", "files"}),
        "galleries": ("List the galleries", set()),
        "fuse": ("through every fusion strategy", {"image", "text", "task"}),
        "temperature": ("Move two modalities that begin in two cones", {"degree", "misprinted"}),
        "adaptation_results": ("bundled results of an alignment experiment", {"experiment"}),
        "fusion_results": ("bundled comparison of fusion strategies", {"task"}),
    }
    for endpoint, (sentence, needed) in expected.items():
        (name,) = [n for n in found if n.endswith(f"_{endpoint}") or n == endpoint]
        description, parameters = found[name]
        assert sentence in description
        assert needed <= parameters
