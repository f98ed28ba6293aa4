#!/bin/sh
# Gives the database roles their passwords; run once by the postgres container after roles.sql.
set -eu
psql -v ON_ERROR_STOP=1 -U postgres -d bulk_repeat_order \
    -v owner="$DB_OWNER_PASSWORD" -v web="$DB_WEB_PASSWORD" -v worker="$DB_WORKER_PASSWORD" <<'SQL'
ALTER ROLE owner PASSWORD :'owner';
ALTER ROLE web PASSWORD :'web';
ALTER ROLE worker PASSWORD :'worker';
SQL
