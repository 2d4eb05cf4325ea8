"""The chip of a Vietnamese identity card, behind vsmartcard's virtual reader.

`card.py PORT FOLDER [options]` writes FOLDER/csca.pem, whom a reader should trust, connects to the
virtual reader's PORT, says "ready", and answers commands as ICAO Doc 9303-11 says a chip does, with
what is told of Vietnam's: no master file to select, no DG11, DG3 locked, DG13. Options make it
false, slow or broken.
"""

import argparse
import datetime
import hashlib
import os
import pathlib
import socket
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils

import files
from crypto import CURVES, Session, Suite, tlv, untlv

OK, NOT_FOUND, LOCKED, WRONG = b"\x90\x00", b"\x6a\x82", b"\x69\x82", b"\x63\x00"
NOT_SUPPORTED, BAD_DATA, BAD_MESSAGE, END = b"\x6d\x00", b"\x6a\x80", b"\x69\x88", b"\x6b\x00"
ATR = bytes.fromhex("3b80800101")
APPLICATION = bytes.fromhex("a0000002471001")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("port", type=int)
    add("folder", type=pathlib.Path)
    add("--access", choices=["pace", "bac", "both"], default="both")
    add("--suite", choices=["3des", "aes128", "aes192", "aes256"], default="aes128")
    add("--curve", choices=list(CURVES), default="brainpoolP256r1")
    add("--proof", choices=["aa-rsa", "aa-ecdsa", "ca", "none"], default="aa-ecdsa")
    add("--ca-suite", choices=["3des", "aes128", "aes256"], default="aes128")
    add("--signature", choices=["rsa", "rsa-pss", "ecdsa"], default="ecdsa")
    add("--digest", choices=["sha256", "sha384", "sha512", "sha1"], default="sha256")
    add("--portrait", choices=["jpeg", "jp2"], default="jp2")
    add("--photo", help="an image of three by four for the portrait")
    add("--signer", choices=["valid", "expired", "revoked"], default="valid")
    add("--can", default=files.DETAILS[1][6:])
    add("--clone", action="store_true", help="the files of a true card without its private keys")
    add("--alter", type=int, default=0, help="one byte of this data group is not what was signed")
    add("--swap-sod", action="store_true", help="signature by a signer whose key is not in EF.SOD")
    add("--without", type=int, default=0, help="this data group is missing")
    add("--withhold", type=int, action="append", default=[], help="this data group is signed and not given")
    add("--slow-ms", type=int, default=0)
    add("--remove-after", type=int, default=0, help="the card leaves the reader after so many commands")
    add("--silent-after", type=int, default=0, help="the card answers no more after so many commands")
    return parser.parse_args()


class Card:
    def __init__(self, options):
        self.options = options
        self.suite, self.curve = Suite(options.suite), CURVES[options.curve]()
        now = datetime.datetime.now(datetime.timezone.utc)
        authority = files.Authority(options.signature, now, options.signer)
        self.aa_key, self.ca_key = self.keys()
        self.ca_suite = Suite(options.ca_suite)
        groups = {1: files.dg1(), 2: files.dg2(options.portrait, options.photo), 3: tlv(0x63, b""), 13: files.dg13()}
        dg14 = files.dg14(self.ca_key, self.ca_suite, options.proof.removeprefix("aa-"))
        if dg14:
            groups[14] = dg14
        if self.aa_key:
            groups[15] = tlv(0x6F, files.public_key(self.aa_key))
        groups.pop(options.without, None)
        sod = authority.sod(groups, options.digest)
        if options.swap_sod:
            authority.signer_key = authority.new_key()
            sod = authority.sod(groups, options.digest)
        if options.alter:
            file = bytearray(groups[options.alter])
            file[-1] ^= 1
            groups[options.alter] = bytes(file)
        if options.clone:
            self.aa_key, self.ca_key = self.keys()
        tags = [0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F]
        listed = bytes(tags[number - 1] for number in sorted(groups))
        com = tlv(0x5F01, b"0107") + tlv(0x5F36, b"040000") + tlv(0x5C, listed)
        self.files = {0x0100 | number: file for number, file in groups.items()}
        self.files |= {0x011D: sod, 0x011E: tlv(0x60, com)}
        if options.access != "bac":
            self.files[0x011C] = files.card_access(self.suite, self.curve)
        (options.folder / "csca.pem").write_bytes(authority.trust())
        for name, file in (("sod", sod), *((f"dg{n}", f) for n, f in groups.items())):
            (options.folder / name).write_bytes(file)
        self.reset()

    def keys(self):
        curve = files.EC_CURVES[self.options.curve]
        kind = self.options.proof
        aa = {
            "aa-rsa": lambda: rsa.generate_private_key(65537, 2048),
            "aa-ecdsa": lambda: ec.generate_private_key(curve),
        }.get(kind, lambda: None)()
        return aa, ec.generate_private_key(curve) if kind == "ca" else None

    def reset(self):
        self.session = self.next_session = None
        self.selected = None
        self.in_application = False
        self.challenge = None
        self.pace = {}

    def answer(self, command):
        """Unwraps a command, does it, wraps the answer."""
        cla, ins, p1, p2 = command[:4]
        data, self.wanted = split(command)
        if not cla & 0x0C:
            # In the open nothing is given once a session runs, and the session ends.
            if self.session:
                self.reset()
                return LOCKED
            data, status = self.do(ins, p1, p2, data)
            return data + status
        if not self.session:
            return BAD_MESSAGE
        try:
            le = dict(untlv(data)).get(0x97, b"")
            self.wanted = int.from_bytes(le, "big") or 1 << 8 * len(le)
            data = self.session.unwrap(command[:4], data)
        except (KeyError, ValueError, IndexError):
            self.reset()
            return BAD_MESSAGE
        data, status = self.do(ins, p1, p2, data)
        wrapped = self.session.wrap(data, status)
        if self.next_session:
            self.session, self.next_session = self.next_session, None
        return wrapped

    def do(self, ins, p1, p2, data):
        if ins == 0xA4:
            return b"", self.select(p1, data)
        if ins == 0xB0:
            return self.read(p1 << 8 | p2)
        if ins == 0xB1:
            # The offset, and around the answer a tag and its length (ISO 7816-4).
            self.wanted -= 3
            found, status = self.read(int.from_bytes(dict(untlv(data))[0x54], "big"))
            return (tlv(0x53, found) if found else b""), status
        if ins == 0x84 and self.in_application and self.options.access != "pace":
            self.challenge = os.urandom(8)
            return self.challenge, OK
        if ins == 0x82 and self.challenge:
            return self.bac(data)
        if ins == 0x22:
            return b"", self.set_environment(p1, p2, data)
        if ins == 0x86:
            return self.general_authenticate(data)
        if ins == 0x88 and self.session and self.aa_key:
            return self.active(data), OK
        return b"", NOT_SUPPORTED

    def select(self, p1, data):
        if p1 == 4:
            known = data == APPLICATION
            if known and self.options.access == "pace" and not self.session:
                return LOCKED
            self.in_application = self.in_application or known
            return OK if known else NOT_FOUND
        # Vietnam's chips refuse the master file.
        if p1 != 2 or data == b"\x3f\x00":
            return NOT_SUPPORTED
        number = int.from_bytes(data, "big")
        if number not in self.files:
            return NOT_FOUND
        locked = [0x0103, *(0x0100 | group for group in self.options.withhold)]
        if number != 0x011C and not self.session or number in locked:
            return LOCKED
        self.selected = self.files[number]
        return OK

    def read(self, at):
        if self.selected is None:
            return b"", b"\x69\x86"
        if at >= len(self.selected):
            return b"", END
        return self.selected[at : at + self.wanted], OK

    def bac(self, data):
        """External Authenticate (4.3.3)."""
        suite, challenge, self.challenge = Suite("3des"), self.challenge, None
        seed = hashlib.sha1(zone_key().encode()).digest()[:16]
        enc, mac = suite.derive(seed, 1), suite.derive(seed, 2)
        text, given = data[:32], data[32:]
        if len(data) != 40 or given != suite.mac(mac, suite.pad(text)):
            return b"", WRONG
        plain = suite.decrypt(enc, text)
        if plain[8:16] != challenge:
            return b"", WRONG
        own = os.urandom(16)
        answer = suite.encrypt(enc, challenge + plain[:8] + own)
        secret = bytes(a ^ b for a, b in zip(plain[16:], own))
        counter = int.from_bytes(challenge[4:] + plain[4:8], "big")
        self.session = Session(suite, secret, counter)
        return answer + suite.mac(mac, suite.pad(answer)), OK

    def set_environment(self, p1, p2, data):
        given = dict(untlv(data))
        if (p1, p2) == (0xC1, 0xA4) and 0x011C in self.files:
            offered = files.oid(f"0.4.0.127.0.7.2.2.4.2.{self.suite.number}")[2:]
            password = {b"\x01": zone_key, b"\x02": lambda: self.options.can}.get(given.get(0x83))
            if given.get(0x80) != offered or not password:
                return BAD_DATA
            text = password().encode()
            secret = hashlib.sha1(text).digest() if given[0x83] == b"\x01" else text
            self.pace = {"step": 0, "key": self.suite.derive(secret, 3), "oid": offered}
            return OK
        if (p1, p2) == (0x41, 0xA4) and self.ca_key and self.session:
            offered = files.oid(f"0.4.0.127.0.7.2.2.3.2.{self.ca_suite.number}")[2:]
            return OK if given.get(0x80) == offered and not self.ca_suite.des else BAD_DATA
        if (p1, p2) == (0x41, 0xA6) and self.ca_key and self.session and self.ca_suite.des:
            return self.agree(given.get(0x91, b""))
        return BAD_DATA

    def general_authenticate(self, data):
        (tag, content), = untlv(data)
        given = untlv(content)
        if self.session:
            if not self.ca_key or given[0][0] != 0x80:
                return b"", BAD_DATA
            status = self.agree(given[0][1])
            return (tlv(0x7C, b""), OK) if status == OK else (b"", status)
        try:
            step = self.pace["step"]
            answer = (self.pace_nonce, self.pace_map, self.pace_agree, self.pace_prove)[step](given)
        except (KeyError, IndexError, ValueError):
            self.pace = {}
            return b"", WRONG
        if self.pace:
            self.pace["step"] += 1
        return (tlv(0x7C, answer), OK) if answer else (b"", WRONG)

    def pace_nonce(self, _):
        self.pace["nonce"] = os.urandom(max(16, self.suite.key_size // 16 * 16))
        return tlv(0x80, self.suite.encrypt(self.pace["key"], self.pace["nonce"]))

    def pace_map(self, given):
        curve, own = self.curve, self.curve.draw()
        shared = curve.multiply(own, curve.decode(dict(given)[0x81]))
        nonce = int.from_bytes(self.pace["nonce"], "big") % curve.n
        self.pace["base"] = curve.add(curve.multiply(nonce, curve.g), shared)
        return tlv(0x82, curve.encode(curve.multiply(own, curve.g)))

    def pace_agree(self, given):
        curve, own = self.curve, self.curve.draw()
        other = curve.decode(dict(given)[0x83])
        public = curve.multiply(own, self.pace["base"])
        self.pace |= {"other": other, "public": public, "secret": curve.shared(own, other)}
        return tlv(0x84, curve.encode(public))

    def pace_prove(self, given):
        def token(point):
            key = tlv(0x7F49, tlv(0x06, self.pace["oid"]) + tlv(0x86, self.curve.encode(point)))
            mac = self.suite.derive(self.pace["secret"], 2)
            return self.suite.mac(mac, self.suite.pad(key) if self.suite.des else key)

        pace = self.pace
        answer = tlv(0x86, token(pace["other"]))
        expected = token(pace["public"])
        self.pace = {}
        if dict(given)[0x85] != expected:
            return b""
        self.session = Session(self.suite, pace["secret"])
        return answer

    def agree(self, point):
        """Chip Authentication (6.2): new keys from the static key."""
        try:
            other = self.curve.decode(point)
        except ValueError:
            return BAD_DATA
        own = self.ca_key.private_numbers().private_value
        self.next_session = Session(self.ca_suite, self.curve.shared(own, other))
        return OK

    def active(self, challenge):
        """Active Authentication (6.1)."""
        if isinstance(self.aa_key, rsa.RSAPrivateKey):
            numbers = self.aa_key.private_numbers()
            n, size = numbers.public_numbers.n, self.aa_key.key_size // 8
            recovered = os.urandom(size - 1 - 32 - 2)
            digest = hashlib.sha256(recovered + challenge).digest()
            block = b"\x6a" + recovered + digest + b"\x34\xcc"
            return pow(int.from_bytes(block, "big"), numbers.d, n).to_bytes(size, "big")
        der = self.aa_key.sign(challenge, ec.ECDSA(hashes.SHA256()))
        return b"".join(part.to_bytes(32, "big") for part in utils.decode_dss_signature(der))


def zone_key():
    """Document number, birth and expiry with their check digits."""
    zone = files.ZONE
    return zone[5:15] + zone[30:37] + zone[38:45]


def split(command):
    """The data of a command, and how many bytes it wants back; short or extended."""
    rest = command[4:]
    if len(rest) <= 1:
        return b"", (rest[0] or 256) if rest else 0
    if rest[0]:
        return rest[1 : 1 + rest[0]], 256
    if len(rest) == 3:
        return b"", int.from_bytes(rest[1:], "big") or 65536
    return rest[3 : 3 + int.from_bytes(rest[1:3], "big")], 65536


def serve(card, options):
    link = socket.create_connection(("127.0.0.1", options.port))
    print("ready", flush=True)
    count = 0
    while head := link.recv(2, socket.MSG_WAITALL):
        data = link.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
        if len(data) == 1:
            if data[0] == 4:
                link.sendall(len(ATR).to_bytes(2, "big") + ATR)
            else:
                card.reset()
            continue
        count += 1
        if options.remove_after and count > options.remove_after:
            break
        if options.silent_after and count > options.silent_after:
            time.sleep(3600)
        time.sleep(options.slow_ms / 1000)
        answer = card.answer(data)
        link.sendall(len(answer).to_bytes(2, "big") + answer)
    link.close()
    print(f"removed after {count} commands", flush=True)


if __name__ == "__main__":
    chosen = arguments()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    serve(Card(chosen), chosen)
