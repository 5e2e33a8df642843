"""The app as an agent meets it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_ask_is_a_tool_with_a_description(launch: Callable[..., str]) -> None:
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
    (name,) = [n for n in found if n.endswith("ask")]
    description, parameters = found[name]
    assert "Answer a question about a picture" in description
    assert {"image", "question"} <= parameters
