"""A row for an intake, which is in another stack: by the name of that, its metrics need no resource of it."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from fanout import names

HEIGHT = 4
LATE_SECONDS = 300
"""As the alarm stored-not-emitted."""
_SHOWN = (
    ("the oldest that is not emitted, in seconds", ((names.UNSENT_AGE, "Maximum", "oldest", "#1f77b4"),)),
    (
        "left by the stream, refused for good",
        ((names.SWEPT, "Sum", "emitted by the sweep", "#ff7f0e"), (names.POISON, "Sum", "refused", "#d62728")),
    ),
)


def row(stack: str) -> cloudwatch.Row:
    told = cloudwatch.TextWidget(
        markdown=f"### {stack}\n`fanout intake status --stack {stack}`", width=4, height=HEIGHT
    )
    return cloudwatch.Row(told, *(_graph(stack, title, lines) for title, lines in _SHOWN))


def _graph(stack: str, title: str, lines: tuple[tuple[str, str, str, str], ...]) -> cloudwatch.GraphWidget:
    late = cloudwatch.HorizontalAnnotation(value=LATE_SECONDS, label="alarm", color="#d62728")
    return cloudwatch.GraphWidget(
        title=title,
        left=[
            cloudwatch.Metric(
                namespace=names.NAMESPACE,
                metric_name=name,
                dimensions_map={names.STACK_DIMENSION: stack},
                period=Duration.minutes(5),
                statistic=statistic,
                label=label,
                color=colour,
            )
            for name, statistic, label, colour in lines
        ],
        left_annotations=[late] if lines[0][0] == names.UNSENT_AGE else [],
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        legend_position=cloudwatch.LegendPosition.RIGHT,
        width=10,
        height=HEIGHT,
    )
