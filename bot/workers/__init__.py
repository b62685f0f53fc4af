"""Several processes on one database: who runs which loop, and who takes over from whom."""
