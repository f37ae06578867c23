"""Draws the charts of docs/benchmarks.md from the figures that the benchmarks have written.

    python benchmarks/charts.py

reads docs/benchmarks/*.json and writes an SVG beside each; they can be read in light and in dark.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).parents[1] / "docs" / "benchmarks"

SVG = "http://www.w3.org/2000/svg"
LETTER, BARS, ROW, TOP = 8.2, 280, 24, 34
"""Pixels: a letter at most, the longest bar, the height of a row, and where the first one is."""

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.ours { fill: #0969da }
.other { fill: #8c959f }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .other { fill: #6e7681 } }
"""

Row = tuple[str, float, bool]


def chart(title: str, unit: str, rows: list[Row]) -> str:
    """Draw a bar for each row: its label, its figure, and whether it is this library's."""
    longest = max(figure for _, figure, _ in rows)
    left = 8 + LETTER * max(len(label) for label, _, _ in rows)
    width, height = f"{left + BARS + 60:.0f}", TOP + ROW * len(rows)
    lines = [
        f'<svg xmlns="{SVG}" viewBox="0 0 {width} {height}" width="{width}" role="img">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="0" y="18">{escape(title)} ({escape(unit)})</text>',
    ]
    for place, (label, figure, ours) in enumerate(rows):
        y = TOP + ROW * place
        kind = "ours" if ours else "other"
        bar = max(1.0, BARS * figure / longest)
        lines += [
            f'<text x="{left - 8:.0f}" y="{y + 13}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="{kind}" x="{left:.0f}" y="{y}" width="{bar:.1f}" height="17"/>',
            f'<text x="{left + bar + 6:.1f}" y="{y + 13}">{_shown(figure)}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


def _shown(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.1f}"


def _ours(label: str) -> bool:
    return "dynamorm" in label


def cold_start(rows: list[dict[str, Any]]) -> str:
    found = [(row["contender"], row["cpu_ms"]) for row in rows if "of_floor" in row]
    return _chart("Cold start: CPU until the first answer", "ms", found)


def size(rows: list[dict[str, Any]]) -> str:
    found = [(row["contender"], row["unpacked_kb"] / 1000) for row in rows]
    return _chart("A Lambda package, unpacked", "MB", found)


def copies(rows: list[dict[str, Any]]) -> str:
    found = [(row["contender"], row["cpu_us_per_item"]) for row in rows if "of_floor" in row]
    return _chart("Copying: CPU for an item of 1 KB", "microseconds", found)


def segments(rows: list[dict[str, Any]]) -> str:
    found = [
        (f"{row['contender']}, {row['segments']} segments", row["items_per_second"])
        for row in rows
        if "segments" in row
    ]
    return _chart("Copying, 5 ms an answer", "items per second", found)


def sizes(rows: list[dict[str, Any]]) -> str:
    found = [
        (f"{row['contender']}, {row['bytes']:,} bytes", row["cpu_us_per_item"])
        for row in rows
        if "bytes" in row and row["contender"] != "boto3 resource"
    ]
    return _chart("Copying: CPU by the size of an item", "microseconds", found)


def tls(rows: list[dict[str, Any]]) -> str:
    found = [(row["contender"], row["cpu_us_per_item"]) for row in rows if "tls" in row]
    return _chart("Copying over TLS: CPU for an item of 1 KB", "microseconds", found)


def codec(rows: list[dict[str, Any]]) -> str:
    found = [(row["contender"], row["us_per_item"]) for row in rows]
    return _chart("One item of 1 KB", "microseconds", found)


def _chart(title: str, unit: str, found: list[tuple[str, float]]) -> str:
    return chart(title, unit, [(label, figure, _ours(label)) for label, figure in found])


CHARTS = {
    "cold_start": (cold_start,),
    "size": (size,),
    "copies": (copies, segments, sizes, tls),
    "codec": (codec,),
}


def main() -> None:
    for name, charts in CHARTS.items():
        rows = json.loads((FIGURES / f"{name}.json").read_text())["rows"]
        for draw in charts:
            (FIGURES / f"{draw.__name__}.svg").write_text(draw(rows))


if __name__ == "__main__":
    main()
