"""The model's own key, with which it signs its calls as fal does."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"the model's own key").digest())


def public_key() -> str:
    return base64.urlsafe_b64encode(_KEY.public_key().public_bytes_raw()).decode().rstrip("=")


def signed(request_id: str, body: bytes, *, at: float) -> dict[str, str]:
    """The headers of a webhook call, as fal signs it."""
    stamp = str(int(at))
    message = "\n".join([request_id, "user", stamp, hashlib.sha256(body).hexdigest()]).encode()
    return {
        "x-fal-webhook-request-id": request_id,
        "x-fal-webhook-user-id": "user",
        "x-fal-webhook-timestamp": stamp,
        "x-fal-webhook-signature": _KEY.sign(message).hex(),
    }
