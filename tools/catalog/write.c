/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "write.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/pkcs7.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "inf.h"
#include "schema.h"

enum { NAME_VALUE_FLAGS = 0x10010001, SIP_VERSION = 0x200, IDENTIFIER_SIZE = 16 };

#define OS_OF_MEMBERS "2:6.1" /* Windows NT 6.1 */

/* How the two kinds of member differ. The values hold an empty file name, as those of Inf2Cat do. */
struct kind {
    const char *oid;
    const char *sip;
    int value_type;
    unsigned char value[16];
    int value_size;
};

static const struct kind PE_IMAGE = {
    /* SEQUENCE { BIT STRING 101, [0] { [2] { [0] "" } } } */
    OID_PE_IMAGE, "{C689AAB8-8E78-11D0-8C47-00C04FC295EE}", V_ASN1_SEQUENCE,
    {0x30, 0x0a, 0x03, 0x02, 0x05, 0xa0, 0xa0, 0x04, 0xa2, 0x02, 0x80, 0x00}, 12,
};
static const struct kind FLAT_FILE = {
    /* [2] { [0] "" } */
    OID_FLAT_FILE, "{DE351A42-8E59-11D0-8C47-00C04FC295EE}", V_ASN1_OTHER, {0xa2, 0x02, 0x80, 0x00}, 4,
};

/* UTF-16, little-endian and with its NUL, or big-endian without, into a string of any ASN.1 type. */
static void set_utf16(ASN1_STRING *string, const char *text, int little)
{
    size_t length = strlen(text) + (little ? 1 : 0);
    unsigned char *units = must_resize(NULL, 2 * length);

    memset(units, 0, 2 * length);
    for (size_t at = 0; at < length; at++) {
        units[2 * at + (little ? 0 : 1)] = (unsigned char)text[at];
    }
    must(ASN1_STRING_set(string, units, (int)(2 * length)));
    free(units);
}

/* The DER of a value, as a new string of `type`. */
static ASN1_STRING *packed(void *value, const ASN1_ITEM *item, int type)
{
    ASN1_STRING *string = ASN1_STRING_type_new(type);
    unsigned char *der = NULL;
    int size = ASN1_item_i2d(value, &der, item);

    must(string != NULL && size > 0);
    ASN1_STRING_set0(string, der, size);
    return string;
}

static NAME_VALUE *name_value(const char *name, const char *value)
{
    NAME_VALUE *pair = NAME_VALUE_new();

    must(pair != NULL && ASN1_INTEGER_set(pair->flags, NAME_VALUE_FLAGS));
    set_utf16(pair->name, name, 0);
    set_utf16(pair->value, value, 1);
    return pair;
}

/* Adds {OID, SET {value}} to the member; takes the value. */
static void add_attribute(CTL_MEMBER *member, const char *oid, void *value, const ASN1_ITEM *item)
{
    X509_ATTRIBUTE *attribute = X509_ATTRIBUTE_new();
    ASN1_OBJECT *object = new_oid(oid);
    ASN1_STRING *sequence = packed(value, item, V_ASN1_SEQUENCE);

    must(attribute != NULL && X509_ATTRIBUTE_set1_object(attribute, object) &&
        X509_ATTRIBUTE_set1_data(attribute, V_ASN1_SEQUENCE, sequence->data, sequence->length) &&
        sk_X509_ATTRIBUTE_push(member->attributes, attribute));
    ASN1_STRING_free(sequence);
    ASN1_OBJECT_free(object);
    ASN1_item_free(value, item);
}

static void add_name_value(CTL_MEMBER *member, const char *name, const char *value)
{
    add_attribute(member, OID_NAME_VALUE, name_value(name, value), ASN1_ITEM_rptr(NAME_VALUE));
}

static void add_indirect_data(CTL_MEMBER *member, const struct kind *kind, const struct digest *digest)
{
    INDIRECT_DATA *data = INDIRECT_DATA_new();
    ASN1_STRING *value = ASN1_STRING_type_new(kind->value_type);
    X509_ALGOR *algorithm;
    ASN1_OCTET_STRING *bytes;

    must(data != NULL && value != NULL && ASN1_STRING_set(value, kind->value, kind->value_size));
    ASN1_OBJECT_free(data->kind->type);
    data->kind->type = new_oid(kind->oid);
    data->kind->value = ASN1_TYPE_new();
    must(data->kind->value != NULL);
    ASN1_TYPE_set(data->kind->value, kind->value_type, value);
    X509_SIG_getm(data->digest, &algorithm, &bytes);
    must(X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha1), V_ASN1_NULL, NULL) &&
        ASN1_OCTET_STRING_set(bytes, digest->bytes, (int)digest->size));
    add_attribute(member, OID_INDIRECT_DATA, data, ASN1_ITEM_rptr(INDIRECT_DATA));
}

static void add_member_info(CTL_MEMBER *member, const struct kind *kind)
{
    MEMBER_INFO *info = MEMBER_INFO_new();

    must(info != NULL && ASN1_INTEGER_set(info->version, SIP_VERSION));
    set_utf16(info->sip, kind->sip, 0);
    add_attribute(member, OID_MEMBER_INFO, info, ASN1_ITEM_rptr(MEMBER_INFO));
}

static CTL_MEMBER *new_member(const struct file *file)
{
    const struct kind *kind = file->is_pe ? &PE_IMAGE : &FLAT_FILE;
    struct digest digest = file_listed_digest(file, EVP_sha1());
    CTL_MEMBER *member = CTL_MEMBER_new();
    char tag[2 * EVP_MAX_MD_SIZE + 1];
    char name[256];
    size_t length = strlen(file->name);

    if (length >= sizeof name) {
        fail("%s: the name is too long", file->path);
    }
    for (size_t at = 0; at <= length; at++) {
        name[at] = (char)tolower((unsigned char)file->name[at]);
    }
    for (unsigned int at = 0; at < digest.size; at++) {
        snprintf(tag + 2 * at, 3, "%02X", digest.bytes[at]);
    }
    must(member != NULL);
    set_utf16(member->tag, tag, 1);
    add_name_value(member, "OSAttr", OS_OF_MEMBERS);
    add_name_value(member, "File", name);
    add_indirect_data(member, kind, &digest);
    add_member_info(member, kind);
    return member;
}

static int by_tag(const CTL_MEMBER *const *left, const CTL_MEMBER *const *right)
{
    return ASN1_OCTET_STRING_cmp((*left)->tag, (*right)->tag);
}

/* Files with the same content are one member. */
static void add_members(CTL *list, const struct catalog_order *order)
{
    sk_CTL_MEMBER_set_cmp_func(list->members, by_tag);
    for (size_t at = 0; at < order->count; at++) {
        CTL_MEMBER *member = new_member(&order->files[at]);

        if (sk_CTL_MEMBER_find(list->members, member) >= 0) {
            CTL_MEMBER_free(member);
            continue;
        }
        must(sk_CTL_MEMBER_push(list->members, member));
    }
    sk_CTL_MEMBER_sort(list->members);
}

static void add_list_attribute(CTL *list, const char *name, const char *value)
{
    NAME_VALUE *pair = name_value(name, value);
    ASN1_STRING *der = packed(pair, ASN1_ITEM_rptr(NAME_VALUE), V_ASN1_OCTET_STRING);
    ASN1_OBJECT *object = new_oid(OID_NAME_VALUE);
    X509_EXTENSION *attribute = X509_EXTENSION_create_by_OBJ(NULL, object, 0, der);

    must(attribute != NULL && sk_X509_EXTENSION_push(list->attributes, attribute));
    ASN1_OBJECT_free(object);
    ASN1_STRING_free(der);
    NAME_VALUE_free(pair);
}

static void add_list_attributes(CTL *list, const struct catalog_order *order)
{
    struct hardware_ids found = inf_hardware_ids(order->inf);
    char name[32];

    list->attributes = sk_X509_EXTENSION_new_null();
    must(list->attributes != NULL);
    add_list_attribute(list, "OS", order->os);
    for (size_t at = 0; at < found.count; at++) {
        snprintf(name, sizeof name, "HWID%zu", at + 1);
        add_list_attribute(list, name, found.ids[at]);
    }
    hardware_ids_free(&found);
}

/* Inf2Cat takes random bytes for the list's identifier; these follow from all else in the list. */
static void set_identifier(CTL *list)
{
    unsigned char identifier[EVP_MAX_MD_SIZE] = {0};
    ASN1_STRING *der;

    must(ASN1_OCTET_STRING_set(list->identifier, identifier, IDENTIFIER_SIZE));
    der = packed(list, ASN1_ITEM_rptr(CTL), V_ASN1_SEQUENCE);
    must(EVP_Digest(der->data, (size_t)der->length, identifier, NULL, EVP_sha256(), NULL) &&
        ASN1_OCTET_STRING_set(list->identifier, identifier, IDENTIFIER_SIZE));
    ASN1_STRING_free(der);
}

static CTL *new_list(const struct catalog_order *order)
{
    CTL *list = CTL_new();

    must(list != NULL && sk_ASN1_OBJECT_push(list->usage, new_oid(OID_CATALOG_LIST)));
    if (ASN1_UTCTIME_set(list->this_update, order->time) == NULL) {
        fail("the time %lld is not one of a catalog", (long long)order->time);
    }
    must(X509_ALGOR_set0(list->subject, new_oid(OID_MEMBER_V1), V_ASN1_NULL, NULL));
    add_members(list, order);
    add_list_attributes(list, order);
    set_identifier(list);
    return list;
}

/* The list as the content of signed data that nobody has signed. */
static PKCS7 *wrap(CTL *list)
{
    PKCS7 *outer = PKCS7_new(), *inner = PKCS7_new();

    must(outer != NULL && inner != NULL && PKCS7_set_type(outer, NID_pkcs7_signed));
    inner->type = new_oid(OID_CTL);
    inner->d.other = ASN1_TYPE_new();
    must(inner->d.other != NULL);
    ASN1_TYPE_set(inner->d.other, V_ASN1_SEQUENCE, packed(list, ASN1_ITEM_rptr(CTL), V_ASN1_SEQUENCE));
    must(PKCS7_set_content(outer, inner));
    return outer;
}

static void save(const ASN1_STRING *der, const char *output)
{
    size_t room = strlen(output) + sizeof ".tmp";
    char *temporary = must_resize(NULL, room);
    FILE *stream;
    int written;

    snprintf(temporary, room, "%s.tmp", output);
    stream = fopen(temporary, "wb");
    if (stream == NULL) {
        fail("%s: %s", output, strerror(errno));
    }
    written = fwrite(der->data, 1, (size_t)der->length, stream) == (size_t)der->length;
    if (fclose(stream) != 0 || !written || rename(temporary, output) != 0) {
        int error = errno;

        remove(temporary);
        fail("%s: cannot be written: %s", output, strerror(error));
    }
    free(temporary);
}

void catalog_write(const struct catalog_order *order)
{
    CTL *list = new_list(order);
    PKCS7 *signed_data = wrap(list);
    ASN1_STRING *der = packed(signed_data, ASN1_ITEM_rptr(PKCS7), V_ASN1_OCTET_STRING);

    save(der, order->output);
    ASN1_STRING_free(der);
    PKCS7_free(signed_data);
    CTL_free(list);
}
