/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file of a driver package, as bytes, and as a PE image if it is one. */
#ifndef CATALOG_FILE_H
#define CATALOG_FILE_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

struct file {
    const char *path;      /* as it was given */
    const char *name;      /* without folders; points into path */
    unsigned char *data;
    size_t size;
    int is_pe;             /* begins with MZ and has PE headers that can be read */
    size_t checksum_at;    /* offset of the optional header's CheckSum */
    size_t security_at;    /* offset of the security directory's entry: file offset and size of the table */
    size_t certificates;   /* offset of the certificate table; size if there is none */
    size_t certificates_size;
};

struct digest {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int size;
};

/* Reads a whole file; exits with a line if that fails. `path` is kept, not copied. */
struct file file_read(const char *path);

void file_free(struct file *file);

/* Digest of all bytes. */
struct digest file_flat_digest(const struct file *file, const EVP_MD *algorithm);

/*
 * What catalogs list for the file. PE images: the Authenticode digest, of all bytes but CheckSum, the security
 * directory's entry and the certificate table. All others: of all bytes.
 * Source: Windows Authenticode Portable Executable Signature Format, "Calculating the PE Image Hash".
 */
struct digest file_listed_digest(const struct file *file, const EVP_MD *algorithm);

/* The image checksum as the kernel's loader computes it. PE images only. */
uint32_t file_checksum(const struct file *file);

uint16_t get16(const unsigned char *at);
uint32_t get32(const unsigned char *at);

#endif
