from __future__ import annotations

from typing import Any

import pytest

from scripts import audit

WEAK = {"name": "leaky", "version": "1.0", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["1.1"]}]}
FINE = {"name": "sound", "version": "2.0", "vulns": []}
UNKNOWN = {"name": "hidden", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("answer", "code", "strict", "said"),
    [
        ([FINE], 0, 0, "1 of 1 packages audited, 0 with known weaknesses"),
        ([FINE, WEAK], 1, 1, "leaky 1.0: PYSEC-2026-1 (1.1)"),
        ([FINE, UNKNOWN], 0, 1, "NOT AUDITED, unknown to the index that was asked: hidden"),
        (None, 0, 1, "NOT AUDITED, the index could not be asked"),
    ],
)
def test_a_known_weakness_fails_the_audit_and_what_was_not_judged_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: Any, code: int, strict: int, said: str
) -> None:
    monkeypatch.setattr(audit, "_asked", lambda _path: answer)
    monkeypatch.delenv("PERFDASH_AUDIT", raising=False)
    assert audit.main() == code
    assert said in capsys.readouterr().out
    monkeypatch.setenv("PERFDASH_AUDIT", "strict")
    assert audit.main() == strict
