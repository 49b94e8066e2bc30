"""Tags by which our functions leave word on a resource of AWS."""

CIRCUIT = "fanout:circuit"
"""On an open mapping: the time, in seconds since 1970, at which its circuit opened."""
