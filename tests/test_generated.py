"""What is written from other sources is fresh."""

from tests.protocol import TARGET, render


def test_the_dashboards_types_are_those_of_the_gateway() -> None:
    written = TARGET.read_text("utf-8") if TARGET.exists() else ""
    assert written == render(), "run `python -m tests.protocol` and commit what it writes"
