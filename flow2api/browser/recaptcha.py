"""The scripts that ask a page for a captcha token, as its own code does: through `grecaptcha.enterprise`, in the page.

Only texts are made here; arguments go in as JSON, so that no value can become code.
"""

from typing import Any

import msgspec

SCRIPT_URL = "https://www.google.com/recaptcha/enterprise.js"
"""Where the script comes from when a page has none of its own; `www.recaptcha.net` serves the same."""
READY_SECONDS = 60
"""After that a page gives up waiting for its script, whoever may have stopped waiting before."""

_READY = """async (scriptUrl, siteKey, patienceMs) => {
  const usable = () => typeof globalThis.grecaptcha?.enterprise?.execute === "function";
  const until = Date.now() + patienceMs;
  let problem = null;
  if (!usable() && ![...document.scripts].some((script) => script.src.includes("/enterprise.js"))) {
    const script = document.createElement("script");
    script.src = scriptUrl + "?render=" + encodeURIComponent(siteKey);
    script.onerror = () => { script.remove(); problem = "the captcha script could not be loaded from " + scriptUrl; };
    document.head.append(script);
  }
  while (!usable()) {
    if (Date.now() > until) problem = "the captcha script did not become ready";
    if (problem) throw new Error(problem);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}"""
_TOKEN = """async (siteKey, action) => {
  const enterprise = globalThis.grecaptcha?.enterprise;
  if (typeof enterprise?.execute !== "function") return null;
  await new Promise((resolve) => enterprise.ready(resolve));
  return { token: await enterprise.execute(siteKey, { action }) };
}"""


def ready_script(site_key: str, script_url: str) -> str:
    """Waits until a token can be asked for; adds the script to a page that has none."""
    return _called(_READY, script_url, site_key, READY_SECONDS * 1000)


def token_script(site_key: str, action: str) -> str:
    """Gives an object with the token, or null when the page has no script."""
    return _called(_TOKEN, site_key, action)


def _called(function: str, *arguments: Any) -> str:
    return f"({function})({', '.join(msgspec.json.encode(argument).decode() for argument in arguments)})"
