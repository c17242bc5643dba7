"""Measurements of the gateway as a process: `python -m tests.benchmarks [--quick] [--json FILE]`. Never collected as tests."""
