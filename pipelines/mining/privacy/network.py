"""IP addresses, and URLs that are not for everybody."""

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qsl, urlsplit

from warriorcoder.pipelines.mining.privacy.harmless import (
    ADDRESSES,
    is_example_domain,
    is_placeholder_key,
    is_placeholder_value,
)
from warriorcoder.pipelines.mining.privacy.spans import Finding, Kind

_IPV4 = re.compile(r"(?<![\w.=~<>-])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d|-\w)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{1,4}:{1,2}){3,7}[0-9a-fA-F]{1,4}(?![\w:])")
_DOTS = re.compile(r"\d\.\d{1,3}\.\d{1,3}\.\d")
_COLONS = re.compile(r"[0-9a-fA-F]:[0-9a-fA-F]{0,4}:[0-9a-fA-F]")
_VERSION = re.compile(r"(?:\bv|version|release|build|update|\bver\.?|oid|section|chapter)\W{0,3}$", re.I)

_ROUTED = ipaddress.ip_network("2000::/3")
_RESOLVERS = tuple(ipaddress.ip_network(each) for each in ("2001:4860:4860::/48", "2606:4700:4700::/48"))

_URL = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s<>\"'`\\)\]},]+")
_INNER = frozenset({"corp", "internal", "intranet", "intra", "lan", "private"})
_INNER_HOSTS = frozenset({"intranet", "wiki", "sharepoint", "fileserver", "confluence", "jira"})
_EVERYBODYS = re.compile(r"(?:^|\.)(?:host\.docker\.internal|metadata\.google\.internal|svc\.cluster\.local)$")
_SIGNED = re.compile(
    r"^(?:x-amz-(?:signature|credential|security-token)|x-goog-(?:signature|credential)|signature|sig|sas|hmac|token"
    r"|access_?token|auth_?token|id_token|refresh_token|api_?key|apikey|key|secret|client_secret|code|password|pwd|rlkey)$",
    re.I,
)
_WEBHOOK = re.compile(
    r"^https://(?:(?:\w+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d{15,}/([\w-]{40,})"
    r"|\w[\w.-]*\.webhook\.office\.com/webhookb2/([\w@-]{36,}\S*))",
    re.I,
)


def ip_addresses(text: str) -> Iterator[Finding]:
    """Addresses that are routed on the internet."""
    if _DOTS.search(text):
        for match in _IPV4.finditer(text):
            if _is_somebodys(match.group()) and not _VERSION.search(text, max(0, match.start() - 16), match.start()):
                yield Finding(match.start(), match.end(), Kind.IP_ADDRESS)
    if _COLONS.search(text):
        for match in _IPV6.finditer(text):
            if _is_somebodys(match.group()):
                yield Finding(match.start(), match.end(), Kind.IP_ADDRESS)


def _is_somebodys(written: str) -> bool:
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return address in _ROUTED and address.is_global and not any(address in net for net in _RESOLVERS)
    octets = [int(octet) for octet in written.split(".")]
    # Four small numbers are a version or a section; three equal ones, or a round end, somebody made up.
    made_up = max(octets) < 32 or len(set(octets)) <= 2 or octets[1:] == [0, 0, 0]
    return address.is_global and not address.is_multicast and not made_up and written not in ADDRESSES


def private_urls(text: str) -> Iterator[Finding]:
    """URLs with credentials or a signature, and those of hosts that only some can reach."""
    if "://" not in text:
        return
    for match in _URL.finditer(text):
        written = match.group().rstrip(".:;!?*_")
        try:
            url = urlsplit(written)
            host = (url.hostname or "").lower()
        except ValueError:
            continue
        if _has_credentials(url, host) or _is_inner(url, host) or _is_signed(url, host) or _is_webhook(written):
            yield Finding(match.start(), match.start() + len(written), Kind.PRIVATE_URL)


def _has_credentials(url: SplitResult, host: str) -> bool:
    password = url.password
    if not password or (is_example_domain(host) and is_placeholder_value(password)):
        return False
    simple = len(password) < 6 or password.isalpha() or password == url.username
    return not simple and not is_placeholder_value(password)


def _is_inner(url: SplitResult, host: str) -> bool:
    if _EVERYBODYS.search(host):
        return False
    if "." not in host:
        return url.scheme in ("http", "https") and host in _INNER_HOSTS and url.path.strip("/") != ""
    labels = host.split(".")
    # A .local name of two labels is any machine in any home.
    inner = labels[-1] in _INNER or not _INNER.isdisjoint(labels[:-2]) or (labels[-1] == "local" and len(labels) > 2)
    return inner and not is_example_domain(".".join([label for label in labels[:-1] if label not in _INNER] + ["com"]))


def _is_signed(url: SplitResult, host: str) -> bool:
    if "=" not in url.query + url.fragment or is_example_domain(host):
        return False
    for name, value in parse_qsl(url.query) + parse_qsl(url.fragment):
        if _SIGNED.match(name) and len(value) >= 16 and re.search(r"\d", value) and not is_placeholder_key(value):
            return True
    return False


def _is_webhook(written: str) -> bool:
    match = _WEBHOOK.match(written)
    return match is not None and not is_placeholder_key(next(group for group in match.groups() if group))
