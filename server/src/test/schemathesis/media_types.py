"""How bodies that are no JSON are generated."""

import schemathesis
from hypothesis import strategies

for archive in ("application/x-tar", "application/octet-stream"):
    schemathesis.openapi.media_type(archive, strategies.binary())
