"""Writes a new team's repository, and a new task in it."""
