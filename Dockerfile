# The server alone: give it a Postgres by DATABASE_URL.
FROM python:3.13-slim

WORKDIR /opt/networklab
COPY requirements.lock ./
# What only tests need goes again in the same layer. What comes along of Postgres stays: `backup` and `restore` work by it.
RUN pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements.lock \
    && pip uninstall --yes \
        ast-serialize blinker boto3 botocore charset-normalizer cssbeautifier djhtml djlint editorconfig execnet flask \
        flask-cors greenlet grimp hypothesis import-linter iniconfig itsdangerous jmespath jsbeautifier json5 librt moto \
        mypy mypy-extensions oxfmt oxlint packaging pathspec playwright pluggy py-partiql-parser pytest \
        pytest-playwright pytest-xdist python-slugify regex requests responses ruff s3transfer sortedcontainers \
        text-unidecode types-openpyxl urllib3 werkzeug xmltodict
COPY BENCHMARKS.md ./
COPY app app
COPY docs docs
COPY sql sql
COPY static static
COPY studies studies
COPY templates templates

ENV PYTHONPATH=/opt/networklab PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1
# A folder for studies, lists of players and exports, and one for backups.
RUN useradd --uid 10001 --create-home --home-dir /files networklab && python -m compileall -q app \
    && install --directory --owner=networklab --mode=700 /backups
USER networklab
WORKDIR /files

EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
