# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads the project files for Windows: Visual Studio's and those of WinDDK's build.exe.

Both come back as {image's base name: Build}; paths are relative to the project's root, with forward slashes."""
import posixpath
import re
import xml.etree.ElementTree

SND = "drivers/windows7/virtio-snd"
MSBUILD = "{http://schemas.microsoft.com/developer/msbuild/2003}"
PLATFORMS = {"Win32": "x86", "x64": "x64"}
LIST_ITEM = re.compile(r"[^\s;]+")


class Build:
    """What a project makes of one variant: defines (without -D), sources, and where the image goes."""

    def __init__(self, defines, sources, output):
        self.defines, self.sources, self.output = sorted(defines), sorted(sources), output


def plain(base, path):
    """A path of Windows, relative to the folder `base`, from the root."""
    return posixpath.normpath(posixpath.join(base, path.replace("\\", "/")))


# ---- Visual Studio ----

class Project:
    """A .vcxproj; understands properties, $(NAME), and conditions that compare $(Configuration) or $(Platform)."""

    def __init__(self, text):
        self.tree = xml.etree.ElementTree.fromstring(text)

    def configurations(self):
        return [item.get("Include").split("|") for item in self.tree.iter(MSBUILD + "ProjectConfiguration")]

    @staticmethod
    def _holds(element, properties):
        condition = element.get("Condition")
        if condition is None:
            return True
        match = re.fullmatch(r"'\$\((\w+)\)'=='(\w+)'", condition)
        if not match:
            raise ValueError(f"condition {condition!r} is not understood")
        return properties[match.group(1)] == match.group(2)

    @staticmethod
    def expand(text, properties):
        return re.sub(r"\$\((\w+)\)", lambda m: properties.get(m.group(1), ""), text or "")

    def properties(self, configuration, platform):
        found = {"Configuration": configuration, "Platform": platform, "MSBuildThisFileDirectory": ""}
        for group in self.tree.iter(MSBUILD + "PropertyGroup"):
            for element in group:
                if self._holds(group, found) and self._holds(element, found):
                    found[element.tag.removeprefix(MSBUILD)] = self.expand(element.text, found)
        return found

    def setting(self, tool, name, properties):
        """A list of the settings of all sources; inherited entries (%) are left out."""
        entries = [self.expand(element.text, properties)
                   for group in self.tree.iter(MSBUILD + "ItemDefinitionGroup") for item in group.iter(MSBUILD + tool)
                   for element in item.iter(MSBUILD + name) if self._holds(element, properties)]
        return [word for entry in entries for word in entry.split(";") if word and not word.startswith("%")]

    def items(self, kind):
        return [item.get("Include") for group in self.tree.iter(MSBUILD + "ItemGroup") for item in group
                if item.tag == MSBUILD + kind and item.get("Include")]


def visual_studio(text):
    """{(configuration, architecture): (base name, Build)} of a .vcxproj's text."""
    project = Project(text)
    found = {}
    for configuration, platform in project.configurations():
        properties = project.properties(configuration, platform)
        found[(configuration, PLATFORMS[platform])] = (properties.get("TargetName", ""), Build(
            project.setting("ClCompile", "PreprocessorDefinitions", properties),
            [plain(SND, name) for name in project.items("ClCompile")], plain(SND, properties.get("OutDir", ""))))
    return found


# ---- WinDDK ----

def nmake(text, read, macros):
    """Macros of a makefile, lines continued and !INCLUDE followed; read(path) gives an included file's text."""
    for line in text.replace("\\\n", " ").split("\n"):
        if line.startswith("!INCLUDE "):
            nmake(read(line.split()[1]), read, macros)
        elif not line.startswith("#") and re.match(r"\w+\s*=", line):
            name, _, value = line.partition("=")
            macros[name.strip()] = re.sub(r"\$\((\w+)\)", lambda m: macros.get(m.group(1), ""), value).strip()
    return macros


def winddk(root):
    """{base name: Build} of every `sources` below src; one-line files count as what they include.

    Raises ValueError for a source that is neither in the folder nor in its parent, and for a folder that `dirs` of the
    driver does not lead to."""
    folder = root / SND
    found = {}
    names = nmake((folder / "dirs").read_text(), None, {})["DIRS"].split()
    parts = [name + "/" + part for name in names
             for part in nmake((folder / name / "dirs").read_text(), None, {})["DIRS"].split()]
    for part in parts:
        here = folder / part
        macros = nmake((here / "sources").read_text(),
                       lambda path, here=here: (here / path.replace("\\", "/")).read_text(), {})
        sources = []
        for word in LIST_ITEM.findall(macros["SOURCES"]):
            if word.replace("..\\", "", 1).count("\\"):
                raise ValueError(f"{part}/sources: build.exe does not take {word}")
            path = plain(f"{SND}/{part}", word)
            line = re.search(r'^#include "([^"]+)"$', (root / path).read_text(), re.MULTILINE)
            borrowed = posixpath.basename(path).startswith("winddk_")
            sources.append(plain(posixpath.dirname(path), line.group(1)) if borrowed else path)
        defines = [word.removeprefix("-D") for word in macros["C_DEFINES"].split()]
        found[macros["TARGETNAME"]] = Build([d for d in defines if not d.startswith("SYS_NAME=")],
                                            [name for name in sources if name.endswith(".c")],
                                            plain(f"{SND}/{part}", macros["TARGETPATH"]))
    return found
