"""PostgreSQL, and all of the SQL. One file a noun; every statement takes parameters."""
