"""Signs an mp4 by C2PA (Content Credentials): who made it, and that AI did. Runs in a child that holds the key.

The library is an extra (`reelbot[c2pa]`). Nothing that a film names is fetched from anywhere.
"""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from PIL import Image

from core.media.worker.refusal import Refusal

_FILM, _PICTURE = "video/mp4", "image/jpeg"
_OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


def sign(path: str, into: str, paths: list[str], title: str, producer: str) -> dict[str, Any]:
    """Write the film with a signature. `signed` is false, and nothing written, where the film has one already.

    `paths`: the chain of certificates and the key, both PEM, and perhaps the film of which this one is a copy. Raises
    Refusal.
    """
    certificate, key, *original = (Path(each) for each in paths)
    with c2pa.Settings.from_dict(_OFFLINE) as settings, c2pa.Context(settings) as context:
        if _is_signed(Path(path), context):
            return {"signed": False}
        with (
            _signer(certificate, key) as signer,
            c2pa.Builder(_claim(title, producer), context=context) as builder,
            Path(path).open("rb") as film,
            Path(into).open("w+b") as target,
        ):
            if original and _is_signed(original[0], context):
                builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
                _add_parent(builder, original[0])
            else:
                _say_made_by_ai(builder)
            _write(builder, signer, _FILM, film, target)
    return {"signed": True}


def try_out(paths: list[str]) -> dict[str, Any]:
    """Sign a picture with these; `until` is the day until which the certificate holds. Raises Refusal."""
    certificate, key = (Path(each) for each in paths)
    _signer(certificate, key).close()
    if _end_of(certificate) < datetime.now(UTC):
        raise Refusal("unreadable_media", reason="ended")
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "JPEG")
    picture.seek(0)
    with (
        c2pa.Settings.from_dict(_OFFLINE) as settings,
        c2pa.Context(settings) as context,
        _signer(certificate, key) as signer,
        c2pa.Builder(_claim("", "reelbot"), context=context) as builder,
    ):
        _say_made_by_ai(builder)
        _write(builder, signer, _PICTURE, picture, io.BytesIO())
    return {"until": _end_of(certificate).date().isoformat()}


def _end_of(certificate: Path) -> datetime:
    return x509.load_pem_x509_certificates(certificate.read_bytes())[0].not_valid_after_utc


def _say_made_by_ai(builder: c2pa.Builder) -> None:
    builder.set_intent(c2pa.C2paBuilderIntent.CREATE, c2pa.C2paDigitalSourceType.TRAINED_ALGORITHMIC_MEDIA)


def _add_parent(builder: c2pa.Builder, original: Path) -> None:
    parent = {"title": original.name, "relationship": "parentOf"}
    with original.open("rb") as film:
        builder.add_ingredient(json.dumps(parent), _FILM, film)


def _write(builder: c2pa.Builder, signer: c2pa.Signer, kind: str, film: BinaryIO, target: BinaryIO) -> None:
    """Raise Refusal where the library does not sign: it checks what it has written."""
    try:
        builder.sign(signer, kind, film, target)
    except c2pa.C2paError:
        raise Refusal("unreadable_media", reason="certificate") from None


def _claim(title: str, producer: str) -> str:
    author = {"@type": "Organization", "name": producer}
    work = {"@context": "https://schema.org", "@type": "CreativeWork", "author": [author]}
    return json.dumps(
        {
            "claim_generator_info": [{"name": "reelbot"}],
            "title": title,
            "assertions": [{"label": "stds.schema-org.CreativeWork", "data": work}],
        }
    )


def _is_signed(film: Path, context: c2pa.Context) -> bool:
    with film.open("rb") as file:
        reader = c2pa.Reader.try_create(_FILM, file, context=context)
        if reader is None:
            return False
        reader.close()
        return True


def _signer(certificate: Path, key: Path) -> c2pa.Signer:
    try:
        chain, secret = certificate.read_bytes(), key.read_bytes()
    except OSError:
        raise Refusal("unreadable_media", reason="files") from None
    info = c2pa.C2paSignerInfo(alg=_algorithm(secret).encode(), sign_cert=chain, private_key=secret, ta_url=None)
    try:
        return c2pa.Signer.from_info(info)
    except c2pa.C2paError:
        raise Refusal("unreadable_media", reason="certificate") from None


def _algorithm(key: bytes) -> str:
    try:
        loaded = load_pem_private_key(key, None)
    except (TypeError, ValueError):  # TypeError: one with a password
        raise Refusal("unreadable_media", reason="key") from None
    match loaded:
        case ec.EllipticCurvePrivateKey() if loaded.curve.name in _CURVES:
            return _CURVES[loaded.curve.name]
        case rsa.RSAPrivateKey():
            return "ps256"
        case ed25519.Ed25519PrivateKey():
            return "ed25519"
    raise Refusal("unreadable_media", reason="key")
