-- Database roles. The owner migrates; `web` serves requests (no superuser, no bypass of row security);
-- `worker` works (may bypass it, so that COPY stays possible). Safe to repeat; run by a superuser,
-- in the database that the product uses. The embedded default trusts its own socket; elsewhere set
-- passwords: ALTER ROLE web PASSWORD '…'.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'owner') THEN
        CREATE ROLE owner LOGIN CREATEDB NOSUPERUSER;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'web') THEN
        CREATE ROLE web LOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'worker') THEN
        CREATE ROLE worker LOGIN NOSUPERUSER BYPASSRLS;
    END IF;
END $$;
-- A process that stands still in a transaction holds up others: the server ends it, and its work is taken over.
ALTER ROLE web SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE worker SET idle_in_transaction_session_timeout = '60s';
ALTER SCHEMA public OWNER TO owner;
GRANT USAGE ON SCHEMA public TO web, worker;
ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO web, worker;
ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO web, worker;
