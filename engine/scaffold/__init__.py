"""Derives what `fanout init` writes from the app at the root of this repository, so that the two can not drift."""
