# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads Windows setup information files (WDK: "General Syntax Rules for INF Files")."""
import re

TOKEN = re.compile(r"%%|%([^%\s]+)%")  # %% stands for one per cent sign
FIELD = re.compile(r'(?:^|(?<=,))\s*(?:"((?:[^"]|"")*)"\s*(?=,|$)|([^,]*))')


class Line:
    """One entry: its key (None when there is no "="), its comma-separated fields, the number of its first line.

    Keys and fields are as written, without quotes; string tokens are not replaced."""

    def __init__(self, number, key, fields):
        self.number, self.key, self.fields = number, key, fields

    def __repr__(self):
        return f"line {self.number}: {self.key}={self.fields}"


def without_comment(text):
    """Up to the first semicolon that is not inside quotes."""
    quoted = False
    for index, char in enumerate(text):
        quoted ^= char == '"'
        if char == ";" and not quoted:
            return text[:index].rstrip()
    return text.rstrip()


def split_fields(text):
    """Split at commas outside quotes; without the blanks and quotes around a field, a doubled quote being one."""
    return [quoted.replace('""', '"') if plain is None else plain.strip()
            for quoted, plain in (match.groups() for match in FIELD.finditer(text))]


def logical_lines(text):
    """(number, text) of the lines without comments, with continued ones joined."""
    pending, start = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = without_comment(raw)
        if not pending:
            start = number
        if line.endswith("\\") and line.count('"') % 2 == 0:
            pending += line[:-1].rstrip() + " "
            continue
        if (pending + line).strip():
            yield start, (pending + line).strip()
        pending = ""


class Inf:
    """A file in memory. Section names and string names are without case, as for Windows.

    sections: {name in lower case: [Line]}, in order; names: {name in lower case: name as written}."""

    def __init__(self, content):
        """content: the bytes of the file."""
        self.content = content
        self.text = content.decode("latin-1")
        self.sections, self.names, self.repeated = {}, {}, []
        current = None
        for number, line in logical_lines(self.text):
            if line.startswith("[") and line.endswith("]"):
                current = self._open(line[1:-1].strip())
            elif current is not None:
                current.append(self._entry(number, line))

    def _open(self, name):
        if name.lower() in self.sections:
            self.repeated.append(name)
        self.names.setdefault(name.lower(), name)
        return self.sections.setdefault(name.lower(), [])

    @staticmethod
    def _entry(number, line):
        match = re.match(r'^([^="]+)=(.*)$', line)
        if match:
            return Line(number, match.group(1).strip(), split_fields(match.group(2)))
        return Line(number, None, split_fields(line))

    def section(self, name):
        """Its lines; [] when there is no such section."""
        return self.sections.get(name.lower(), [])

    def values(self, section, key):
        """The fields of every line of that key."""
        return [line.fields for line in self.section(section) if line.key and line.key.lower() == key.lower()]

    def value(self, section, key):
        """The first field of the first line of that key, string tokens replaced; None when there is none."""
        found = self.values(section, key)
        return self.expand(found[0][0]) if found else None

    def strings(self):
        """{name in lower case: text}"""
        return {line.key.lower(): line.fields[0] for line in self.section("Strings") if line.key}

    def expand(self, text):
        """String tokens replaced; unknown ones (DIRIDs among them) stay, "%%" becomes "%"."""
        strings = self.strings()
        replaced = lambda m: strings.get(m.group(1).lower(), m.group(0)) if m.group(1) else "%"  # noqa: E731
        return TOKEN.sub(replaced, text)

    def tokens(self):
        """Names of the string tokens that entries use, in lower case; DIRIDs (numbers) are none."""
        texts = [text for name, lines in self.sections.items() if name != "strings"
                 for line in lines for text in [line.key or "", *line.fields]]
        found = {token.lower() for text in texts for token in TOKEN.findall(text) if token}
        return {token for token in found if not token.isdigit()}

    # ---- what a driver's INF says ----

    def models(self):
        """{decoration: section}, from [Manufacturer]; a manufacturer without decorations has the decoration ""."""
        return {decoration: f"{line.fields[0]}.{decoration}".rstrip(".") for line in self.section("Manufacturer")
                for decoration in (line.fields[1:] or [""])}

    def devices(self, models_section):
        """[(description, install section, [hardware and compatible IDs])]"""
        return [(self.expand(line.key), line.fields[0], line.fields[1:])
                for line in self.section(models_section) if line.key]

    def hardware_ids(self):
        """Every ID of every models section, as a set."""
        return {hwid for section in self.models().values() for _, _, ids in self.devices(section) for hwid in ids}
