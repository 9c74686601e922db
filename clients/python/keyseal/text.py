"""Text and time as the server writes them."""

import base64
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

# What JavaScript's String.trim removes (ECMA-262, WhiteSpace and LineTerminator). str.strip
# without characters removes others too, and the server would hash another text.
_WHITE_SPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


def trim(text: str) -> str:
    """Removes what the server removes, and replaces what UTF-8 cannot encode."""
    return text.strip(_WHITE_SPACE).encode("utf-8", "replace").decode("utf-8")


def decode_base64(text: str) -> bytes:
    """Standard base64 without white space. Raises ValueError for anything else."""
    return base64.b64decode(text.encode("ascii"), validate=True)


def to_milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def parse_instant(text: str) -> datetime:
    """Reads ISO 8601 in UTC, such as 2027-11-24T08:30:00.000Z."""
    if not text.endswith("Z"):
        raise ValueError("The instant is not in UTC")
    # Before Python 3.11, fromisoformat does not read the letter Z.
    return datetime.fromisoformat(text[:-1] + "+00:00")
