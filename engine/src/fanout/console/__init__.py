"""The console: what the commands show and do, as pages in a browser. A thin layer over `ops`, beside `cli`."""
