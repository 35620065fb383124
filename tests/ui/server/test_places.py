"""Who may have work under way at once, and who is next."""

from __future__ import annotations

from perfdash.ui.server import places
from perfdash.ui.server.places import Places, Slot, Visitor

ANN, BEN = Visitor("account", "1"), Visitor("account", "2")


class House:
    """All places, with a clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.places = Places(lambda: self.seconds)
        self.woken: list[Slot] = []

    def place(self) -> Slot:
        made = Slot(self.places, lambda: self.woken.append(made))
        return made

    def flood(self, *visitors: Visitor, each: int = 50) -> list[Slot]:
        """Places that are held; `each` are wanted for every one of `visitors`."""
        wanted = [(self.place(), visitor) for _ in range(each) for visitor in visitors]
        return [place for place, visitor in wanted if place.take(visitor)]


def strangers(number: int) -> list[Visitor]:
    return [Visitor("stranger", f"203.0.113.{n}") for n in range(number)]


def test_strangers_and_links_never_take_all_places_and_no_account_does() -> None:
    house = House()
    assert len(house.flood(*strangers(20))) == places.SHARES["stranger"]
    assert len(house.flood(*(Visitor("link", str(n)) for n in range(20)))) == places.SHARES["link"]
    assert len(house.flood(ANN)) == places.EACH["account"]
    house = House()
    assert len(house.flood(ANN)) == places.EACH["account"]
    assert house.place().take(BEN)
    assert len(house.flood(*strangers(1))) == places.EACH["stranger"]


def test_whoever_has_fewest_under_way_is_next_however_many_others_wait() -> None:
    house = House()
    held = house.flood(*(Visitor("account", str(n)) for n in range(10, 13)))
    assert len(held) == places.MOST
    late = house.place()
    assert not late.take(ANN)
    held[0].leave()
    assert house.woken == [late]
    assert late.take(ANN)


def test_those_who_wait_for_one_share_take_turns() -> None:
    house = House()
    many, other, third = strangers(3)
    (first, second) = house.flood(many, other)
    house.place().take(many)
    wanted = house.place()
    wanted.take(third)
    first.leave()
    assert house.woken == [wanted], "who was served longest ago, or never"
    second.leave()


def test_what_lasts_long_keeps_nobody_waiting_for_ever() -> None:
    house = House()
    house.flood(ANN, BEN, Visitor("account", "3"))
    late = house.place()
    assert not late.take(Visitor("account", "4"))
    house.seconds += places.LEASE_SECONDS
    house.places.look()
    assert late in house.woken


def test_a_place_that_is_left_or_given_up_is_free_again() -> None:
    house = House()
    for _ in range(3):
        held = house.flood(ANN, BEN, *strangers(5))
        assert held
        for place in [*held, *house.places._waiting]:
            place.leave()
        for place in list(house.places._held):
            place.leave()
        assert not house.places._held
        assert not house.places._waiting


def test_it_is_told_how_long_somebody_waits_because_of_others_and_no_flooder_counts() -> None:
    house = House()
    house.flood(*strangers(30))
    house.flood(ANN)
    house.seconds += 5
    assert house.places.longest_wait == 0.0, "they wait for themselves"
    assert house.place().take(BEN)
    house.flood(BEN, Visitor("account", "9"))
    house.seconds += 3
    assert house.places.longest_wait == 3.0
