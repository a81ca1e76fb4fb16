"""Benchmarks on one machine that server, Postgres and load share: see `bin/bench --help`."""
