/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which basic blocks of the image were executed (tools/coverage.py). Each begins
 * with a breakpoint, which the first one who comes there takes out, so that it
 * costs nothing afterwards. It is planted through the window on guest RAM, since
 * the code itself is read-only. The driver runs the bytes that were shipped: a
 * block is as it was before its first instruction runs, and reads of the code
 * other than by execution find breakpoints, which no driver of ours makes.
 *
 * The environment says where: AERO_COVERAGE_BLOCKS names a file of offsets in
 * the image (32 bits each, host's order), AERO_COVERAGE_HITS one to which those that were
 * reached are appended in the same form.
 */
#include "nt.h"
#include "../pe/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BREAKPOINT_BYTE 0xCCu

static uint32_t *blocks; /* ascending */
static uint8_t *original; /* bytes that the breakpoints stand for */
static bool *reached;
static size_t count;

static void read_blocks(const char *path)
{
    FILE *file = fopen(path, "rb");
    long bytes;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (bytes = ftell(file)) < 0)
        bench_bug("cannot read %s", path);
    rewind(file);
    count = (size_t)bytes / sizeof *blocks;
    blocks = calloc(count + 1, sizeof *blocks);
    original = calloc(count + 1, 1);
    reached = calloc(count + 1, sizeof *reached);
    if (blocks == NULL || original == NULL || reached == NULL || fread(blocks, sizeof *blocks, count, file) != count)
        bench_bug("cannot read %s", path);
    fclose(file);
}

void coverage_plant(void)
{
    const char *path = getenv("AERO_COVERAGE_BLOCKS");
    size_t i;

    if (path == NULL)
        return;
    if (blocks == NULL)
        read_blocks(path);
    for (i = 0; i < count; i++) {
        if (reached[i])
            continue;
        if (blocks[i] >= g_image.bytes)
            bench_bug("%s: %#x lies outside the image", path, blocks[i]);
        original[i] = *image_window(blocks[i]);
        *image_window(blocks[i]) = BREAKPOINT_BYTE;
    }
}

bool coverage_trap(const uint8_t *pc)
{
    size_t low = 0, high = count;
    uint32_t offset;

    if (count == 0 || !image_contains(pc, 1))
        return false;
    offset = (uint32_t)(pc - g_image.base);
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (blocks[middle] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == count || blocks[low] != offset || reached[low])
        return false;
    reached[low] = true;
    *image_window(offset) = original[low];
    return true;
}

void coverage_write(void)
{
    const char *path = getenv("AERO_COVERAGE_HITS");
    size_t i, hits = 0;
    int file;

    if (count == 0 || path == NULL)
        return;
    for (i = 0; i < count; i++)
        if (reached[i])
            blocks[hits++] = blocks[i];
    count = 0;
    file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0 || write(file, blocks, hits * sizeof *blocks) != (ssize_t)(hits * sizeof *blocks))
        fprintf(stderr, "guest: cannot write %s\n", path);
    if (file >= 0)
        close(file);
}
