"""What a chip computes, after ICAO Doc 9303-11: keys, secure messaging, curves.

Written from the document with Python's `cryptography`; it shares nothing with the reader it judges.
"""

import hashlib
import os

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.cmac import CMAC


def tlv(tag, value):
    head = tag.to_bytes((tag.bit_length() + 7) // 8, "big")
    size = len(value)
    if size < 0x80:
        return head + bytes([size]) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return head + bytes([0x80 | len(length)]) + length + value


def untlv(data):
    """All (tag, value) of `data`, in order."""
    found = []
    while data:
        size = 2 if data[0] & 0x1F == 0x1F else 1
        tag, data = int.from_bytes(data[:size], "big"), data[size:]
        length, data = data[0], data[1:]
        if length >= 0x80:
            count = length & 0x7F
            length, data = int.from_bytes(data[:count], "big"), data[count:]
        found.append((tag, data[:length]))
        data = data[length:]
    return found


class Suite:
    """A block cipher with its MAC and key derivation (9.7, 9.8)."""

    def __init__(self, name):
        self.des = name == "3des"
        self.key_size = {"3des": 16, "aes128": 16, "aes192": 24, "aes256": 32}[name]
        self.block = 8 if self.des else 16
        # The last number of the protocols' object identifiers.
        self.number = ["3des", "aes128", "aes192", "aes256"].index(name) + 1

    def derive(self, secret, counter):
        hashing = hashlib.sha256 if self.key_size > 16 else hashlib.sha1
        return hashing(secret + counter.to_bytes(4, "big")).digest()[: self.key_size]

    def cipher(self, key, iv):
        return Cipher(TripleDES(key) if self.des else AES(key), CBC(iv or bytes(self.block)))

    def encrypt(self, key, data, iv=None):
        worker = self.cipher(key, iv).encryptor()
        return worker.update(data) + worker.finalize()

    def decrypt(self, key, data, iv=None):
        worker = self.cipher(key, iv).decryptor()
        return worker.update(data) + worker.finalize()

    def pad(self, data):
        data += b"\x80"
        return data + bytes(-len(data) % self.block)

    def mac(self, key, data):
        if self.des:
            return retail_mac(key, data)
        worker = CMAC(AES(key))
        worker.update(data)
        return worker.finalize()[:8]


def des(key, block, back=False):
    """One block of single DES: 3DES with the same key three times."""
    cipher = Cipher(TripleDES(key * 3), ECB())
    worker = cipher.decryptor() if back else cipher.encryptor()
    return worker.update(block) + worker.finalize()


def retail_mac(key, data):
    first, second, state = key[:8], key[8:], bytes(8)
    for at in range(0, len(data), 8):
        state = des(first, bytes(a ^ b for a, b in zip(state, data[at : at + 8])))
    return des(first, des(second, state, back=True))


def unpad(data):
    data = data.rstrip(b"\x00")
    if not data.endswith(b"\x80"):
        raise ValueError("padding")
    return data[:-1]


class Session:
    """Secure messaging from the card's side (9.8)."""

    def __init__(self, suite, secret, counter=0):
        self.suite = suite
        self.enc, self.mac = suite.derive(secret, 1), suite.derive(secret, 2)
        self.counter = counter

    def ssc(self):
        return self.counter.to_bytes(self.suite.block, "big")

    def iv(self):
        if self.suite.des:
            return None
        worker = Cipher(AES(self.enc), ECB()).encryptor()
        return worker.update(self.ssc()) + worker.finalize()

    def unwrap(self, head, body):
        """The plain data of a command, or an exception."""
        self.counter += 1
        objects = untlv(body)
        covered = b"".join(tlv(tag, value) for tag, value in objects if tag != 0x8E)
        message = self.ssc() + self.suite.pad(head)
        if covered:
            message = self.suite.pad(message + covered)
        given = dict(objects)
        if given[0x8E] != self.suite.mac(self.mac, message):
            raise ValueError("MAC")
        text = given.get(0x85) or given.get(0x87, b"\x01")[1:]
        return unpad(self.suite.decrypt(self.enc, text, self.iv())) if text else b""

    def wrap(self, data, status):
        self.counter += 1
        objects = b""
        if data:
            text = self.suite.encrypt(self.enc, self.suite.pad(data), self.iv())
            objects = tlv(0x87, b"\x01" + text)
        objects += tlv(0x99, status)
        mac = self.suite.mac(self.mac, self.suite.pad(self.ssc() + objects))
        return objects + tlv(0x8E, mac) + status


class Curve:
    """A curve y² = x³ + ax + b over p, with base point g of order n."""

    def __init__(self, number, size, p, a, b, g, n):
        self.number, self.size, self.p, self.a, self.b, self.g, self.n = number, size, p, a, b, g, n
        assert self.multiply(n, g) is None and self.holds(g)

    def holds(self, point):
        x, y = point
        return (y * y - x * x * x - self.a * x - self.b) % self.p == 0

    def add(self, one, two):
        if one is None or two is None:
            return one or two
        (x1, y1), (x2, y2) = one, two
        if x1 == x2:
            if (y1 + y2) % self.p == 0:
                return None
            slope = (3 * x1 * x1 + self.a) * pow(2 * y1, -1, self.p)
        else:
            slope = (y2 - y1) * pow(x2 - x1, -1, self.p)
        x = (slope * slope - x1 - x2) % self.p
        return x, (slope * (x1 - x) - y1) % self.p

    def multiply(self, scalar, point):
        result = None
        for bit in bin(scalar)[2:]:
            result = self.add(result, result)
            if bit == "1":
                result = self.add(result, point)
        return result

    def draw(self):
        return int.from_bytes(os.urandom(self.size + 8), "big") % (self.n - 1) + 1

    def encode(self, point):
        return b"\x04" + b"".join(number.to_bytes(self.size, "big") for number in point)

    def decode(self, data):
        if len(data) != 1 + 2 * self.size or data[0] != 4:
            raise ValueError("point")
        point = tuple(int.from_bytes(half, "big") for half in (data[1 : 1 + self.size], data[1 + self.size :]))
        if not self.holds(point):
            raise ValueError("point")
        return point

    def shared(self, scalar, point):
        return self.multiply(scalar, point)[0].to_bytes(self.size, "big")


def _hex(text):
    return int(text.replace(" ", ""), 16)


CURVES = {
    "P-256": lambda: Curve(
        12,
        32,
        _hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"),
        -3,
        _hex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"),
        (
            _hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
            _hex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
        ),
        _hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
    ),
    "brainpoolP256r1": lambda: Curve(
        13,
        32,
        _hex("a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377"),
        _hex("7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9"),
        _hex("26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6"),
        (
            _hex("8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262"),
            _hex("547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997"),
        ),
        _hex("a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7"),
    ),
}
