"""docs/dashboard.svg: prod's dashboard as synthesized, drawn over three made-up hours in the shapes that AWS sends.

`python -m tests.infra.dashboard_picture` writes it. Places, titles, lines, colours and limits are the dashboard's own; the
story is ours: the webhook's receiver is down from 13:00 to 13:50, what died is redriven at 14:20.
"""

import json
import math
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "dashboard.svg"
SNAPSHOT = Path(__file__).parent / "snapshots" / "FormEvents-prod.json"
CELL, POINTS = 50, 36
"""Pixels of a grid unit; three hours of five minutes."""
DOWN, LETTERS, UP, REDRIVEN = 12, 20, 22, 28

Shape = Callable[[int], float]


def widgets() -> list[dict[str, Any]]:
    """With the logical id where AWS puts a name."""
    resources = json.loads(SNAPSHOT.read_text())["Resources"].values()
    (made,) = [each for each in resources if each["Type"] == "AWS::CloudWatch::Dashboard"]
    parts = made["Properties"]["DashboardBody"]["Fn::Join"][1]
    text = "".join(each if isinstance(each, str) else str(each.get("Ref") or each["Fn::GetAtt"][0]) for each in parts)
    return list(json.loads(text)["widgets"])


def traffic(at: int) -> float:
    return 40 + 12 * math.sin(at / 4) + 5 * math.sin(at * 2.3)


def _is(at: int, first: int, end: int) -> bool:
    return first <= at < end


HEALTHY: dict[str, Shape] = {
    "NumberOfMessagesPublished": traffic,
    "NumberOfNotificationsDelivered": lambda at: 3 * traffic(at),
    "NumberOfMessagesSent": traffic,
    "Done": traffic,
    "ApproximateAgeOfOldestMessage": lambda at: 1 + math.sin(at) ** 2,
    "Duration p50": lambda at: 180 + 20 * math.sin(at),
    "Duration Maximum": lambda at: 700 + 300 * math.sin(at * 1.7),
    "ConcurrentExecutions": lambda at: 2 + round(math.sin(at) ** 2 * 2),
}
BROKEN: dict[str, Shape] = {
    **HEALTHY,
    "Done": lambda at: 0 if _is(at, DOWN, UP) else traffic(at) * (3 if _is(at, REDRIVEN, REDRIVEN + 2) else 1),
    "Failed": lambda at: traffic(at) * min(3, 1 + (at - DOWN) / 4) if _is(at, DOWN, UP) else 0,
    "Dead": lambda at: 0,
    "ApproximateNumberOfMessagesVisible": lambda at: 34 * max(0, min(at, UP) - LETTERS) if at < REDRIVEN else 0,
    # After three receives a message is left out of the age, which is 11 minutes by the schedule.
    "ApproximateAgeOfOldestMessage": lambda at: min(300 * (at - DOWN), 660) if _is(at, DOWN, UP + 2) else 2,
    "Duration Maximum": lambda at: 10_000 if _is(at, DOWN, UP) else 700,
    "ConcurrentExecutions": lambda at: 12 if _is(at, DOWN, UP) else 3,
}


def points(line: list[Any]) -> list[float]:
    """What AWS would send for one line of a graph; nothing happens where no shape is told."""
    name, options = line[1], line[-1]
    text = json.dumps(line).lower().replace("_", "")
    shapes = BROKEN if "notifywebhook" in text else HEALTHY
    shape = shapes.get(f"{name} {options.get('stat')}") or shapes.get(name) or (lambda at: 0)
    return [shape(at) for at in range(POINTS)]


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
    title = _text(x, y, shown["title"], 13, "#000")
    lines = [(each[-1], points(each)) for each in shown["metrics"]]
    if shown["view"] == "singleValue":
        (options, found), *_ = lines
        number = _text(x + width / 2, y + 52, f"{found[-1]:.0f}", 34, options["color"], "middle")
        return title + number + _line(options, found, max(found) or 1, x, y + 70, width, height - 76)
    limits = shown.get("annotations", {}).get("horizontal", [])
    most = max([1, *(value for _, found in lines for value in found)])
    top = max([most, *(each["value"] for each in limits)]) * 1.05
    drawn = [title, _text(x + width, y, f"{top:,.0f}", 10, "#888", "end")]
    for each in limits:
        at = y + 12 + (height - 24) * (1 - each["value"] / top)
        drawn.append(f'<path d="M{x} {at:.1f}h{width}" stroke="{each["color"]}" stroke-dasharray="5 4"/>')
    drawn += [_line(options, found, top, x, y + 12, width, height - 24) for options, found in lines]
    for place, (options, _) in enumerate(lines):
        drawn.append(_text(x + 70 * place, y + height + 4, options["label"], 11, options["color"]))
    return "".join(drawn)


def _line(options: dict[str, Any], found: list[float], top: float, x: int, y: int, width: int, height: int) -> str:
    places = [
        f"{x + width * at / (POINTS - 1):.1f} {y + height * (1 - value / top):.1f}" for at, value in enumerate(found)
    ]
    return f'<polyline fill="none" stroke="{options["color"]}" stroke-width="1.6" points="{", ".join(places)}"/>'


def picture() -> str:
    every = widgets()
    size = 24 * CELL, max(each["y"] + each["height"] for each in every) * CELL
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" font-family="sans-serif">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="#f2f3f3"/>', *map(_drawn, every), "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(picture())
