"""Certificates for tests: an authority that nobody trusts, and a signer's that it has issued."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.media.ai_label import Credentials

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def credentials(folder: Path, key: Key | None = None, *, password: bytes = b"", days: int = 30) -> Credentials:
    """Write a chain and its key; `days`: how long they hold."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    authority = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority")])
    signer = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "Studio"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Studio")]
    )
    chain = [_certificate(signer, own, issuer, authority, days), _certificate(issuer, authority, issuer, authority, 60)]
    found = Credentials(folder / "chain.pem", folder / "key.pem")
    found.certificate.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in chain))
    lock: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
    found.key.write_bytes(own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    found.key.chmod(0o600)
    return found


def _certificate(name: x509.Name, key: Key, issuer: x509.Name, by: Key, days: int) -> x509.Certificate:
    is_authority, now = name == issuer, datetime.now(UTC)
    uses = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority, **uses
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if not is_authority:
        built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return built.sign(by, hashes.SHA256())
