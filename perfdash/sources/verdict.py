"""What the body of an answer says of itself: that it succeeded, that it failed, or nothing (pure).

APIs have a hundred spellings of it: `ok`, `success`, `status`, `code`, `errcode`, `error`, `message`, each as true or
false, as a number or a word, at the top or in an object around the rows. A name is compared without its capitals and
underscores. Only what is surely a failure counts as one, as an outcome rule can say what an unusual word means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from perfdash.ingest.columnar_rows import are_rows

Meaning = Literal["good", "bad", ""]
"""What one value means: success, failure, or nothing that can be told."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_AROUND = _names(
    "baseresp body data envelope error head header headers info meta metadata outcome payload response "
    "pageinfo paging pagination responseheader responsemeta responsestatus result results ret returnstatus status "
    "statusinfo"
)
"""Objects around the rows, in which answers speak of themselves."""
_GOES_WELL = _names("issuccess issuccessful isok ok succeed succeeded success successful")
_GOES_WRONG = _names(
    "err errs error errors errored exception exceptions failed failure failures fault faults haserror haserrors "
    "iserror isfailed isfailure"
)
_STATUSES = _names("apistatus querystatus reportstatus requeststatus responsestatus returnstatus status")
_STATES = _names("jobstatus outcome queryresult response result resultstatus state")
_CODES = _names(
    "apicode bizcode code httpcode httpstatus httpstatuscode rc respcode responsecode resultcode ret retcode "
    "returncode rtncode statuscode subcode"
)
_ERROR_CODE = re.compile("(?:err|error|exception|fault)(?:code|no|number|num|id)")
_ERROR_WORD = re.compile("(?!error(?:rate|budget))(?:err|exception|fault|failure)[a-z]+")
_WORDS = (
    *("detail", "details", "message", "messages", "msg", "msgs", "statusmessage", "statusmsg", "statustext"),
    *("reason", "resultmessage", "resultmsg", "returnmessage", "retmsg", "respmsg", "responsemessage", "info"),
)

_YES = _names("true yes y t on 1")
_NO = _names("false no n f off 0")
_NOTHING = frozenset(("", "-", "none", "null", "nil", "n/a", "undefined"))
_GOOD = re.compile(
    r"\b(?:ok|okay|success\w*|succeed\w*|done|finished|complete|completed|ready|valid|good|fine|passed|"
    r"generated|retrieved|fetched|returned|loaded|found|empty|nothing|no content|no more)\b"
)
_DENIED = re.compile(
    r"\b(?:no|not any|without(?: any)?|zero|0|free of)\s+"
    r"(?:\w+\s+){0,2}?(?:errors?|failures?|problems?|issues?|exceptions?|faults?|warnings?)\b"
    r"|\b(?:errors?|failures?|exceptions?)\s*[:=]?\s*(?:none|no|0|null)\b"
    r"|\bno\s+(?!such\b|access\b|permission)(?:\w+\s+){0,2}(?:data|rows?|records?|results?|reports?|content|entries|campaigns?|items?|stats|activity)"
    r"(?:\s+(?:was|were|is|are|has|have|been|found|available|matching|for|in|on|at|with|the|this|these|that|given|your)\b)*"
    r"|\b(?:data|rows?|records?|results?|entries|campaigns?|items?)\s+(?:was|were|is|are)?\s*not\s+found\b"
)
_BAD = re.compile(
    r"\b(?:err(?:ors?|ored|oneous)?|ko|nok|not ok|fail\w*|unsuccessful\w*|exception\w*|fault\w*|fatal|invalid\w*|"
    r"illegal|malformed|bad request|denied|deny|reject\w*|refus\w*|forbid\w*|unauthori[sz]ed|unauthenticated|"
    r"not authori[sz]ed|not authenticated|not permitted|not allowed|not logged|no permission\w*|no access|"
    r"login required|not found|not exist|no such|unknown|unsupported|not supported|mismatch\w*|expir\w+|revoked|"
    r"exceed\w*|exhausted|too many|too large|too much|too long|(?:over|out of|no) quota|"
    r"quota (?:limit|reached|is used)|throttl\w+|rate limit\w*|limit reached|try again|retry|"
    r"timed ?out|time ?out|unavailable|not available|overload\w*|busy|"
    r"maintenance|down for|internal server|server error|bad gateway|gateway|abort\w*|cancel(?:l?ed)?|interrupted|"
    r"blocked|suspended|disabled|locked|banned|unable|cannot|can not|can t|could not|couldn t|wrong|incorrect|"
    r"missing|required|incomplete|truncated|partial|violation|unprocessable|unreachable|conflict|insufficient|"
    r"crash\w*|broken|corrupt\w*|fehler|fehlgeschlagen|ungültig\w*|abgelehnt|erreur|échec|echec|refusé|invalide|"
    r"error\w*|fallo|erro|falha|inválid\w*|errore|fallito|fout|mislukt|ошибка)\b|失败|错误|エラー|失敗|실패|오류"
)
_UNFINISHED = re.compile(
    r"\b(?:pending|processing|queued|queueing|running|waiting|in progress|not ready|started|accepted)\b"
)
_DEEPEST = 5
"""Levels of objects around the rows."""
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a body says: the first thing in it that means a failure, and whether anything means success.

    `failure` is `ok is false`, in the answer's own name; `inside` the object that says so. '' and None without any.
    """

    failure: str = ""
    inside: Mapping[str, object] | None = None
    succeeded: bool = False


def verdict_in(said: object) -> Verdict:
    """What a body says of itself, wherever in the objects around its rows."""
    succeeded = False
    for around in _objects(said):
        for name, value in around.items():
            meaning = _meaning(name, value, around)
            if meaning == "bad":
                return Verdict(f"{name} is {_shown(value)}", around)
            succeeded = succeeded or (meaning == "good" and not isinstance(value, Mapping))
    return Verdict(succeeded=succeeded)


def _objects(said: object, depth: int = _DEEPEST) -> Iterator[Mapping[str, object]]:
    if isinstance(said, list):
        for one in said[:3]:
            yield from _objects(one, 1)
    elif isinstance(said, Mapping):
        yield said
        for name, value in said.items():
            if depth > 1 and isinstance(value, Mapping) and _plain(name) in _AROUND:
                yield from _objects(value, depth - 1)


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _meaning(name: str, value: object, around: Mapping[str, object]) -> Meaning:
    plain = _plain(name)
    if plain in _GOES_WELL:
        return _of_flag(value)
    if plain in _GOES_WRONG:
        return "bad" if _is_something(value) else ""
    if isinstance(value, Mapping | list):
        return ""  # an object around the rows is looked into by itself
    if plain in _STATUSES or plain in _STATES:
        return _of_state(value, around, is_code=plain in _STATUSES)
    if plain in _CODES or _ERROR_CODE.fullmatch(plain):
        return _of_code(value, plain not in _CODES)
    if _ERROR_WORD.fullmatch(plain):
        return "bad" if _is_something(value) else ""
    return _of_words(value) if plain in _WORDS else ""


def _of_flag(value: object) -> Meaning:
    if isinstance(value, bool):
        return "good" if value else "bad"
    number = _number(value)
    if number is not None:
        return "good" if number > 0 else "bad"
    if isinstance(value, str):
        text = value.strip().lower()
        return "bad" if text in _NO else "good" if text in _YES else _of_words(value)
    return ""


def _is_something(value: object, depth: int = _DEEPEST) -> bool:
    """Whether a value under a name such as `error` holds an error: neither empty, nor no, nor all well."""
    number = _number(value)
    if number is not None or isinstance(value, bool):
        return bool(value if number is None else number)
    if isinstance(value, str):
        text = value.strip().lower()
        return text not in _NO and text not in _NOTHING and _of_words(value) != "good"
    if isinstance(value, list):
        return bool(value)
    if isinstance(value, Mapping) and depth:
        return any(_is_something(one, depth - 1) for name, one in value.items() if not _is_good_code(name, one))
    return False


def _is_good_code(name: str, value: object) -> bool:
    plain = _plain(name)
    is_code = plain in _CODES or plain in _STATUSES or bool(_ERROR_CODE.fullmatch(plain))
    return is_code and _of_code(value, of_error=True) != "bad"


def _of_state(value: object, around: Mapping[str, object], is_code: bool) -> Meaning:
    number = _number(value)
    if isinstance(value, bool):
        return "good" if value else "bad"
    if number is None:
        if not isinstance(value, str):
            return ""
        if (text := value.strip().lower()) in _NO or text in _YES:
            return "bad" if text in _NO else "good"
        return "bad" if _UNFINISHED.search(_spaced(value)) else _of_words(value)
    if 200 <= number < 300:
        return "good"
    if number == 0:  # success here, failure there: the words beside it tell
        return "bad" if is_code and _is_told_badly(around) else ""
    return "bad" if number < 0 or 400 <= number < 600 or (is_code and number != 1) else ""


def _is_told_badly(around: Mapping[str, object]) -> bool:
    """Whether there are words beside a number, none of which is good."""
    told = [value for name, value in around.items() if _plain(name) in _WORDS or _ERROR_WORD.fullmatch(_plain(name))]
    texts = [value for value in told if isinstance(value, str) and value.strip().lower() not in _NOTHING]
    return bool(texts) and not any(_of_words(text) == "good" for text in texts)


def _of_code(value: object, of_error: bool) -> Meaning:
    number = _number(value)
    if number is not None:
        return "" if of_error and not number else "good" if not number or 200 <= number < 300 else "bad"
    if isinstance(value, bool) or not isinstance(value, str) or value.strip().lower() in _NOTHING:
        return ""
    return "good" if _of_words(value) == "good" else "bad"


def _of_words(value: object) -> Meaning:
    if not isinstance(value, str):
        return ""
    text = _spaced(value)
    without_denied = _DENIED.sub(" good ", text)
    if _BAD.search(without_denied):
        return "bad"
    return "good" if _GOOD.search(without_denied) else ""


def _spaced(text: str) -> str:
    """`RATE_LIMIT_EXCEEDED` and `RateLimitExceeded` as words."""
    text = re.sub("([a-z0-9])([A-Z])", r"\1 \2", text[:_LONGEST])
    return " ".join(re.findall("[^\\W_]+", text.lower()))


def _number(value: object) -> Decimal | int | None:
    if isinstance(value, str):
        text = value.strip()
        return int(text) if re.fullmatch("[-+]?[0-9]{1,18}", text, re.ASCII) else None
    if isinstance(value, bool) or (isinstance(value, Decimal) and not value.is_finite()):
        return None
    return value if isinstance(value, int | Decimal) else None


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "there" if isinstance(value, Mapping | list) else str(value)


def words_in(said: object, depth: int = 4) -> str:
    """The words of a body, or of an object in it, about itself: those of an error before those of an envelope."""
    if isinstance(said, str):
        return said
    if depth and are_rows(said):
        return "; ".join(filter(None, (words_in(one, depth - 1) for one in said[:3])))
    if depth and isinstance(said, Mapping):
        return next(filter(None, (words_in(value, depth - 1) for value in _telling(said))), "")
    return ""


def _telling(said: Mapping[str, object]) -> Iterator[object]:
    yield from (said.get(name) for name in ("detail", "message", "msg", "error_description", "error", "errors"))
    by_name = {_plain(name): value for name, value in said.items() if isinstance(name, str)}
    yield from (by_name.get(name) for name in _WORDS)
    yield from (value for name, value in by_name.items() if _ERROR_WORD.fullmatch(name))
    yield from (value for name, value in by_name.items() if name in _AROUND and isinstance(value, Mapping))


_TOTALS = _names("total totals totalcount totalnumber totalrows totalrecords totalresults count rowcount numresults")


def counted_in(said: object) -> int | None:
    """How many rows a body says that there are, in the objects around them; None when it does not say."""
    found = (_number(value) for around in _objects(said) for name, value in around.items() if _plain(name) in _TOTALS)
    return next((int(number) for number in found if number is not None), None)
