"""docs/dashboard.svg: prod's dashboard as synthesized, over what was recorded on the embedded AWS.

`python -m local shapes` records (tests/infra/recorded_shapes.json): steady traffic, the webhook's receiver goes down, what
died is redriven after it is mended. `python -m tests.infra.dashboard_picture` draws. Places, titles, lines, colours, limits
and the formula of the cost are the dashboard's own.
"""

import json
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.infra.alarm_evaluator import Values
from tests.infra.dashboard_shapes import formula, recorded, series, task_of
from tests.places import ENGINE

PICTURE = ENGINE / "docs" / "dashboard.svg"
SNAPSHOT = Path(__file__).parent / "snapshots" / "OrderEvents-prod.json"
CELL = 50
"""Pixels of a grid unit."""


def widgets() -> list[dict[str, Any]]:
    """With the logical id where AWS puts a name."""
    resources = json.loads(SNAPSHOT.read_text())["Resources"].values()
    (made,) = [each for each in resources if each["Type"] == "AWS::CloudWatch::Dashboard"]
    parts = made["Properties"]["DashboardBody"]["Fn::Join"][1]
    text = "".join(each if isinstance(each, str) else str(each.get("Ref") or each["Fn::GetAtt"][0]) for each in parts)
    return list(json.loads(text)["widgets"])


def _text(x: float, y: float, text: str, size: int = 12, colour: str = "#333", anchor: str = "start") -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _drawn(widget: dict[str, Any]) -> str:
    x, y, width, height = (widget[name] * CELL for name in ("x", "y", "width", "height"))
    frame = (
        f'<rect x="{x + 3}" y="{y + 3}" width="{width - 6}" height="{height - 6}" rx="4" fill="#fff" stroke="#d5dbdb"/>'
    )
    draw = {"text": _markdown, "alarm": _alarms, "metric": _metric}[widget["type"]]
    return frame + draw(widget["properties"], x + 12, y + 24, width - 24, height - 40)


def _markdown(shown: dict[str, Any], x: int, y: int, width: int, height: int) -> str:
    lines = [each for each in shown["markdown"].split("\n") if each]
    title = _text(x, y, lines[0].lstrip("# "), 13, "#000")
    rest = " · ".join(lines[1:]).replace("`", "").split(" · ")
    plain = [each[1:].split("](")[0] if each.startswith("[") else each for each in rest]
    return title + "".join(_text(x, y + 24 + 17 * number, each) for number, each in enumerate(plain))


def _alarms(shown: dict[str, Any], x: int, y: int, width: int, height: int) -> str:
    ok = f"nothing: {len(shown['alarms'])} alarms are OK"
    return _text(x, y, shown["title"], 14, "#000") + _text(x, y + 30, ok, 13, "#2ca02c")


def _metric(shown: dict[str, Any], x: int, y: int, width: int, height: int) -> str:
    title = _text(x, y, shown["title"], 13 if width > 150 else 12, "#000")
    lines = [(each[-1], _points(each, shown["metrics"])) for each in shown["metrics"] if each[-1].get("visible", True)]
    if shown["view"] == "singleValue":
        (options, found), *_ = lines
        number = _text(x + width / 2, y + 52, _number(found[-1]), 34, options["color"], "middle")
        return title + number + _line(options, found, _most(found), x, y + 70, width, height - 76)
    limits = shown.get("annotations", {}).get("horizontal", [])
    top = max([_most(*(found for _, found in lines)), *(each["value"] for each in limits)]) * 1.05
    drawn = [title, _text(x + width, y, f"{top:,.0f}", 10, "#888", "end")]
    for each in limits:
        at = y + 12 + (height - 24) * (1 - each["value"] / top)
        drawn.append(f'<path d="M{x} {at:.1f}h{width}" stroke="{each["color"]}" stroke-dasharray="5 4"/>')
    drawn += [_line(options, found, top, x, y + 12, width, height - 24) for options, found in lines]
    at = x
    for options, _ in lines:
        drawn.append(_text(at, y + height + 4, options["label"], 11, options["color"]))
        at += 7 * len(options["label"]) + 8
    return "".join(drawn)


def _points(line: list[Any], lines: list[Any]) -> Values:
    expression = line[-1].get("expression")
    return formula(expression, task_of(lines)) if expression else series(line)


def _most(*found: Values) -> float:
    return max([1.0, *(value for each in found for value in each if value is not None)])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}" if value == int(value) else f"{value:.2f}"


def _line(options: dict[str, Any], found: Values, top: float, x: int, y: int, width: int, height: int) -> str:
    """Broken where there is no data, as CloudWatch draws it; a point alone is a dot."""
    drawn = []
    known = [(at, value) for at, value in enumerate(found) if value is not None]
    for _, group in groupby(enumerate(known), key=lambda each: each[1][0] - each[0]):
        places = [
            f"{x + width * at / (len(found) - 1):.1f} {y + height * (1 - value / top):.1f}" for _, (at, value) in group
        ]
        both = places * 2 if len(places) == 1 else places
        drawn.append(
            f'<polyline fill="none" stroke="{options["color"]}" stroke-width="1.6" stroke-linecap="round"'
            f' points="{", ".join(both)}"/>'
        )
    return "".join(drawn)


def picture() -> str:
    every = widgets()
    size = 24 * CELL, max(each["y"] + each["height"] for each in every) * CELL
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" font-family="sans-serif">'
    told = f"<title>prod's dashboard over what `{recorded()['command']}` recorded</title>"
    return "\n".join(
        [head, told, '<rect width="100%" height="100%" fill="#f2f3f3"/>', *map(_drawn, every), "</svg>", ""]
    )


if __name__ == "__main__":
    PICTURE.write_text(picture())
