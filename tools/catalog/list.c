/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "list.h"

#include <ctype.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "schema.h"

/* The ASCII of UTF-16LE text without its NUL; other characters become '?'. */
static char *from_utf16(const ASN1_STRING *text)
{
    size_t length = (size_t)text->length / 2;
    char *ascii = must_resize(NULL, length + 1);

    for (size_t at = 0; at < length; at++) {
        unsigned int unit = get16(text->data + 2 * at);

        ascii[at] = unit < 127 ? (char)unit : '?';
    }
    ascii[length] = '\0';
    return ascii;
}

static int hex_digit(char digit)
{
    return isdigit((unsigned char)digit) ? digit - '0' : toupper((unsigned char)digit) - 'A' + 10;
}

/* A tag of version 1 is the digest as text, of version 2 the digest itself. */
static int read_tag(struct digest *digest, const ASN1_STRING *tag, int version)
{
    char *text;
    size_t length;

    if (version == 2) {
        digest->size = (unsigned int)tag->length;
        memcpy(digest->bytes, tag->data, tag->length > EVP_MAX_MD_SIZE ? 0 : (size_t)tag->length);
        return tag->length == 20 || tag->length == 32;
    }
    text = from_utf16(tag);
    length = strlen(text);
    digest->size = (unsigned int)(length / 2);
    if ((length != 40 && length != 64) || strspn(text, "0123456789ABCDEFabcdef") != length) {
        free(text);
        return 0;
    }
    for (size_t at = 0; at < length; at += 2) {
        digest->bytes[at / 2] = (unsigned char)(hex_digit(text[at]) << 4 | hex_digit(text[at + 1]));
    }
    free(text);
    return 1;
}

/* The only value of an attribute, read as `item`; NULL if it is something else. */
static void *attribute_value(X509_ATTRIBUTE *attribute, const ASN1_ITEM *item)
{
    const ASN1_STRING *sequence = X509_ATTRIBUTE_get0_data(attribute, 0, V_ASN1_SEQUENCE, NULL);
    const unsigned char *der = sequence != NULL ? sequence->data : NULL;

    return der != NULL ? ASN1_item_d2i(NULL, &der, sequence->length, item) : NULL;
}

/* The digest in a member's data is that of its tag. */
static int same_digest(X509_ATTRIBUTE *attribute, const struct digest *tag)
{
    INDIRECT_DATA *data = attribute_value(attribute, ASN1_ITEM_rptr(INDIRECT_DATA));
    const ASN1_OCTET_STRING *digest;
    int same = 0;

    if (data != NULL) {
        X509_SIG_get0(data->digest, NULL, &digest);
        same = (unsigned int)digest->length == tag->size && memcmp(digest->data, tag->bytes, tag->size) == 0;
    }
    INDIRECT_DATA_free(data);
    return same;
}

static void read_name(struct member *member, X509_ATTRIBUTE *attribute)
{
    static const unsigned char FILE_NAME[] = {0, 'F', 0, 'i', 0, 'l', 0, 'e'};
    NAME_VALUE *pair = attribute_value(attribute, ASN1_ITEM_rptr(NAME_VALUE));

    if (pair != NULL && member->name == NULL && pair->name->length == sizeof FILE_NAME &&
        memcmp(pair->name->data, FILE_NAME, sizeof FILE_NAME) == 0) {
        member->name = from_utf16(pair->value);
    }
    NAME_VALUE_free(pair);
}

static const char *read_member(struct member *member, const CTL_MEMBER *from, int version)
{
    if (!read_tag(&member->digest, from->tag, version)) {
        return "a member's tag is no digest";
    }
    for (int at = 0; at < sk_X509_ATTRIBUTE_num(from->attributes); at++) {
        X509_ATTRIBUTE *attribute = sk_X509_ATTRIBUTE_value(from->attributes, at);
        const ASN1_OBJECT *object = X509_ATTRIBUTE_get0_object(attribute);

        if (is_oid(object, OID_INDIRECT_DATA) && !same_digest(attribute, &member->digest)) {
            return "a member's tag and digest differ";
        }
        if (is_oid(object, OID_NAME_VALUE)) {
            read_name(member, attribute);
        }
    }
    return NULL;
}

static const char *read_members(struct list *list, const CTL *from)
{
    const ASN1_OBJECT *subject;

    X509_ALGOR_get0(&subject, NULL, NULL, from->subject);
    list->version = is_oid(subject, OID_MEMBER_V1) ? 1 : is_oid(subject, OID_MEMBER_V2) ? 2 : 0;
    if (list->version == 0 || sk_ASN1_OBJECT_num(from->usage) != 1 ||
        !is_oid(sk_ASN1_OBJECT_value(from->usage, 0), OID_CATALOG_LIST)) {
        return "a trust list, but no catalog of version 1 or 2";
    }
    list->count = (size_t)sk_CTL_MEMBER_num(from->members);
    list->members = must_resize(NULL, list->count * sizeof *list->members);
    memset(list->members, 0, list->count * sizeof *list->members);
    for (size_t at = 0; at < list->count; at++) {
        const char *trouble = read_member(&list->members[at], sk_CTL_MEMBER_value(from->members, (int)at),
            list->version);

        if (trouble != NULL) {
            return trouble;
        }
    }
    return NULL;
}

int list_read(struct list *list, const ASN1_STRING *der, const char **trouble)
{
    const unsigned char *at = der->data;
    CTL *from = d2i_CTL(NULL, &at, der->length);

    *trouble = from == NULL ? "not a trust list" : read_members(list, from);
    CTL_free(from);
    ERR_clear_error();
    if (*trouble != NULL) {
        list_free(list);
    }
    return *trouble == NULL;
}

int list_meet(struct list *list, const struct digest *digest)
{
    int met = 0;

    for (size_t at = 0; at < list->count; at++) {
        struct member *member = &list->members[at];

        if (member->digest.size == digest->size && memcmp(member->digest.bytes, digest->bytes, digest->size) == 0) {
            member->met = 1;
            met++;
        }
    }
    return met;
}

void list_free(struct list *list)
{
    while (list->count > 0) {
        free(list->members[--list->count].name);
    }
    free(list->members);
    list->members = NULL;
}
