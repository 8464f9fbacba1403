"""Modbus/TCP Security: the TLS context of a server, from files."""

import ssl

from twin_tui.errors import LinkError
from twin_tui.protocols.modbus.endpoints import Tls


def server_context(files: Tls) -> ssl.SSLContext:
    """Return a TLS 1.2+ context; with a CA, clients need a certificate signed by it."""
    cert, key, ca = files.certificate, files.key, files.ca
    for what, path in (("certificate", cert), ("key", key), ("CA", ca)):
        if path is not None and not path.is_file():
            raise LinkError(f"TLS {what} {path}: no such file")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except _EncryptedKeyError as error:
        raise LinkError(f"TLS key {key} is encrypted; expected a key without a password") from error
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise LinkError(f"TLS key {key} does not match certificate {cert}") from error
        raise LinkError(f"TLS certificate {cert} with key {key}: expected PEM files") from error
    except OSError as error:
        raise LinkError(f"TLS certificate {cert} with key {key}: {error.strerror}") from error
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except OSError as error:
            raise LinkError(f"TLS CA {ca}: expected PEM certificates") from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class _EncryptedKeyError(Exception):
    pass


def _no_password() -> str:
    raise _EncryptedKeyError
