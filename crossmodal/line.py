"""A queue of people: one trains, the others are told their place."""

import threading


class Ticket:
    """A place in a line."""

    def __init__(self, line: "Line") -> None:
        self._line = line

    @property
    def place(self) -> int:
        """0 for whose turn it is, 1 for the next."""
        return self._line.place(self)

    def leave(self) -> None:
        """Done, or tired of waiting."""
        self._line.leave(self)


class Line:
    """First come, first served. Safe to share between threads."""

    def __init__(self) -> None:
        self._tickets: list[Ticket] = []
        self._lock = threading.Lock()

    def join(self) -> Ticket:
        ticket = Ticket(self)
        with self._lock:
            self._tickets.append(ticket)
        return ticket

    def place(self, ticket: Ticket) -> int:
        with self._lock:
            return self._tickets.index(ticket)

    def leave(self, ticket: Ticket) -> None:
        with self._lock:
            if ticket in self._tickets:
                self._tickets.remove(ticket)
