/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ASN.1 of Windows catalogs and Authenticode signatures, as OpenSSL templates: they read and write.
 *
 * A catalog is PKCS #7 signed data whose content is a certificate trust list (CTL), a bare SEQUENCE. Where the form
 * of PKCS #7 or X.509 fits, OpenSSL's own type is used: X509_ATTRIBUTE is {OID, SET OF value}, X509_EXTENSION
 * {OID, OCTET STRING}, X509_SIG {algorithm, digest}.
 */
#ifndef CATALOG_SCHEMA_H
#define CATALOG_SCHEMA_H

#include <openssl/asn1t.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#define MS_OID "1.3.6.1.4.1.311."
#define OID_CTL MS_OID "10.1"
#define OID_CATALOG_LIST MS_OID "12.1.1"
#define OID_MEMBER_V1 MS_OID "12.1.2"
#define OID_MEMBER_V2 MS_OID "12.1.3"
#define OID_NAME_VALUE MS_OID "12.2.1"
#define OID_MEMBER_INFO MS_OID "12.2.2"
#define OID_INDIRECT_DATA MS_OID "2.1.4"
#define OID_PE_IMAGE MS_OID "2.1.15"
#define OID_FLAT_FILE MS_OID "2.1.25"
#define OID_CODE_SIGNING "1.3.6.1.5.5.7.3.3"
#define OID_RFC3161_TIMESTAMP MS_OID "3.3.1"
#define OID_COUNTERSIGNATURE "1.2.840.113549.1.9.6"

/* A catalog's or a member's named value. */
typedef struct {
    ASN1_BMPSTRING *name;
    ASN1_INTEGER *flags;
    ASN1_OCTET_STRING *value; /* UTF-16LE with its NUL */
} NAME_VALUE;
DECLARE_ASN1_FUNCTIONS(NAME_VALUE)

/* Which subject interface package hashes the member. */
typedef struct {
    ASN1_BMPSTRING *sip;
    ASN1_INTEGER *version;
} MEMBER_INFO;
DECLARE_ASN1_FUNCTIONS(MEMBER_INFO)

/* What kind of file it is. */
typedef struct {
    ASN1_OBJECT *type;
    ASN1_TYPE *value; /* optional */
} SPC_KIND;
DECLARE_ASN1_FUNCTIONS(SPC_KIND)

/* The digest of a file of that kind. */
typedef struct {
    SPC_KIND *kind;
    X509_SIG *digest;
} INDIRECT_DATA;
DECLARE_ASN1_FUNCTIONS(INDIRECT_DATA)

typedef struct {
    ASN1_OCTET_STRING *tag;
    STACK_OF(X509_ATTRIBUTE) *attributes;
} CTL_MEMBER;
DECLARE_ASN1_FUNCTIONS(CTL_MEMBER)
DEFINE_STACK_OF(CTL_MEMBER)

typedef struct {
    STACK_OF(ASN1_OBJECT) *usage;
    ASN1_OCTET_STRING *identifier;
    ASN1_TIME *this_update;
    X509_ALGOR *subject;
    STACK_OF(CTL_MEMBER) *members;
    STACK_OF(X509_EXTENSION) *attributes; /* optional */
} CTL;
DECLARE_ASN1_FUNCTIONS(CTL)

/* True if `object` is the OID with these numbers. */
int is_oid(const ASN1_OBJECT *object, const char *numbers);

/* A new object of an OID given in numbers; ends the program when memory does. */
ASN1_OBJECT *new_oid(const char *numbers);

#endif
