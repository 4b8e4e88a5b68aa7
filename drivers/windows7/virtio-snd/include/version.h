/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * version.h: the project's version and its date. Nothing else states them by hand: the version resource is made of
 * these numbers, and `tools/version.py stamp` writes them into the INFs (DriverVer). For the resource compiler as
 * well: macros only.
 */
#ifndef AERO_SND_VERSION_H
#define AERO_SND_VERSION_H

#define AERO_SND_VERSION_MAJOR 1
#define AERO_SND_VERSION_MINOR 0
#define AERO_SND_VERSION_PATCH 0
#define AERO_SND_VERSION_BUILD 0

/* Windows prefers the package with the later date, then the one with the higher version. */
#define AERO_SND_VERSION_YEAR 2026
#define AERO_SND_VERSION_MONTH 11
#define AERO_SND_VERSION_DAY 23

#endif
