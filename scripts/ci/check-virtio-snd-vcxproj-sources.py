#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Guards the project files of virtio-snd for Windows against the one table of builds, mk/variants.mk: the contract
project stays on the modern transport, and every project has its variant's sources, defines and outputs.

  check-virtio-snd-vcxproj-sources.py [ROOT]    prints findings, "file: what"; exit status 1 when there are any
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import guard  # noqa: E402
import projects  # noqa: E402
import variants  # noqa: E402

# Each project's configurations and what they make.
PROJECTS = {"aero_virtio_snd.vcxproj": {"Release": "contract", "Legacy": "legacy"},
            "virtio-snd-ioport-legacy.vcxproj": {"Release": "ioport"}}
ARCHITECTURES = ("x86", "x64")
RESOURCES = ("res/aero_virtio_snd.rc", "res/messages.mc")


def differences(found, wanted, what):
    for name in sorted(set(wanted) - set(found)):
        yield f"lacks the {what} {name}"
    for name in sorted(set(found) - set(wanted)):
        yield f"has the {what} {name}, which its variant does not have"
    for name in sorted({name for name in found if found.count(name) > 1}):
        yield f"has the {what} {name} twice"


def modern_only(sources, table):
    """No file that only the I/O-port build has."""
    legacy = set(table["ioport"]["SOURCES"]) - set(table["contract"]["SOURCES"])
    for name in sorted(legacy & set(sources)):
        yield f"holds {name}, of the legacy I/O-port transport"


def visual_studio(root):
    table = variants.table(root)
    for name, configurations in PROJECTS.items():
        made = projects.visual_studio((root / projects.SND / name).read_bytes())
        wanted = {(configuration, arch) for configuration in configurations for arch in ARCHITECTURES}
        yield from (f"{name}: {text}" for text in differences(list(made), wanted, "configuration"))
        for configuration, arch in sorted(wanted & set(made)):
            variant = configurations[configuration]
            image, build = made[(configuration, arch)]
            found = list(differences(build.sources, table[variant]["SOURCES"], "source"))
            found += differences(build.defines, table["free"]["DEFINES"] + table[variant]["DEFINES"], "define")
            if variant != "ioport":
                found += modern_only(build.sources, table)
            if [image] != table[variant]["SYS"]:
                found.append(f"makes {image}.sys, not {table[variant]['SYS'][0]}.sys")
            output = f"{table['free']['DIR'][0]}/{arch}"
            if build.output != output:
                found.append(f"puts its image into {build.output}, not into {output}")
            yield from (f"{name} ({configuration}, {arch}): {text}" for text in found)


def resources(root):
    """The version resource and the message table, once each; the solution has every project."""
    solution = (root / projects.SND / "aero_virtio_snd.sln").read_text()
    for name in PROJECTS:
        project = projects.Project((root / projects.SND / name).read_bytes())
        items = project.items("ResourceCompile") + project.items("CustomBuild")
        found = [item.replace("\\", "/") for item in items]
        yield from (f"{name}: {text}" for text in differences(found, RESOURCES, "item"))
        if f'"{name}"' not in solution:
            yield f"aero_virtio_snd.sln: lacks {name}"
    for folder in sorted(path.parent for path in (root / projects.SND / "src").glob("*/sources")):
        for name, line in (("makefile", "$(NTMAKEENV)\\makefile.def"), ("makefile.inc", "..\\messages.inc")):
            if not (folder / name).is_file() or f"!INCLUDE {line}\n" not in (folder / name).read_text():
                yield f"src/{folder.name}/{name}: does not include {line}"


def winddk(root):
    table = variants.table(root)
    made = projects.winddk(root)
    wanted = {entry["SYS"][0]: entry for entry in table.values() if "SYS" in entry}
    yield from (f"WinDDK: {text}" for text in differences(list(made), list(wanted), "image"))
    for image in sorted(set(made) & set(wanted)):
        found = list(differences(made[image].sources, wanted[image]["SOURCES"], "source"))
        found += differences(made[image].defines, wanted[image]["DEFINES"], "define")
        if made[image].output != f"{projects.SND}/obj":
            found.append(f"puts its image into {made[image].output}")
        yield from (f"WinDDK {image}: {text}" for text in found)


if __name__ == "__main__":
    sys.exit(guard.main(sys.argv[1:], (visual_studio, resources, winddk),
                        "the projects build what mk/variants.mk says"))
