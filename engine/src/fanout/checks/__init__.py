"""The rules: what must hold of a synthesized template so that it loses, duplicates, blocks and leaks no message."""
