"""Time-based codes as RFC 6238 has them: SHA-1, 30 s, 6 digits."""

import base64
import hashlib
import hmac
import secrets
import struct
import time


def new_secret():
    return base64.b32encode(secrets.token_bytes(20)).decode()


def hotp(secret, counter, digits=6):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
    at = mac[-1] & 15
    return str((struct.unpack(">I", mac[at:at + 4])[0] & 0x7fffffff) % 10 ** digits
               ).zfill(digits)


def totp(secret, steps=0):
    return hotp(secret, int(time.time()) // 30 + steps)
