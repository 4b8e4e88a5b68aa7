#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Installs what is missing of tools/packages.txt. Silent, and without any use of the network, when nothing is.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
list=$here/packages.txt

packages() {
    sed -e 's/#.*//' -e 's/[[:space:]].*//' -e '/^$/d' "$list"
}

die() {
    printf 'aero-snd: %s\n' "$*" >&2
    exit 1
}

other_distribution() {
    printf 'aero-snd: this system has no apt; install by hand what these Debian 12 packages hold, then try again:\n' >&2
    sed -e 's/#.*//' -e '/^$/d' -e 's/^/  /' "$list" >&2
    exit 1
}

# Names without a package that is completely installed.
missing() {
    installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii  *//p')
    for package in $(packages); do
        case "
$installed
" in
        *"
$package
"*) ;;
        *) printf '%s\n' "$package" ;;
        esac
    done
}

command -v dpkg-query >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1 || other_distribution
wanted=$(missing)
[ -n "$wanted" ] || exit 0

printf 'aero-snd: these packages are missing and will be installed with apt:\n' >&2
for package in $wanted; do
    grep -E "^$package[[:space:]]" "$list" | sed 's/^/  /' >&2
done

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || die 'neither root nor sudo: run as root: apt-get install' $wanted
    as_root=sudo
fi

# Mirrors are the machine's own; only lists that were never fetched, or know no such package, are fetched now.
for package in $wanted; do
    if ! apt-cache show --no-all-versions "$package" >/dev/null 2>&1; then
        $as_root apt-get update -q >&2 </dev/null || die 'apt-get update failed'
        break
    fi
done
# shellcheck disable=SC2086 # one word per package
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $wanted >&2 </dev/null ||
    die 'apt-get install failed'
wanted=$(missing)
[ -z "$wanted" ] || die 'still missing after the installation:' $wanted
