"""Where to send and whom to trust: the settings of a line, checked before the first byte. No network here.

May import: the standard library, core.web_addresses, base, errors.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from urllib.parse import urlsplit

from connector.core.web_addresses import is_loopback
from connector.errors import ConfigError
from connector.national.base import Fault, NationalSettings

_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII)

_X509_FAULTS = {
    9: Fault.TLS_NOT_YET_VALID,
    10: Fault.TLS_EXPIRED,
    62: Fault.TLS_WRONG_HOST,  # host name
    64: Fault.TLS_WRONG_HOST,  # IP address
}
"""Numbers of OpenSSL's x509_vfy.h; every other one means that the issuer is not trusted."""

_OF_OUR_CERTIFICATE = (
    "ALERT_BAD_CERTIFICATE",
    "ALERT_CERTIFICATE_EXPIRED",
    "ALERT_CERTIFICATE_REQUIRED",
    "ALERT_CERTIFICATE_REVOKED",
    "ALERT_CERTIFICATE_UNKNOWN",
    "ALERT_UNKNOWN_CA",
    "ALERT_UNSUPPORTED_CERTIFICATE",
)
"""In OpenSSL's names of alerts, whatever version of the protocol stands before them."""


def checked_endpoint(settings: NationalSettings) -> None:
    """Raise ConfigError for settings that cannot or must not be used.

    E-NET-BASE-URL: no http(s) URL, or one with a user, a query or a fragment. E-NET-PLAIN-HTTP: petitions
    would travel in the clear. E-NET-USER-AGENT: not sendable. E-NET-BOUND: a limit that is not above zero."""
    try:
        url = urlsplit(settings.base_url)
        host, port = url.hostname or "", url.port
    except ValueError:
        raise ConfigError("E-NET-BASE-URL") from None
    if url.scheme not in ("http", "https") or not _is_host(host) or port == 0:
        raise ConfigError("E-NET-BASE-URL")
    if "@" in url.netloc or "?" in settings.base_url or "#" in settings.base_url:
        raise ConfigError("E-NET-BASE-URL")
    if url.scheme == "http" and not (settings.allow_plain_http and is_loopback(host)):
        raise ConfigError("E-NET-PLAIN-HTTP", host=host)
    if not sendable(settings.user_agent):
        raise ConfigError("E-NET-USER-AGENT")
    if min(settings.deadline_s, settings.connect_timeout_s, settings.max_answer_bytes) <= 0:
        raise ConfigError("E-NET-BOUND")


def trust(settings: NationalSettings) -> ssl.SSLContext:
    """Return the TLS settings: 1.2 or newer, host name checked, trusting `ca_file` alone where it is given.

    Where `base_url` is plain HTTP and no file is given, nobody is trusted: the machine's list takes a while to read.

    Raises ConfigError E-NET-CA-FILE when that file cannot be read or holds no certificate, and
    E-NET-CLIENT-CERTIFICATE when our own certificate and key cannot be read, or do not belong together."""
    # Not ssl.create_default_context: that one writes session keys to the file that SSLKEYLOGFILE names.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # host name checked, certificate required
    try:
        if settings.ca_file is not None:
            context.load_verify_locations(cafile=settings.ca_file)
        elif urlsplit(settings.base_url).scheme == "https":  # else nobody is asked for a certificate
            context.load_default_certs()
    except OSError:  # ssl.SSLError is one
        raise ConfigError("E-NET-CA-FILE", file=str(settings.ca_file)) from None
    if settings.client_certificate is not None:
        try:
            # The empty password: without one, an encrypted key would make OpenSSL ask at the terminal and wait.
            context.load_cert_chain(settings.client_certificate, settings.client_key, password="")
        except OSError:
            raise ConfigError("E-NET-CLIENT-CERTIFICATE", file=str(settings.client_certificate)) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def tls_fault(cause: BaseException | None) -> Fault:
    """Return in one word why a handshake failed."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _X509_FAULTS.get(cause.verify_code, Fault.TLS_UNKNOWN_ISSUER)
    return Fault.TLS


def refuses_our_certificate(cause: BaseException | None) -> bool:
    """Return whether a read failed because the server does not take our certificate.

    In TLS 1.3 a client has finished its handshake before the server has looked: the refusal comes as an alert, in
    place of the first byte of an answer, and what was sent by then is thrown away unread (RFC 8446 section 4.4.2)."""
    return isinstance(cause, ssl.SSLError) and any(alert in (cause.reason or "") for alert in _OF_OUR_CERTIFICATE)


def sendable(value: str) -> bool:
    """Whether a header can carry this value: visible ASCII, spaces only inside."""
    return _HEADER_VALUE.fullmatch(value) is not None


def _is_host(host: str) -> bool:
    if _HOST.fullmatch(host):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
