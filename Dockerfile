# One image for web, worker and beat; docker-compose.yml says what each runs.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 UV_LINK_MODE=copy
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        fonts-wqy-microhei libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
        tesseract-ocr tesseract-ocr-chi-sim tesseract-ocr-eng \
    && rm -rf /var/lib/apt/lists/* \
    && pip install --no-cache-dir 'uv~=0.13.0' \
    && useradd --create-home --uid 1000 app

WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --extra s3
ENV PATH="/app/.venv/bin:$PATH" STATIC_ROOT=/app/staticfiles DATA_DIR=/data
COPY . .
RUN DATABASE_URL=postgres://build@/build SECRET_KEY=build LINK_KEY=build python manage.py compile_messages \
    && DATABASE_URL=postgres://build@/build SECRET_KEY=build LINK_KEY=build python manage.py collectstatic --noinput \
    && mkdir /data && chown app /data

USER app
VOLUME /data
EXPOSE 8000
CMD ["uvicorn", "repurchase.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--no-access-log", "--lifespan", "off", "--timeout-graceful-shutdown", "5"]
