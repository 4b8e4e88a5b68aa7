/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The members of a catalog, of either version. */
#ifndef CATALOG_LIST_H
#define CATALOG_LIST_H

#include <openssl/asn1.h>

#include "file.h"

struct member {
    struct digest digest;
    char *name; /* of its File attribute, or NULL */
    int met;    /* set by the reader of the list: a file of this digest is there */
};

struct list {
    struct member *members;
    size_t count;
    int version;
};

/* Reads a CTL. False: *trouble says why, and the list is empty. */
int list_read(struct list *list, const ASN1_STRING *der, const char **trouble);

/* Marks the members with this digest; their number. */
int list_meet(struct list *list, const struct digest *digest);

void list_free(struct list *list);

#endif
