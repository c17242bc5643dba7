"""Which pages there are, read from the dashboard's own list, so that a new one is looked at from its first day."""

import re

from tests.doubles.processes import ROOT

WEB = ROOT / "web"
PAGES = re.findall(r"^  (\w+): \(\) => import", (WEB / "src/pages/index.ts").read_text("utf-8"), re.M)
DETAILED = ("generations", "accounts", "keys", "gallery", "proxies")
"""Those with a detail beside their list."""
