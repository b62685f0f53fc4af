"""The names of the web chat's people, known before its web server is loaded."""

import re

OPERATOR, DEMO = "operator", "demo"
"""Who holds the token; who tries the demo."""
NAME = re.compile(r"[a-z0-9-]{1,32}")
"""Of a guest. The operator's own name is nobody else's."""
