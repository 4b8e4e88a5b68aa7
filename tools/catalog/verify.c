/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What finds a changed byte: in a flat file its digest in the catalog; in a catalog its signature, the strict form of
 * what is outside of that, and the chain to a given certificate; in an image the digest in the catalog, and for what
 * Authenticode leaves out (CheckSum, security directory, certificate table) the image checksum, the table's strict form
 * and the embedded signature.
 */
#include "verify.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "fail.h"
#include "file.h"
#include "list.h"
#include "schema.h"

struct catalog {
    const char *name;
    struct list list;
};

struct package {
    char **paths; /* of all files, sorted */
    size_t path_count;
    size_t root;  /* length of the folder's path and its slash: what follows is a file's name in the report */
    struct catalog *catalogs;
    size_t catalog_count;
    struct report report;
};

/* Digests that catalogs list files by. */
static const EVP_MD *(*const DIGESTS[])(void) = {EVP_sha1, EVP_sha256};

/* WIN_CERTIFICATE: length, revision, type, then the signature. */
enum { TABLE_HEADER = 8, TABLE_REVISION = 0x200, TABLE_PKCS = 2, TABLE_ALIGNMENT = 8 };

static void walk(struct package *package, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);

    if (count < 0) {
        fail("%s: %s", folder, strerror(errno));
    }
    for (int at = 0; at < count; at++) {
        struct stat state;
        char *path;

        must(asprintf(&path, "%s/%s", folder, entries[at]->d_name) >= 0);
        if (strcmp(entries[at]->d_name, ".") == 0 || strcmp(entries[at]->d_name, "..") == 0) {
            free(path);
        } else if (lstat(path, &state) == 0 && S_ISDIR(state.st_mode)) {
            walk(package, path);
            free(path);
        } else {
            package->paths = must_resize(package->paths, (package->path_count + 1) * sizeof *package->paths);
            package->paths[package->path_count++] = path;
        }
        free(entries[at]);
    }
    free(entries);
}

static int is_catalog(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot != NULL && strcasecmp(dot, ".cat") == 0;
}

static void open_catalog(struct package *package, const char *path, const struct anchors *anchors)
{
    struct catalog catalog = {.name = path + package->root};
    struct file file = file_read(path);
    const char *trouble;
    PKCS7 *p7 = signed_data_read(file.data, file.size, 0, OID_CTL, &trouble);

    if (p7 == NULL || !list_read(&catalog.list, signed_data_content(p7), &trouble)) {
        report_add(&package->report, catalog.name, "form", VERDICT_BAD, "%s", trouble);
    } else {
        report_add(&package->report, catalog.name, "form", VERDICT_OK, "version %d, %zu member%s",
            catalog.list.version, catalog.list.count, catalog.list.count == 1 ? "" : "s");
    }
    if (p7 != NULL) {
        signature_judge(&package->report, catalog.name, p7, anchors);
    }
    package->catalogs = must_resize(package->catalogs, (package->catalog_count + 1) * sizeof *package->catalogs);
    package->catalogs[package->catalog_count++] = catalog;
    PKCS7_free(p7);
    file_free(&file);
}

static void judge_membership(struct package *package, const char *name, const struct file *file, int unlisted_allowed)
{
    const char *found = NULL;

    for (size_t at = 0; at < package->catalog_count; at++) {
        for (size_t kind = 0; kind < sizeof DIGESTS / sizeof *DIGESTS; kind++) {
            struct digest listed = file_listed_digest(file, DIGESTS[kind]());
            struct digest flat = file_flat_digest(file, DIGESTS[kind]());
            struct list *list = &package->catalogs[at].list;

            if (list_meet(list, &listed) + list_meet(list, &flat) > 0) {
                found = package->catalogs[at].name;
            }
        }
    }
    if (found != NULL) {
        report_add(&package->report, name, "member", VERDICT_OK, "listed in %s", found);
    } else {
        report_add(&package->report, name, "member", unlisted_allowed ? VERDICT_NONE : VERDICT_BAD,
            "no catalog lists a file with these bytes");
    }
}

static void judge_checksum(struct package *package, const char *name, const struct file *file)
{
    uint32_t stated = get32(file->data + file->checksum_at), right = file_checksum(file);

    if (stated == right) {
        report_add(&package->report, name, "checksum", VERDICT_OK, "%08x", right);
    } else {
        report_add(&package->report, name, "checksum", VERDICT_BAD, "the header says %08x, the bytes %08x", stated,
            right);
    }
}

/* The certificate table ends the file and holds one signature; else why not. */
static const char *table_trouble(const struct file *file)
{
    const unsigned char *table = file->data + file->certificates;
    size_t length;

    if (file->certificates % TABLE_ALIGNMENT != 0 || file->certificates > file->size ||
        file->size - file->certificates != file->certificates_size) {
        return "the certificate table does not reach to the end of the file";
    }
    if (file->certificates_size < TABLE_HEADER) {
        return "the certificate table is cut off";
    }
    length = get32(table);
    if (length > file->certificates_size || file->certificates_size - length >= TABLE_ALIGNMENT ||
        length < TABLE_HEADER) {
        return "the certificate table does not hold just one signature";
    }
    if (get16(table + 4) != TABLE_REVISION || get16(table + 6) != TABLE_PKCS) {
        return "the certificate table is not of revision 2 and type PKCS #7";
    }
    return NULL;
}

/* The signed data speaks of this image's digest; else why not. */
static const char *image_trouble(const struct file *file, const PKCS7 *p7)
{
    const ASN1_STRING *content = signed_data_content(p7);
    const unsigned char *der = content->data;
    INDIRECT_DATA *data = d2i_INDIRECT_DATA(NULL, &der, content->length);
    const char *trouble = "it is not of an image";

    if (data != NULL && is_oid(data->kind->type, OID_PE_IMAGE)) {
        const X509_ALGOR *algorithm;
        const ASN1_OBJECT *object;
        const ASN1_OCTET_STRING *stated;
        const EVP_MD *kind;

        X509_SIG_get0(data->digest, &algorithm, &stated);
        X509_ALGOR_get0(&object, NULL, NULL, algorithm);
        kind = EVP_get_digestbyobj(object);
        trouble = "it is of other bytes";
        if (kind != NULL) {
            struct digest digest = file_listed_digest(file, kind);

            if ((unsigned int)stated->length == digest.size && memcmp(stated->data, digest.bytes, digest.size) == 0) {
                trouble = NULL;
            }
        }
    }
    INDIRECT_DATA_free(data);
    return trouble;
}

static void judge_embedded(struct package *package, const char *name, const struct file *file,
    const struct anchors *anchors)
{
    const char *trouble;
    PKCS7 *p7 = NULL;

    if (file->certificates_size == 0) {
        report_add(&package->report, name, "signature", VERDICT_NONE, "none embedded");
        return;
    }
    trouble = table_trouble(file);
    if (trouble == NULL) {
        p7 = signed_data_read(file->data + file->certificates + TABLE_HEADER, file->certificates_size - TABLE_HEADER,
            TABLE_ALIGNMENT - 1, OID_INDIRECT_DATA, &trouble);
    }
    if (trouble == NULL) {
        trouble = image_trouble(file, p7);
    }
    if (trouble != NULL) {
        report_add(&package->report, name, "signature", VERDICT_BAD, "%s", trouble);
    } else {
        signature_judge(&package->report, name, p7, anchors);
    }
    PKCS7_free(p7);
}

static void judge_file(struct package *package, const char *path, const struct verify_order *order)
{
    const char *name = path + package->root;
    struct file file = file_read(path);

    judge_membership(package, name, &file, order->unlisted_allowed);
    if (file.is_pe) {
        judge_checksum(package, name, &file);
        judge_embedded(package, name, &file, order->anchors);
    }
    file_free(&file);
}

/* After all files have been met. */
static void judge_missing(struct package *package, const struct catalog *catalog)
{
    size_t missing = 0;
    const char *first = NULL;

    for (size_t at = 0; at < catalog->list.count; at++) {
        const struct member *member = &catalog->list.members[at];

        if (!member->met) {
            missing++;
            first = first == NULL ? member->name : first;
        }
    }
    if (missing == 0) {
        report_add(&package->report, catalog->name, "members", VERDICT_OK, "every listed file is here");
    } else {
        report_add(&package->report, catalog->name, "members", VERDICT_BAD, "%zu of %zu missing or changed: %s%s",
            missing, catalog->list.count, first != NULL ? first : "(nameless)", missing > 1 ? ", ..." : "");
    }
}

static void package_free(struct package *package)
{
    report_free(&package->report);
    for (size_t at = 0; at < package->catalog_count; at++) {
        list_free(&package->catalogs[at].list);
    }
    free(package->catalogs);
    while (package->path_count > 0) {
        free(package->paths[--package->path_count]);
    }
    free(package->paths);
}

int package_verify(const struct verify_order *order)
{
    struct package package = {.root = strlen(order->folder) + 1};
    int good;

    walk(&package, order->folder);
    for (size_t at = 0; at < package.path_count; at++) {
        if (is_catalog(package.paths[at])) {
            open_catalog(&package, package.paths[at], order->anchors);
        }
    }
    if (package.catalog_count == 0) {
        fail("%s: no catalog (*.cat) in it", order->folder);
    }
    for (size_t at = 0; at < package.path_count; at++) {
        if (!is_catalog(package.paths[at])) {
            judge_file(&package, package.paths[at], order);
        }
    }
    for (size_t at = 0; at < package.catalog_count; at++) {
        judge_missing(&package, &package.catalogs[at]);
    }
    good = report_print(&package.report, order->folder, order->json);
    package_free(&package);
    return good ? EXIT_GOOD : EXIT_BAD;
}
