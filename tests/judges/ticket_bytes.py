"""What python-escpos sends for a ticket: ticket_bytes.py PICTURE writes the bytes to its output."""

import contextlib
import sys

from escpos.printer import Dummy

# As many rows at once as our printer sends.
BAND_ROWS = 128

printer = Dummy()
printer.hw("INIT")
# It prints advice, which is no part of the ticket.
with contextlib.redirect_stdout(sys.stderr):
    printer.image(sys.argv[1], impl="bitImageRaster", fragment_height=BAND_ROWS)
printer.cut(feed=False)
sys.stdout.buffer.write(printer.output)
