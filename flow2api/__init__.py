"""flow2api: a self-hosted gateway that speaks OpenAI's API over image and video services."""

__version__ = "0.1.0"
