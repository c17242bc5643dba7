"""What supervisors must do, told as plainly as possible: no tasks, no channels, one integer clock.

`Place` is one child with its queue; `TreeModel` the static supervisor of them, `PoolModel` the dynamic one that parks. Fates of messages
are words: sent, value, crashed, stopped, parked, cancelled; a message without a fate still waits.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

SIZE = 3
MAX_RESTARTS = 3
WITHIN = 10


@dataclass
class Letter:
    """A message in a queue. `kind` is one of tell, cast, ask, hang, crash, crash_task."""

    kind: str
    id: int
    abandoned: bool = False


@dataclass
class Book:
    """What became of each message, and who handled what."""

    fates: dict[int, str] = field(default_factory=dict)
    handled: list[int] = field(default_factory=list)


class Budget:
    def __init__(self) -> None:
        self.spent: deque[int] = deque()

    def spend(self, now: int) -> bool:
        self.spent = deque(at for at in self.spent if at >= now - WITHIN)
        if len(self.spent) >= MAX_RESTARTS:
            return False
        self.spent.append(now)
        return True


class Place:
    """One child: alive, waiting for its due time, or refusing with a word (stopped, parked)."""

    def __init__(self, name: str, book: Book) -> None:
        self.name = name
        self.book = book
        self.alive = False
        self.refusal: str | None = None
        self.due = 0
        self.streak = 0
        self.restarts = 0
        self.started_at = 0
        self.queue: list[Letter] = []
        self.hanging: list[int] = []

    def post(self, letter: Letter) -> None:
        """Put a message in line; one beyond the size of the mailbox waits for room."""
        if self.refusal is not None:
            self.book.fates[letter.id] = "dropped" if letter.kind == "cast" else self.refusal
        elif letter.kind == "cast" and len(self.queue) >= SIZE:
            self.book.fates[letter.id] = "dropped"
        else:
            self.queue.append(letter)
            self._note_sent()

    def cancel(self, id: int) -> None:
        """The asker goes away."""
        self.book.fates[id] = "cancelled"
        if id in self.hanging:
            self.hanging.remove(id)
        for index, letter in enumerate(self.queue):
            if letter.id == id and index < SIZE:
                letter.abandoned = True
            elif letter.id == id:
                del self.queue[index]

    def work(self) -> bool:
        """Handle what is queued; whether that ended in a crash."""
        while self.alive and self.queue:
            letter = self.queue.pop(0)
            self._note_sent()
            if letter.abandoned:
                continue
            self.book.handled.append(letter.id)
            if letter.kind in ("crash", "crash_task"):
                self.book.fates[letter.id] = "crashed"
                return True
            if letter.kind == "hang":
                self.hanging.append(letter.id)
            elif letter.kind == "ask":
                self.book.fates[letter.id] = "value"
        return False

    def begin(self, now: int) -> None:
        self.alive, self.started_at = True, now

    def fall(self, fate: str = "crashed") -> None:
        """The life ends, and with it what hangs in its tasks."""
        self.alive = False
        for id in self.hanging:
            self.book.fates[id] = fate
        self.hanging = []

    def wait(self, now: int) -> None:
        """The pause after a crash doubles until a life outlasts the window."""
        if now - self.started_at > WITHIN:
            self.streak = 0
        self.due = now + 2**self.streak
        self.streak += 1
        self.restarts += 1

    def refuse(self, word: str) -> None:
        """No life follows: everything queued gets that word, tells that were sent already are lost."""
        self.refusal = word
        for letter in self.queue:
            if not letter.abandoned and self.book.fates.get(letter.id) is None:
                self.book.fates[letter.id] = word
        self.queue = []

    def _note_sent(self) -> None:
        for letter in self.queue[:SIZE]:
            if letter.kind in ("tell", "cast"):
                self.book.fates[letter.id] = "sent"
        # A tell that is handled at once was never seen in the line above.


class TreeModel:
    """A static supervisor; no message that is queued for a fallen child crashes it."""

    def __init__(self, names: str, rest_for_one: bool, book: Book) -> None:
        self.places = [Place(name, book) for name in names]
        self.rest_for_one = rest_for_one
        self.budget = Budget()
        self.over = False
        for place in self.places:
            place.begin(0)

    def look(self, now: int) -> None:
        """Let everything happen that is due."""
        for place in () if self.over else self._startable(now):
            place.begin(now)
        for index, place in enumerate(self.places):
            if place.alive and place.work():
                self._crash(index, now)

    def _startable(self, now: int) -> Iterator[Place]:
        for place in self.places:
            if not place.alive and place.due <= now:
                yield place
            elif not place.alive and self.rest_for_one:
                return

    def _crash(self, index: int, now: int) -> None:
        place = self.places[index]
        place.fall()
        if not self.budget.spend(now):
            self._give_up()
            return
        place.wait(now)
        for later in self.places[index + 1 :] if self.rest_for_one else ():
            if later.alive:
                later.fall()
                later.due = now
                later.restarts += 1

    def _give_up(self) -> None:
        self.over = True
        for place in self.places:
            place.fall()
            place.refuse("stopped")

    def stop(self) -> None:
        self.over = True
        for place in self.places:
            place.fall("stopped")
            place.refuse("stopped")


class PoolModel:
    """A dynamic supervisor that parks; each child by itself."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.places: dict[str, Place] = {}
        self.budgets: dict[str, Budget] = {}

    def look(self, now: int) -> None:
        """Let everything happen that is due."""
        for place in self.places.values():
            self._look(place, now)

    def _look(self, place: Place, now: int) -> None:
        if place.refusal is None and not place.alive and place.due <= now:
            place.begin(now)
        if place.alive and place.work():
            place.fall()
            if self.budgets[place.name].spend(now):
                place.wait(now)
            else:
                place.refuse("parked")

    def start(self, name: str, now: int) -> None:
        self.places[name] = Place(name, self.book)
        self.budgets[name] = Budget()
        self.places[name].begin(now)

    def stop(self, name: str) -> None:
        place = self.places.pop(name)
        place.fall("stopped")
        place.refuse("stopped")

    def restart(self, name: str, now: int) -> None:
        place = self.places[name]
        if place.alive:
            place.fall()
            place.restarts += 1
        self.budgets[name] = Budget()
        place.refusal, place.streak, place.due = None, 0, now
