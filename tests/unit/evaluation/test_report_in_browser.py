"""The report as a browser lays it out on a small laptop: nothing runs over, every figure is drawn."""

import pytest
from tests.browser import browser, needs_browser

pytestmark = [pytest.mark.browser, needs_browser, pytest.mark.xdist_group("browser")]

PLOTS = "[...document.querySelectorAll('#data .plot')]"
LABELS = f"{PLOTS}.map((plot) => [plot, ...plot.querySelectorAll('text')])"
OUTSIDE = f"""{LABELS}.flatMap(([plot, ...texts]) => {{
  const frame = plot.getBoundingClientRect();
  return texts.filter((text) => text.textContent)
    .filter((text) => text.getBoundingClientRect().left < frame.left - 1
      || text.getBoundingClientRect().right > frame.right + 1)
    .map((text) => text.textContent);
}})"""


def test_tables_and_figures_fit_a_page_of_1280_pixels(page, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    with browser(tmp_path) as tab:
        tab.send(
            "Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False
        )
        tab.go(path.as_uri())
        tab.wait("[...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('.main-svg'))")
        assert tab.run("document.documentElement.scrollWidth") <= 1280
        for name in ("Table of results", "Importance of every unit", "Scores of VBench", "Filtering counts"):
            table = f"document.querySelector('[aria-label=\"{name}\"]')"
            assert tab.run(f"{table}.scrollWidth - {table}.clientWidth") <= 0, name
        assert tab.run(OUTSIDE) == []
        names = "[...document.querySelectorAll('#data .plot .ytick text')].map((text) => text.textContent)"
        assert {"kept", "too short", "visual quality"} <= set(tab.run(names))
