"""Deletes what fal keeps of a request: what was sent, what it answered, and the files of that answer on its CDN.

Facts: fal.ai/docs/platform-apis/v1/models/requests/payloads. It takes a key of ADMIN scope and cannot be undone; files
that were uploaded for a request stay, since others may use them.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from core.errors import Unavailable
from core.fal import protocol
from core.fal.admin_api import AdminApi

_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Removed:
    """What fal said: so many files of the answer are gone, and so many are not."""

    files: int = 0
    files_left: int = 0


async def remove_payloads(api: AdminApi, request_id: str) -> Removed:
    """Delete what fal keeps of this request; of one that fal does not know there is nothing.

    Raises NotConfigured (the key is refused), Unavailable.
    """
    if not protocol.is_request_id(request_id):
        raise Unavailable(reason="no request of fal's")
    try:
        answer = await api.call("DELETE", f"/models/requests/{quote(request_id, safe='')}/payloads")
    except Unavailable as error:
        if error.facts.get("status") in _GONE:
            return Removed()
        raise
    results = answer.get("cdn_delete_results")
    if not isinstance(results, list):
        raise Unavailable(reason="an answer without the files")
    left = sum(_is_left(each) for each in results)
    return Removed(len(results) - left, left)


def _is_left(result: Any) -> bool:
    return not isinstance(result, dict) or result.get("exception") is not None
