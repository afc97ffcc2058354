"""What a kernel sends in answer to a request, read so that it can neither flood nor deceive.

What vikit's process replies stands inside such a message: `vikit.protocol.wire.unpack_reply`
decodes it.
"""

import os
from dataclasses import dataclass, field
from typing import Any

__all__ = ["MAX_GROWTH", "Exchange", "Outcome", "channels", "resident"]

# What a process may send in answer to one request, printed or not, how many messages are read at a
# time, and how many parts of one are kept: those of Jupyter have 7.
MAX_RECEIVED = 64 * 2**20
# A message may be as long as the reply with the largest arrays;
# decoded it takes up to thirty times as much.
MAX_MESSAGE = 16 * 2**20
MESSAGES_AT_ONCE = 200
MAX_PARTS = 64
# By how much the memory of this process may grow over a request: parts of a message that has not
# ended wait in it unseen.
MAX_GROWTH = 2**29


@dataclass
class Outcome:
    """How a request ended.

    `status` is `"ok"`, `"error"` (the code raised), `"timeout"`, `"dead"` (the process ended) or
    `"flood"` (it printed or sent more than it may). `payloads` holds what it displayed under the
    MIME type that was asked for, `reason` what ended the process where that is known, `seconds` how
    long it took by the kernel's clock (see `clock`).
    """

    status: str
    error_name: str = ""
    error_text: str = ""
    payloads: list[Any] = field(default_factory=list)
    seconds: float = 0.0
    reason: str = ""


class Exchange:
    """The messages that belong to one request.

    They come from a process that may send anything: nothing is taken on trust.
    """

    def __init__(self, client, message, mime, max_bytes) -> None:
        self.client, self.message, self.mime, self.max_bytes = client, message, mime, max_bytes
        self.reply: dict[str, Any] | None = None
        self.idle = False
        self.payloads: list[Any] = []
        self.printed: float = 0
        self.received: float = 0
        self.resident = resident()

    @property
    def done(self) -> bool:
        return self.reply is not None and self.idle

    @property
    def grown(self) -> bool:
        """Whether what has come is more than this process can hold beside others."""
        return resident() - self.resident > MAX_GROWTH

    @property
    def too_much(self) -> bool:
        return self.printed > self.max_bytes or self.received > MAX_RECEIVED

    def read(self, ready) -> None:
        for channel in channels(self.client):
            if channel.socket not in ready:
                continue
            for _ in range(MESSAGES_AT_ONCE):
                if self.grown:
                    return
                message, size = receive(channel)
                self.received += size
                if message is not None and message["parent_header"].get("msg_id") == self.message:
                    self.take(message["msg_type"], message["content"], size)
                if self.done or self.too_much or not channel.socket.poll(0):
                    break

    def take(self, kind: str, content: dict[str, Any], size: int) -> None:
        """Takes in one message.

        Args:
            kind: Its type, in Jupyter's words.
            content: Its content, a dict of anything.
            size: How many bytes it had.
        """
        if kind == "execute_reply":
            self.reply = content
        elif kind == "status":
            self.idle = self.idle or content.get("execution_state") == "idle"
        elif kind in ("stream", "error"):
            self.printed += size
        elif kind == "display_data":
            data = content.get("data")
            if self.mime and isinstance(data, dict) and self.mime in data:
                self.payloads.append(data[self.mime])

    def outcome(self, status: str) -> Outcome:
        reply: dict[str, Any] = self.reply or {}
        if status == "done":
            status = "ok" if reply.get("status") == "ok" else "error"
        return Outcome(
            status, text_of(reply, "ename", 100), text_of(reply, "evalue", 2000), self.payloads
        )


def channels(client) -> tuple[Any, Any]:
    """Returns the channels by which a kernel answers; Jupyter's types say they may be closed."""
    return client.shell_channel, client.iopub_channel


def resident() -> int:
    """Returns the bytes of memory that this process holds; 0 where the system never says.

    Raises:
        OSError: If it cannot say now. A 0 would make all of it look like the growth of a moment.
    """
    try:
        with open("/proc/self/statm", "rb", buffering=0) as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:
        return 0


def text_of(content: dict[str, Any], name: str, length: int) -> str:
    """Returns a part of a message as text that can be written: without lone surrogates."""
    return str(content.get(name, ""))[:length].encode("utf-8", "backslashreplace").decode()


def receive(channel) -> tuple[dict[str, Any] | None, int]:
    """Returns the next message, None if Jupyter's protocol has none such, and its size in bytes."""
    frames: list[bytes] = []
    size, more = 0, True
    while more:
        frame = channel.socket.recv(copy=False)
        size, more = size + len(frame), frame.more
        if len(frames) < MAX_PARTS and size <= MAX_MESSAGE:
            frames.append(frame.bytes)
    if size > MAX_MESSAGE:
        return None, size
    try:
        message = channel.session.deserialize(channel.session.feed_identities(frames)[1])
    except (
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        AssertionError,
        RecursionError,
    ):
        return None, size
    tables = all(isinstance(message.get(part), dict) for part in ("parent_header", "content"))
    return (message if tables and isinstance(message.get("msg_type"), str) else None), size
