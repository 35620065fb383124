"""Collection is put off only inside, however blocks nest or overlap, and comes back as it was."""

from __future__ import annotations

import gc

import pytest

from perfdash.store.hoard import hoarding


def test_collection_is_off_inside_and_on_after_the_outermost_block() -> None:
    assert gc.isenabled()
    with hoarding():
        with hoarding():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_collection_is_on_again_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), hoarding():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_a_process_without_collection_stays_so() -> None:
    gc.disable()
    try:
        with hoarding():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
