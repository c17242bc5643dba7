# Builds the wheel in one stage, so that the second one holds neither sources nor build tools.
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY web web
COPY flow2api flow2api
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:3.12-slim
# Extras of the package, with commas. "browser" makes captcha tokens in a Chromium of this image; it brings nodriver, which is
# under the AGPL. Build with EXTRAS="" for an image without either.
ARG EXTRAS="browser"
# tini is process 1: it passes signals on, and takes leave of the children that a browser leaves, which would stay as zombies.
RUN set -e; case ",$EXTRAS," in *,browser,*) more="chromium fonts-liberation" ;; *) more="" ;; esac; apt-get update; \
    apt-get install --yes --no-install-recommends tini $more; rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 10001 app && install --directory --owner app --mode 0700 /app /app/data
COPY --from=build /wheel /wheel
RUN set -e; wheel=$(ls /wheel/*.whl); pip install --no-cache-dir "${wheel}${EXTRAS:+[$EXTRAS]}"; rm -r /wheel
USER app
WORKDIR /app
# The home folder may be read-only, as in compose.yaml; the browser writes there what is not in its profile.
ENV FLOW2API_SERVER_HOST=0.0.0.0 PYTHONUNBUFFERED=1 XDG_CONFIG_HOME=/tmp/.config XDG_CACHE_HOME=/tmp/.cache
VOLUME /app/data
EXPOSE 8000
# "degraded" (no account can work now) is an answer too; restarting would not help. The port may be set in the environment, in the
# file or on the command line, so the instance is asked for it; a proxy for the way out is none for the way to itself.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", \
    "import os, pathlib, urllib.parse, urllib.request; from flow2api.instance import read_instance; \
instance = read_instance(pathlib.Path(os.environ.get('FLOW2API_STORAGE_DATA_DIR', 'data'))); \
port = urllib.parse.urlsplit(instance.url).port; \
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f'http://127.0.0.1:{port}/health', timeout=4)"]
ENTRYPOINT ["tini", "--", "flow2api"]
CMD ["serve"]
