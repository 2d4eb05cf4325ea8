"""A ticket printer in software, after Epson's ESC/POS command reference and nothing else.

ticket_printer.py FOLDER [PORT]: a serial port in FOLDER/port, or a network printer at PORT. What is
cut off lies in FOLDER as ticket-N.pbm, with the bytes that made it in ticket-N.bytes. How the
printer is stands in FOLDER/state as "NUMBER WORD": well, near-end, out, ends (the paper ends within
the next ticket), cover, cutter, silent. A command that it does not know is told, and fails the test.
"""

import os
import pathlib
import pty
import select
import socket
import sys
import tty

CLEAR = bytes([0x10, 0x14, 8, 1, 3, 20, 1, 6, 2, 8])
# Rows that are left when the paper ends within a ticket.
ROWS_LEFT = 100
INITIALISE, RASTER, CUT, WHEN_PRINTED = b"\x1b@", b"\x1dv0\x00", b"\x1dVB", b"\x1dr\x01"
# How each command begins, and its length; a picture's rows follow its eight bytes.
COMMANDS = {
    INITIALISE: 2, RASTER: 8, CUT: 4, WHEN_PRINTED: 3, b"\x1da": 3, b"\x10\x04": 3, CLEAR: len(CLEAR),
}


class Printer:
    """The printer behind its line; `say` sends bytes back."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.state = "well"
        self.number = ""
        self.rows: list[bytes] = []
        self.width = 0
        self.waiting = b""
        self.heard = b""
        self.made = b""
        self.tickets = 0
        self.left = ROWS_LEFT

    def look(self) -> None:
        """Takes a new state, if there is one."""
        number, word = (self.folder / "state").read_text().split()
        if number != self.number:
            self.number, self.state, self.left = number, word, ROWS_LEFT
            print(f"state {number}.", flush=True)

    def stopped(self) -> bool:
        return self.state in ("out", "cover", "cutter") or self.state == "ends" and self.left == 0

    def paper_out(self) -> bool:
        return self.state == "out" or self.state == "ends" and self.left == 0

    def answer(self, query: int) -> int:
        base = 0b0001_0010
        if query == 1:
            return base | self.stopped() << 3
        if query == 2:
            return base | (self.state == "cover") << 2 | self.paper_out() << 5
        if query == 3:
            return base | (self.state == "cutter") << 3
        near = self.state == "near-end" or self.paper_out()
        return base | near * 0b1100 | self.paper_out() * 0b110_0000

    def real_time(self, chunk: bytes) -> bytes:
        """What is answered or done the moment it arrives, wherever it stands."""
        said = b""
        for byte in chunk:
            self.heard = (self.heard + bytes([byte]))[-len(CLEAR):]
            if self.heard[-3:-1] == b"\x10\x04" and 1 <= byte <= 4:
                said += bytes([self.answer(byte)])
            if self.heard == CLEAR:
                self.waiting, self.rows, self.made = b"", [], b""
        return said

    def take(self, chunk: bytes) -> bytes:
        """Takes bytes from the line; returns what is said."""
        self.waiting += chunk
        said = self.real_time(chunk)
        return b"" if self.state == "silent" else said + self.work()

    def work(self) -> bytes:
        """Prints as far as it goes."""
        said = b""
        while self.waiting and not self.stopped():
            used, answer = self.step(self.waiting)
            if used == 0:
                break
            self.waiting = self.waiting[used:]
            said += answer
        return said

    def step(self, line: bytes) -> tuple[int, bytes]:
        """One command: how long it was, and what it is answered with."""
        for start, length in COMMANDS.items():
            if start.startswith(line[:len(start)]) and len(line) < length:
                return 0, b""
            if line.startswith(start):
                return self.carry_out(start, line, length)
        print(f"unknown {line[:8].hex()}", flush=True)
        return 1, b""

    def carry_out(self, start: bytes, line: bytes, length: int) -> tuple[int, bytes]:
        if start == RASTER:
            return self.raster(line), b""
        if start == CUT:
            self.cut(line[:length])
        if start == INITIALISE:
            self.rows, self.made = [], start
        if start == WHEN_PRINTED:
            return length, bytes([0b11 if self.state == "near-end" else 0])
        return length, b""

    def raster(self, line: bytes) -> int:
        across = int.from_bytes(line[4:6], "little")
        down = int.from_bytes(line[6:8], "little")
        end = 8 + across * down
        if len(line) < end:
            return 0
        if self.state == "ends" and down > self.left:
            self.left = 0
            return 0
        self.left -= down if self.state == "ends" else 0
        self.width = across
        self.rows += [line[at:at + across] for at in range(8, end, across)]
        self.made += line[:end]
        return end

    def cut(self, command: bytes) -> None:
        head = f"P4\n{self.width * 8} {len(self.rows)}\n".encode()
        name = self.folder / f"ticket-{self.tickets}"
        name.with_suffix(".bytes").write_bytes(self.made + command)
        # The picture last, under its name only when it is whole.
        half = name.with_suffix(".half")
        half.write_bytes(head + b"".join(self.rows))
        half.rename(name.with_suffix(".pbm"))
        self.tickets += 1
        self.rows, self.made = [], b""


def serve(printer: Printer, read, write, source) -> None:
    """Until the other side hangs up."""
    while True:
        ready, _, _ = select.select([source], [], [], 0.02)
        printer.look()
        if ready:
            chunk = read()
            if not chunk:
                return
            write(printer.take(chunk))
        else:
            write(printer.work() if printer.state != "silent" else b"")


def at_serial_port(printer: Printer) -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    port = printer.folder / "port"
    port.unlink(missing_ok=True)
    port.symlink_to(os.ttyname(slave))
    print("ready", flush=True)
    serve(printer, lambda: os.read(master, 4096), lambda said: os.write(master, said), master)


def in_the_network(printer: Printer, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as server:
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([server], [], [], 0.02)
            printer.look()
            if ready:
                link, _ = server.accept()
                with link:
                    try:
                        serve(printer, lambda: link.recv(4096), link.sendall, link)
                    except ConnectionError:
                        pass


def main() -> None:
    printer = Printer(pathlib.Path(sys.argv[1]))
    if len(sys.argv) > 2:
        in_the_network(printer, int(sys.argv[2]))
    else:
        at_serial_port(printer)


main()
