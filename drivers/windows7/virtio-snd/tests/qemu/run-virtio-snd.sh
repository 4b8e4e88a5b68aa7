#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The same as ./aero-snd vm, with the same options.
set -eu
here=$(dirname -- "$(readlink -f -- "$0")")
exec "$here/../../../../../aero-snd" vm "$@"
