/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a catalog needs to know of an INF. */
#ifndef CATALOG_INF_H
#define CATALOG_INF_H

#include <stddef.h>

#include "file.h"

struct hardware_ids {
    char **ids; /* lower case, each once, in the order of the INF */
    size_t count;
};

/*
 * The hardware and compatible IDs of every models section that [Manufacturer] names, with all decorations. Exits with
 * a line if the file is not ASCII or names none.
 */
struct hardware_ids inf_hardware_ids(const struct file *inf);

void hardware_ids_free(struct hardware_ids *found);

#endif
