"""The one HTTP server and its listening socket."""
