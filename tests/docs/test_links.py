#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every link of every document leads to a file of the tree and, with #anchor, to a heading of it. Prints TAP."""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import tap  # noqa: E402

LINK = re.compile(r"\]\(\s*<?([^)>\s]*)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
# A heading that documents elsewhere link to.
PROMISED = (("docs/windows7-virtio-driver-contract.md", "34-virtio-snd-audio"),)
SAMPLE = """# Of links
## 3.4 virtio-snd (audio)
## Twice
## Twice
```
## not a heading, [not a link](nowhere.md)
```
[a](#34-virtio-snd-audio) [b](other.md) [c](other.md#only) [d](#twice-1) [e](https://example.org/#x)
"""
BROKEN = ("[a](nowhere.md)", "[a](other.md#nowhere)", "[a](#34-virtio-snd)", "[a](#twice-2)",
          "[a](#not-a-heading-not-a-link)", "[a]: nowhere.md")


def anchors(text):
    """Names of a document's headings: lower case, dashes for blanks, no punctuation; repeated ones counted."""
    found = []
    for heading in HEADING.findall(FENCE.sub("", text)):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count = sum(re.fullmatch(re.escape(slug) + r"(-\d+)?", name) is not None for name in found)
        found.append(f"{slug}-{count}" if count else slug)
    return found


def broken(document):
    """The links of a document that lead nowhere."""
    text = FENCE.sub("", document.read_text())
    for target in LINK.findall(text) + REFERENCE.findall(text):
        name, _, anchor = target.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        path = document.parent / name if name else document
        if not path.exists():
            yield f"{target}: there is no such file"
        elif anchor and (path.suffix != ".md" or anchor not in anchors(path.read_text())):
            yield f"{target}: there is no such heading"


def documents():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "*.md"],
                            capture_output=True, text=True, check=True).stdout.split("\n")
    return sorted(ROOT / name for name in listed if name and (ROOT / name).exists())


def planted(t):
    """The check finds what leads nowhere, and only that."""
    with tempfile.TemporaryDirectory() as folder:
        document = pathlib.Path(folder, "sample.md")
        pathlib.Path(folder, "other.md").write_text("# Only\n")
        document.write_text(SAMPLE)
        t.none(broken(document), "a document with good links has no broken one")
        for link in BROKEN:
            document.write_text(SAMPLE + link + "\n")
            t.check(len(list(broken(document))) == 1, f"found: {link}", *broken(document))


def main():
    t = tap.Tap()
    planted(t)
    for name, anchor in PROMISED:
        t.check(anchor in anchors((ROOT / name).read_text()), f"{name} has the heading #{anchor}")
    for document in documents():
        t.none(broken(document), f"links of {document.relative_to(ROOT)} lead somewhere")
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
