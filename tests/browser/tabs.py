"""Going to a tab, also where it does not fit."""

from playwright.sync_api import Page, expect


def open_tab(page: Page, title: str, inside: str, among: str = "body") -> None:
    """Click the tab, or what Gradio puts behind a button where the tabs do not fit; wait for something in it.

    among: where the tabs are, if they are not the page's own.
    """
    tabs = page.locator(among)
    tab = tabs.get_by_role("tab", name=title)
    hidden = tabs.locator(".overflow-menu > button")
    expect(tab.or_(hidden).first).to_be_visible()
    if not tab.is_visible():
        hidden.first.click()
        tab = tabs.locator(".overflow-dropdown button").filter(has_text=title)
    tab.click()
    page.wait_for_selector(inside)
