"""`GET /`: one small page that says what this is and how to ask it, for whoever opens the address where there is no dashboard.

It loads nothing from anywhere and runs no script; its policy allows its own style and nothing else.
"""

import base64
import hashlib
from html import escape

from quart_trio.wrappers import TrioResponse

from flow2api import __version__
from flow2api.api.described import Content, described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.links import Links
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.domain.model import Model

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6675; --page: #f6f7f9; --card: #fff; --line: #dfe3e8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --soft: #9aa5b4; --page: #14181e; --card: #1c2129; --line: #303844; }
}
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 3rem 1.25rem; }
h1 { margin: 0 0 .25rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { margin: .35rem 0; } .soft { color: var(--soft); }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .9rem 1rem; overflow-x: auto; }
ul { columns: 2; padding-left: 1.2rem; } @media (max-width: 36rem) { ul { columns: 1; } }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
""".strip()

_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-"
        + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
        + "'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>flow2api</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main>
<h1>flow2api <small class="soft">{version}</small></h1>
<p>This is a gateway: it makes pictures and clips through an API that OpenAI clients understand.</p>
<p lang="zh">这是一个网关：通过兼容 OpenAI 的接口生成图片和视频。</p>
<h2>Base address · <span lang="zh">接口地址</span></h2>
<pre><code>{base}/v1</code></pre>
<p class="soft">Enter it in your client together with an API key of this gateway.
<span lang="zh">将它和本网关的 API 密钥一起填入客户端即可。</span></p>
<h2>Try it · <span lang="zh">试一试</span></h2>
<pre><code>curl {base}/v1/chat/completions \\
  -H "Authorization: Bearer $FLOW2API_KEY" \\
  -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "a red fox in fresh snow"}}]}}'</code></pre>
<h2>Models · <span lang="zh">模型</span></h2>
<ul>
{models}
</ul>
<p class="soft">Shapes and sizes can be named in the request or in the model's name; <code>GET /v1/models</code> lists every
name. <span lang="zh">比例和尺寸可在请求中指定，也可写在模型名中；完整列表见 <code>GET /v1/models</code>。</span></p>
</main>
</body>
</html>
"""


def register(app: Application, services: Services, links: Links, dashboard: str | None) -> None:
    """Add the page; browsers are led to `dashboard` where there is one."""

    @described("A page that says what this is", Content({"text/html": None}))
    async def welcome(request: GatewayRequest) -> TrioResponse:
        if dashboard is not None and b"text/html" in (request.header(b"accept") or b""):
            headers = {"Location": dashboard, "Cache-Control": "no-cache", "Vary": "Accept"}
            return TrioResponse(b"", 303, headers)
        models = [model for model in services.catalog.models() if model.fixed is None]
        example = next((model.id for model in models if model.kind == "image"), "model")
        page = _PAGE.format(
            style=_STYLE,
            version=__version__,
            base=escape(links.base(request)),
            model=escape(example),
            models="\n".join(_item(model) for model in models),
        )
        return TrioResponse(page, 200, _HEADERS, content_type="text/html; charset=utf-8")

    app.route_to("GET", "/", welcome)


def _item(model: Model) -> str:
    return f"<li><code>{escape(model.id)}</code> <span class='soft'>{escape(model.title)}</span></li>"
