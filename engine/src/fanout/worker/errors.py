"""Why an attempt ended that its task did not end."""

from fanout.runtime.outcome import OutOfTime


class TooLong(OutOfTime):
    """The longest attempt was over: the message was given back."""

    def __init__(self) -> None:
        super(OutOfTime, self).__init__("not finished when the longest attempt was over")


class Stopped(OutOfTime):
    """The worker was told to stop, and its grace was over."""

    def __init__(self) -> None:
        super(OutOfTime, self).__init__("not finished when the worker had to stop")


class Lost(OutOfTime):
    """SQS took the message back, or another attempt took the event over: this one has nothing to decide any more."""

    def __init__(self) -> None:
        super(OutOfTime, self).__init__("its message, or its event, is another attempt's by now")
