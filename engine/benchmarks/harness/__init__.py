"""What every benchmark uses, and nothing that only one of them needs."""
