"""What the page remembers of one visitor, and the signals that stop an answer."""

import threading
from dataclasses import dataclass, field, replace

from crossmodal.chat.conversation import Conversation

OFFERS = 4


@dataclass(frozen=True)
class Offer:
    """A question that the page offers; the answer is known where the world made the picture."""

    question: str
    answer: str | None = None


@dataclass(frozen=True)
class ChatState:
    """One visitor's conversation."""

    conversation: Conversation = field(default_factory=Conversation)
    notes: tuple[str, ...] = ()
    """What is shown under each answer."""
    thumbnails: tuple[tuple[str, str], ...] = ()
    """Content hash -> file in Gradio's cache."""
    offers: tuple[Offer, ...] = ()
    offered_picture: str = ""
    """Content hash of the picture that the offers are about."""
    model: tuple[str, str] | None = None
    """Id and precision of the checkpoint that this visitor chose; None for the one that the app began with."""

    def emptied(self) -> "ChatState":
        return replace(self, conversation=Conversation(), notes=())

    def truth(self, question: str, picture_hash: str) -> str | None:
        """The known answer to an offered question about that picture."""
        if picture_hash != self.offered_picture:
            return None
        return next((o.answer for o in self.offers if o.question == question), None)


class StopSignals:
    """One event for each session that is being answered."""

    def __init__(self) -> None:
        self._events: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def begin(self, session: str) -> threading.Event:
        with self._lock:
            event = self._events[session] = threading.Event()
        return event

    def stop(self, session: str) -> None:
        with self._lock:
            event = self._events.get(session)
        if event:
            event.set()

    def end(self, session: str, event: threading.Event) -> None:
        """Forget the session's signal, unless a later answer has another one already."""
        with self._lock:
            if self._events.get(session) is event:
                del self._events[session]
