"""What may go wrong with a browser on purpose. Messages are in words for an operator and never hold a token, cookie or password."""


class BrowserFault(Exception):
    """Anything that this package raises on purpose."""


class BrowserUnavailable(BrowserFault):
    """No browser can be had: something is not installed, not allowed, or in use by others. Trying again at once is no use."""


class ConnectionLost(BrowserFault):
    """The DevTools connection has ended, and with it every session on it."""


class TabLost(BrowserFault):
    """The tab has crashed or was closed; nothing more can be asked of it."""


class CommandRefused(BrowserFault):
    """The browser answered a command with an error."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"the browser refused {method}: {message}")
        self.method = method
        self.code = code


class AnswerUnknown(BrowserFault):
    """The browser answered in a form that the installed protocol package does not know."""


class PageFailed(BrowserFault):
    """A page could not be loaded."""


class ScriptFailed(BrowserFault):
    """A script ended with an error, or the page went away under it."""


class ScriptMissing(ScriptFailed):
    """The page has no captcha script now: it never had one, or lost it. Loading the page again helps."""
