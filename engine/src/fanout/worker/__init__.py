"""A task's worker outside of Lambda: `fanout work TASK`. It keeps a message as long as it is worked on, and what runs beside
the task is `fanout.runtime`, as in a function. docs/worker.md says what it promises.

One thread, the loop in `worker`, decides everything and waits for nothing but its inbox. Each task and each request to AWS
has a thread of its own, and tells the loop how it ended (`machine`).
"""
