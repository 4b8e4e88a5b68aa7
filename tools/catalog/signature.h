/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Judges PKCS #7 signatures, of catalogs and embedded in images. */
#ifndef CATALOG_SIGNATURE_H
#define CATALOG_SIGNATURE_H

#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <stddef.h>

#include "report.h"

/* The certificates that a chain has to end in. */
struct anchors {
    STACK_OF(X509) *certificates; /* NULL: none were given */
};

/* Adds the certificates of a file, PEM or DER; exits with a line if it holds none. */
void anchors_read(struct anchors *anchors, const char *path);

void anchors_free(struct anchors *anchors);

/*
 * Reads signed data whose content is a SEQUENCE of type `content_oid`, insisting on DER: no byte may be other than an
 * encoder would write it, which finds changes outside of what is signed. After it at most `padding` zero bytes.
 * NULL: *trouble says why.
 */
PKCS7 *signed_data_read(const unsigned char *der, size_t size, size_t padding, const char *content_oid,
    const char **trouble);

/* The content of signed data: its SEQUENCE as DER, which `p7` owns. */
const ASN1_STRING *signed_data_content(const PKCS7 *p7);

/* Adds two findings about `file`: "signature", of the content, and "chain", of the signer's certificate. */
void signature_judge(struct report *report, const char *file, PKCS7 *p7, const struct anchors *anchors);

#endif
