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
RUN case ",$EXTRAS," in *,browser,*) apt-get update && apt-get install --yes --no-install-recommends chromium fonts-liberation \
    && rm -rf /var/lib/apt/lists/* ;; esac
RUN useradd --create-home --uid 10001 app && install --directory --owner app --mode 0700 /app /app/data
COPY --from=build /wheel /wheel
RUN set -e; wheel=$(ls /wheel/*.whl); pip install --no-cache-dir "${wheel}${EXTRAS:+[$EXTRAS]}"; rm -r /wheel
USER app
WORKDIR /app
ENV FLOW2API_SERVER_HOST=0.0.0.0 PYTHONUNBUFFERED=1
VOLUME /app/data
EXPOSE 8000
# "degraded" (no account can work now) is an answer too; restarting would not help.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as r; port = os.environ.get('FLOW2API_SERVER_PORT', '8000'); \
r.urlopen(f'http://127.0.0.1:{port}/health', timeout=4)"]
ENTRYPOINT ["flow2api"]
CMD ["serve"]
