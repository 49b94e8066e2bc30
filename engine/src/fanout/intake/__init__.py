"""WHAT TAKES ENTRIES from people: one function answers HTTP, two others emit what it stored. Runs beside `fanout.runtime`."""
