"""A reader that wants more memory than the guarded child may have."""


def read(data: bytes) -> int:
    return len(bytearray(2 << 30))
