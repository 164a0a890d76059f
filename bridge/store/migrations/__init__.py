"""The schema's history. `migrate` brings a database up to date, under a lock; the others wait for it."""
