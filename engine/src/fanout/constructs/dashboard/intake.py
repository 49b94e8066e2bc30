"""A row for an intake, which is in another stack: by the name of that, its metrics need no resource of it."""

from fanout import names
from fanout.constructs.dashboard.widgets import BLUE, ORANGE, RED, Limit, Line, Widget, graph, text
from fanout.constructs.metric import Metric

LATE_SECONDS = 300
"""As the alarm stored-not-emitted."""


def row(stack: str) -> list[Widget]:
    def line(name: str, statistic: str, label: str, colour: str) -> Line:
        dimensions = {names.STACK_DIMENSION: stack}
        metric = Metric(namespace=names.NAMESPACE, name=name, dimensions=dimensions, statistic=statistic)
        return Line(metric, label, colour)

    return [
        text(f"### {stack}\n`fanout intake status --stack {stack}`", width=4),
        graph(
            "the oldest that is not emitted, in seconds",
            10,
            [line(names.UNSENT_AGE, "Maximum", "oldest", BLUE)],
            Limit(LATE_SECONDS, "alarm", RED),
        ),
        graph(
            "left by the stream, refused for good",
            10,
            [
                line(names.SWEPT, "Sum", "emitted by the sweep", ORANGE),
                line(names.POISON, "Sum", "refused", RED),
            ],
        ),
    ]
