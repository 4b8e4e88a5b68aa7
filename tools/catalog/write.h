/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Writes a catalog of version 1, without a signature, as Inf2Cat does for Windows 7. */
#ifndef CATALOG_WRITE_H
#define CATALOG_WRITE_H

#include <time.h>

#include "file.h"

struct catalog_order {
    const char *os;            /* "7X86" or "7X64" */
    time_t time;               /* the list's date */
    const struct file *inf;    /* gives the hardware IDs */
    const struct file *files;  /* the members, the INF among them */
    size_t count;
    const char *output;
};

/* Writes `output`, all or nothing; the same order gives the same bytes. Exits with a line on error. */
void catalog_write(const struct catalog_order *order);

#endif
