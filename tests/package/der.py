# SPDX-License-Identifier: MIT OR Apache-2.0
"""A reader of DER that knows nothing of catalogs: ITU-T X.690, and only what catalogs need."""

TAGS = {2: "INTEGER", 3: "BIT STRING", 4: "OCTET STRING", 5: "NULL", 6: "OID", 12: "UTF8", 19: "PRINTABLE",
        22: "IA5", 23: "UTCTIME", 30: "BMP", 0x30: "SEQUENCE", 0x31: "SET", 1: "BOOLEAN"}


class Node:
    """One value: its kind ("[n]" for context tags), its content, its children if it is constructed."""

    def __init__(self, data, start, end):
        tag, at = data[start], start + 1
        size, at = length(data, at)
        if at + size > end:
            raise ValueError(f"value at {start} reaches past its parent")
        self.kind = TAGS[tag] if tag in TAGS else f"[{tag & 0x1f}]"
        self.content = data[at:at + size]
        self.raw = data[start:at + size]
        self.end = at + size
        self.children = list(values(data, at, self.end)) if tag & 0x20 else []

    def __getitem__(self, index):
        return self.children[index]

    def __len__(self):
        return len(self.children)

    def oid(self):
        """Its numbers; only of an OID."""
        assert self.kind == "OID", self.kind
        numbers, value = [self.content[0] // 40, self.content[0] % 40], 0
        for byte in self.content[1:]:
            value = value << 7 | byte & 0x7f
            if not byte & 0x80:
                numbers.append(value)
                value = 0
        return ".".join(map(str, numbers))


def length(data, at):
    """(length, offset after it); insists on the shortest form."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    size = int.from_bytes(data[at + 1:at + 1 + (first & 0x7f)], "big")
    if size < 0x80 or data[at + 1] == 0:
        raise ValueError(f"length at {at} is not DER")
    return size, at + 1 + (first & 0x7f)


def values(data, start, end):
    while start < end:
        node = Node(data, start, end)
        yield node
        start = node.end


def read(data):
    """The one value that `data` is."""
    node = Node(data, 0, len(data))
    if node.end != len(data):
        raise ValueError("something follows")
    return node


def sequence(*parts):
    return wrapped(0x30, *parts)


def wrapped(tag, *parts):
    """DER of a value with this tag byte, its content the parts."""
    content = b"".join(parts)
    size = bytes([len(content)]) if len(content) < 0x80 else b""
    if not size:
        digits = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
        size = bytes([0x80 | len(digits)]) + digits
    return bytes([tag]) + size + content


def oid(text):
    first, second, *rest = map(int, text.split("."))
    content = bytes([40 * first + second])
    for number in rest:
        digits = [number & 0x7f]
        while number := number >> 7:
            digits.insert(0, number & 0x7f | 0x80)
        content += bytes(digits)
    return wrapped(6, content)
