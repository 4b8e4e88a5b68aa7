#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Installs QEMU with virtio-sound-pci, where it is missing or older than 8.2, and a sound server for it: a real device
# for the driver. Debian 12 has this QEMU in its backports, which lie on the mirror that the machine uses already.
# Silent, and without any use of the network, when nothing is missing. After a failure everything but --device qemu
# works still. Tested by tests/commands/test_setup_qemu.py.
set -eu

qemu=qemu-system-x86
lowest=1:8.2

# Package and why. The first two are parts of one QEMU.
list="$qemu            a real virtio-snd device
qemu-system-gui            its PulseAudio back end
pulseaudio                 a sound server for it to play to
pulseaudio-utils           listens to that server"

die() {
    printf 'aero-snd: no QEMU for --device qemu: %s\n' "$*" >&2
    exit 1
}

new_enough() {
    dpkg --compare-versions "${1:-0}" ge "$lowest"
}

# Version of the package $1, nothing when it is not completely installed.
installed() {
    dpkg-query -W -f '${db:Status-Abbrev} ${Version}\n' "$1" 2>/dev/null | sed -n 's/^ii  *//p'
}

# Lines of the list whose package is missing or too old.
missing() {
    printf '%s\n' "$list" | while read -r package why; do
        version=$(installed "$package")
        case $package in
        qemu-*) new_enough "$version" && continue ;;
        *) [ -n "$version" ] && continue ;;
        esac
        printf '  %-26s %s\n' "$package" "$why"
    done
}

# Prints the first version that can be had and is new enough; false: there is none.
candidate() {
    for version in $(apt-cache madison "$qemu" | cut -d '|' -f 2); do
        if new_enough "$version"; then
            printf '%s\n' "$version"
            return
        fi
    done
    return 1
}

# Of the machine's own sources the first that gives this release, pointed at its backports: same mirror, same key.
# $1: what to read, in the deb822 form.
backports_stanza() {
    awk -v RS= -v FS='\n' -v suite="$codename" '
        !done && $0 !~ /(^|\n)[Ee]nabled:[ \t]*no/ && $0 ~ /(^|\n)[Tt]ypes:([^\n]*[ \t])?deb([ \t\n]|$)/ &&
        $0 ~ "(^|\n)[Ss]uites:([^\n]*[ \t])?" suite "([ \t\n]|$)" {
            for (i = 1; i <= NF; i++) {
                if ($i ~ /^[Ss]uites:/) print "Suites: " suite "-backports"
                else if ($i ~ /^[Cc]omponents:/) print "Components: main"
                else if ($i ~ /^[Tt]ypes:/) print "Types: deb"
                else if ($i !~ /^#/) print $i
            }
            done = 1
        }' "$1"
}

# The same in the one-line form.
backports_line() {
    sed -nE "s#^(deb[[:space:]]+(\[[^]]*\][[:space:]]+)?[^[:space:]]+)[[:space:]]+$codename[[:space:]].*#\1 \
$codename-backports main#p" "$1" | head -n 1
}

# $1: extension, $2: text.
write_source() {
    printf '# Added by aero-snd\n\n%s\n' "$2" | $as_root tee "${parts%/}/aero-snd-backports.$1" >/dev/null
}

add_backports() {
    for file in "${parts%/}"/*.sources "$sources" "${parts%/}"/*.list; do
        [ -r "$file" ] || continue
        case $file in
        *.sources) text=$(backports_stanza "$file") ;;
        *) text=$(backports_line "$file") ;;
        esac
        if [ -n "$text" ]; then
            write_source "${file##*.}" "$text"
            return
        fi
    done
    die "apt has no source for '$codename' from which that of its backports could be made"
}

update() {
    $as_root apt-get update -q >&2 </dev/null || die 'apt-get update failed'
}

command -v dpkg-query >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1 || {
    command -v qemu-system-x86_64 >/dev/null 2>&1 && exit 0
    die 'this system has no apt; install QEMU 8.2 or later by hand'
}
wanted=$(missing)
[ -n "$wanted" ] || exit 0

printf 'aero-snd: these packages are missing and will be installed with apt:\n%s\n' "$wanted" >&2
names=$(printf '%s\n' "$wanted" | awk '{ printf "%s%s", (NR > 1 ? " " : ""), $1 }')
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || die "neither root nor sudo: run as root: apt-get install $names"
    as_root=sudo
fi
root= sources= parts=
eval "$(apt-config shell root Dir/d sources Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
codename=$(. "${root%/}/etc/os-release" && printf '%s' "${VERSION_CODENAME-}")

case $names in
qemu-*)
    candidate >/dev/null || update
    if ! candidate >/dev/null; then
        add_backports
        update
    fi
    version=$(candidate) || die "neither this system's sources nor its backports have $qemu $lowest or later"
    ;;
*) # lists that were never fetched are fetched now
    version=
    apt-cache show --no-all-versions $names >/dev/null 2>&1 || update
    ;;
esac
for package in $names; do
    from=
    case $package$version in
    qemu-*~bpo*) from="-t $codename-backports" ;; # the others may come from the release itself
    esac
    # shellcheck disable=SC2086 # two words or none
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $from "$package" >&2 \
        </dev/null || die "apt-get install $package failed"
done
[ -z "$(missing)" ] || die 'still missing after the installation:' $(missing | awk '{ print $1 }')
