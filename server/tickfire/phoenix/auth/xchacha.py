"""XChaCha20-Poly1305 (RFC 8439 and draft-irtf-cfrg-xchacha), for tokens of a few hundred bytes.

Plain Python, so a token takes a fraction of a millisecond and no compiled dependency. It is not
meant for bulk data.
"""

from __future__ import annotations

import hmac
import struct

KEY_SIZE, NONCE_SIZE, TAG_SIZE = 32, 24, 16  # bytes
BLOCK_SIZE = 64

_MASK = 0xFFFFFFFF
_SIGMA = struct.unpack("<4I", b"expand 32-byte k")
_COLUMNS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
_DIAGONALS = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
_QUARTERS = (*_COLUMNS, *_DIAGONALS)
_DOUBLE_ROUNDS = 10

_POLY_PRIME = (1 << 130) - 5
_POLY_CLAMP = 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF


def seal(plain: bytes, key: bytes, nonce: bytes, associated: bytes = b"") -> tuple[bytes, bytes]:
    """Return the ciphertext and its tag.

    Parameters
    ----------
    plain
        What is encrypted.
    key : bytes[32]
    nonce : bytes[24]
        Never twice with the same key; random is fine.
    associated
        Authenticated too, but not encrypted.
    """
    subkey, short_nonce = _derive(key, nonce)
    cipher = _xor(plain, subkey, short_nonce)
    return cipher, _tag(cipher, subkey, short_nonce, associated)


def open_sealed(
    cipher: bytes, tag: bytes, key: bytes, nonce: bytes, associated: bytes = b""
) -> bytes | None:
    """Return what was sealed, None if it is not authentic."""
    subkey, short_nonce = _derive(key, nonce)
    if not hmac.compare_digest(tag, _tag(cipher, subkey, short_nonce, associated)):
        return None
    return _xor(cipher, subkey, short_nonce)


def _derive(key: bytes, nonce: bytes) -> tuple[bytes, bytes]:
    """Return the key and nonce of ChaCha20 for an extended nonce, by HChaCha20."""
    if len(key) != KEY_SIZE or len(nonce) != NONCE_SIZE:
        raise ValueError("a key has 32 bytes and a nonce 24")
    state = _rounds([*_SIGMA, *struct.unpack("<8I", key), *struct.unpack("<4I", nonce[:16])])
    return struct.pack("<8I", *state[:4], *state[12:]), bytes(4) + nonce[16:]


def _rounds(state: list[int]) -> list[int]:
    for _ in range(_DOUBLE_ROUNDS):
        for a, b, c, d in _QUARTERS:
            for x, y, z, left in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                state[x] = (state[x] + state[y]) & _MASK
                mixed = state[z] ^ state[x]
                state[z] = (mixed << left | mixed >> (32 - left)) & _MASK
    return state


def _block(key: bytes, nonce: bytes, counter: int) -> bytes:
    state = [*_SIGMA, *struct.unpack("<8I", key), counter, *struct.unpack("<3I", nonce)]
    mixed = _rounds(state.copy())
    return struct.pack("<16I", *((a + b) & _MASK for a, b in zip(state, mixed, strict=True)))


def _xor(data: bytes, key: bytes, nonce: bytes) -> bytes:
    blocks = -(-len(data) // BLOCK_SIZE)
    stream = b"".join(_block(key, nonce, 1 + index) for index in range(blocks))
    size = len(data)
    mixed = int.from_bytes(data, "little") ^ int.from_bytes(stream[:size], "little")
    return mixed.to_bytes(size, "little")


def _tag(cipher: bytes, key: bytes, nonce: bytes, associated: bytes) -> bytes:
    one_time = _block(key, nonce, 0)[:32]
    lengths = struct.pack("<QQ", len(associated), len(cipher))
    return _poly1305(_padded(associated) + _padded(cipher) + lengths, one_time)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def _poly1305(message: bytes, key: bytes) -> bytes:
    r = int.from_bytes(key[:16], "little") & _POLY_CLAMP
    s = int.from_bytes(key[16:], "little")
    total = 0
    for at in range(0, len(message), 16):
        block = int.from_bytes(message[at : at + 16] + b"\x01", "little")
        total = (total + block) * r % _POLY_PRIME
    return ((total + s) & ((1 << 128) - 1)).to_bytes(16, "little")
