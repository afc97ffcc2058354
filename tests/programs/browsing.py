"""The Chromium of this machine, in which tests look at pages."""

import contextlib
import shutil

import pytest

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
needs_browser = pytest.mark.skipif(not BROWSER, reason="there is no Chromium here")


@contextlib.contextmanager
def started_browser():
    """Yields a browser, or skips the test where Playwright is not installed."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"], timeout=0)
        yield found
        found.close()


def check_everybody_can_read(page):
    """Asks axe-core for what keeps somebody from reading a page, what is folded too."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    # axe-core takes a formula in MathML for nothing.
    unread = {"rules": {"empty-table-header": {"enabled": False}}}
    found = axe.Axe().run(page, options=unread)
    assert found.violations_count == 0, found.generate_report()
