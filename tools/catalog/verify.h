/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Judges a driver package: every file of a folder, against the catalogs in it. */
#ifndef CATALOG_VERIFY_H
#define CATALOG_VERIFY_H

#include "signature.h"

struct verify_order {
    const char *folder;
    const struct anchors *anchors;
    int unlisted_allowed; /* a file in no catalog is no failure */
    int json;
};

/* Prints the findings; EXIT_GOOD or EXIT_BAD. Exits with a line if there is no catalog to judge by. */
int package_verify(const struct verify_order *order);

#endif
