"""Which pages there are and what they say, read from the dashboard's own lists, so that a new one is looked at from its first day."""

import json
import re

from tests.doubles.processes import ROOT

WEB = ROOT / "web"
_SAID = re.compile(r'^  "([\w.]+)":\s*"((?:[^"\\]|\\.)*)",$', re.M)
PAGES = re.findall(r"^  (\w+): \(\) => import", (WEB / "src/pages/index.ts").read_text("utf-8"), re.M)
DETAILED = ("generations", "accounts", "keys", "gallery", "proxies")
"""Those with a detail beside their list."""
LANGUAGES = ("en", "zh")


def words(language: str) -> dict[str, str]:
    """All that the dashboard says in a language, by the names of its texts."""
    files = sorted((WEB / "src/text" / language).glob("*.ts"))
    found = _SAID.findall("\n".join(file.read_text("utf-8") for file in files))
    return {name: json.loads(f'"{said}"') for name, said in found}
