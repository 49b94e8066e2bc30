"""What we claim about speed, and how it is measured: `make -C engine bench`, or one of them: `make -C engine bench NAME=synth`.

A benchmark is a file here. Its docstring says what it measures, against what and how often; its one public function
yields rows as they are ready, and `say` tells the user how far it is:

    def measure(say: Say) -> Iterator[Row]:
        times = interleaved({"ours": ours, "peer": peer}, rounds=9, say=say)
        yield row("a batch of ten", times["ours"], unit="us", peer=times["peer"], goal=at_most(1.1, of="peer"))

A variant is a function that does the work once and returns the number that was measured. `interleaved` calls them in
turn (A B C A B C), one round uncounted. `row` takes numbers or samples. A goal `of="peer"` or `of="floor"` judges the
median of the ratios of each round; a goal without judges the median itself. A row without a goal is information.
`seconds` and `cpu_seconds` time a whole program. Peers that are programs live in `benchmarks/peers/`.

Nothing here is a part of `make test`, which only tests `benchmarks/harness/`.
"""
