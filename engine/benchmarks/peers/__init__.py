"""Programs that benchmarks compare us with, and ours that are compared with them."""
