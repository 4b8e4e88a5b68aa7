/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fail.h"

/* Offsets and values of Microsoft's PE format, https://learn.microsoft.com/windows/win32/debug/pe-format */
enum {
    DOS_HEADER_SIZE = 64,
    DOS_NEW_HEADER = 60,
    OPTIONAL_HEADER = 24,       /* after the signature and the file header */
    OPTIONAL_CHECKSUM = 64,
    PE32_MAGIC = 0x10b,
    PE32_DIRECTORIES = 96,
    PE32PLUS_MAGIC = 0x20b,
    PE32PLUS_DIRECTORIES = 112,
    SECURITY_DIRECTORY = 4,
    DIRECTORY_SIZE = 8,
};

uint16_t get16(const unsigned char *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

uint32_t get32(const unsigned char *at)
{
    return get16(at) | (uint32_t)get16(at + 2) << 16;
}

static void find_pe(struct file *file)
{
    size_t header, optional, directories;

    file->certificates = file->size;
    if (file->size < DOS_HEADER_SIZE || memcmp(file->data, "MZ", 2) != 0) {
        return;
    }
    header = get32(file->data + DOS_NEW_HEADER);
    if (header > file->size || file->size - header < OPTIONAL_HEADER + PE32PLUS_DIRECTORIES +
            (SECURITY_DIRECTORY + 1) * DIRECTORY_SIZE || memcmp(file->data + header, "PE\0\0", 4) != 0) {
        return;
    }
    optional = header + OPTIONAL_HEADER;
    switch (get16(file->data + optional)) {
    case PE32_MAGIC:
        directories = optional + PE32_DIRECTORIES;
        break;
    case PE32PLUS_MAGIC:
        directories = optional + PE32PLUS_DIRECTORIES;
        break;
    default:
        return;
    }
    if (get32(file->data + directories - 4) <= SECURITY_DIRECTORY) {
        return;
    }
    file->is_pe = 1;
    file->checksum_at = optional + OPTIONAL_CHECKSUM;
    file->security_at = directories + SECURITY_DIRECTORY * DIRECTORY_SIZE;
    file->certificates_size = get32(file->data + file->security_at + 4);
    if (file->certificates_size != 0) {
        file->certificates = get32(file->data + file->security_at);
    }
}

struct file file_read(const char *path)
{
    struct file file = {.path = path};
    struct stat state;
    FILE *stream = fopen(path, "rb");
    const char *slash = strrchr(path, '/');

    file.name = slash != NULL ? slash + 1 : path;
    if (stream == NULL || fstat(fileno(stream), &state) != 0) {
        fail("%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(state.st_mode)) {
        fail("%s: not a file", path);
    }
    file.size = (size_t)state.st_size;
    file.data = must_resize(NULL, file.size);
    if (fread(file.data, 1, file.size, stream) != file.size) {
        fail("%s: cannot be read", path);
    }
    fclose(stream);
    find_pe(&file);
    return file;
}

void file_free(struct file *file)
{
    free(file->data);
    file->data = NULL;
}

struct digest file_flat_digest(const struct file *file, const EVP_MD *algorithm)
{
    struct digest digest;

    must(EVP_Digest(file->data, file->size, digest.bytes, &digest.size, algorithm, NULL));
    return digest;
}

static void add(EVP_MD_CTX *context, const struct file *file, size_t from, size_t to)
{
    must(from >= to || EVP_DigestUpdate(context, file->data + from, to - from));
}

struct digest file_listed_digest(const struct file *file, const EVP_MD *algorithm)
{
    struct digest digest;
    EVP_MD_CTX *context;
    size_t table = file->certificates < file->size ? file->certificates : file->size;
    size_t after = table + file->certificates_size;

    if (!file->is_pe) {
        return file_flat_digest(file, algorithm);
    }
    context = EVP_MD_CTX_new();
    must(context != NULL && EVP_DigestInit_ex(context, algorithm, NULL));
    add(context, file, 0, file->checksum_at);
    add(context, file, file->checksum_at + 4, file->security_at);
    add(context, file, file->security_at + DIRECTORY_SIZE, table);
    add(context, file, after, file->size);
    must(EVP_DigestFinal_ex(context, digest.bytes, &digest.size));
    EVP_MD_CTX_free(context);
    return digest;
}

uint32_t file_checksum(const struct file *file)
{
    uint32_t sum = 0;

    for (size_t at = 0; at < file->size; at += 2) {
        int skipped = at >= file->checksum_at && at < file->checksum_at + 4;

        if (!skipped) {
            sum += at + 1 < file->size ? get16(file->data + at) : file->data[at];
            sum = (sum & 0xffff) + (sum >> 16);
        }
    }
    return sum + (uint32_t)file->size;
}
