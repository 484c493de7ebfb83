"""E-mail addresses and phone numbers."""

import re
from collections.abc import Iterator

from warriorcoder.pipelines.mining.privacy.harmless import NO_TOP_DOMAINS, is_example_domain, is_nobody, is_series
from warriorcoder.pipelines.mining.privacy.spans import Finding, Kind

_EMAIL = re.compile(
    r"(?<![\w.+%/@-])([A-Za-z0-9_][\w.+%-]{0,63})"
    r"@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+([A-Za-z]{2,18}))(?![\w(@-])"
)
_IN_URL = re.compile(r"://[^\s/]*$")

_PHONE = re.compile(
    r"(?<![\w.+/=-])(?:\+[1-9][\d ().-]{7,18}\d"
    r"|(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}([-.]))\d{3}[-.]\d{4}"
    r"|\d{3} \d{3}[ -]\d{4})(?![\w+/-]|\.\d)"
)
_DIGITS = re.compile(r"\d{3}[ .-]\d{4}|\+[1-9]\d*[ ().-]{0,2}\d|\d{10}")
"""What every phone number has, quickly looked for."""

_SAID_TO_BE_ONE = re.compile(
    r"\b(?:phone|mobile|cell|call|fax|whatsapp|tel)(?:[ _]?(?:number|no))?\W{1,6}(?:is |at )?[\"']?(\d{10,11})\b", re.I
)


def email_addresses(text: str) -> Iterator[Finding]:
    """Addresses of mailboxes that somebody may read."""
    if "@" not in text:
        return
    for match in _EMAIL.finditer(text):
        mailbox, domain, top = match.groups()
        if top.lower() in NO_TOP_DOMAINS or is_nobody(mailbox) or is_example_domain(domain):
            continue
        # user:password@host is no mailbox; private_urls sees to it.
        if not _IN_URL.search(text, max(0, match.start() - 80), match.start()):
            yield Finding(match.start(), match.end(), Kind.EMAIL_ADDRESS)


def phone_numbers(text: str) -> Iterator[Finding]:
    """Numbers that could be called: in international form, or written as they are in North America."""
    if not _DIGITS.search(text):
        return
    for match in _PHONE.finditer(text):
        if _can_be_called(match.group()):
            yield Finding(match.start(), match.end(), Kind.PHONE_NUMBER)
    for match in _SAID_TO_BE_ONE.finditer(text):
        if _can_be_called(match.group(1)):
            yield Finding(match.start(1), match.end(1), Kind.PHONE_NUMBER)


def _can_be_called(written: str) -> bool:
    import phonenumbers
    from phonenumbers import PhoneNumberType as Type

    try:
        number = phonenumbers.parse(written, "US")
    except phonenumbers.NumberParseException:
        return False
    national = str(number.national_number)
    if is_series(national) or not phonenumbers.is_valid_number(number):
        return False
    if phonenumbers.number_type(number) in (Type.TOLL_FREE, Type.PREMIUM_RATE, Type.SHARED_COST, Type.UAN):
        return False
    return not (
        # The exchange 555, and what Ofcom and ACMA keep for drama.
        (number.country_code == 1 and national[3:6] == "555")
        or (number.country_code == 44 and re.match(r"7700900|2079460|1\d{2}4960|1632960|8081570", national))
        or (number.country_code == 61 and re.match(r"491570|25550|35550|75550|85550", national))
    )
