-- Run once by a superuser of the PostgreSQL server; the embedded server runs it on template1 at its first start.
-- On a server of your own: give owner and app passwords, create the database with "OWNER owner", then run the
-- second half inside that database.
CREATE ROLE owner LOGIN CREATEDB;
CREATE ROLE app LOGIN;
CREATE ROLE portal NOLOGIN;
-- app may become portal, but what portal sees isn't mixed into what app sees (before PostgreSQL 16: app NOINHERIT).
GRANT portal TO app WITH INHERIT FALSE, SET TRUE;

CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app;
ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT USAGE, SELECT ON SEQUENCES TO app;
