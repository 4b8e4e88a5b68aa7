/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which basic blocks of the image were executed, and which ways out of its
 * conditional jumps (tools/coverage.py). Each block begins with a breakpoint,
 * which the first one who comes there takes out. On a conditional jump is one
 * too, until the jump has gone both ways, or so often one way that the run would
 * never end; meanwhile it is done here, as its condition and the flags say.
 * Breakpoints are planted through the window on guest RAM, since the code itself
 * is read-only. The driver runs the bytes that were shipped: an instruction is as
 * it was before it runs, or does here what it would have done, and reads of the
 * code other than by execution find breakpoints, which no driver of ours makes.
 *
 * The environment says where: AERO_COVERAGE_POINTS names a file of offsets in the
 * image (32 bits each, host's order, ascending), with JUMP for a jump and without
 * it for a block; AERO_COVERAGE_HITS one to which what was reached is appended:
 * offsets of blocks, and of jumps with the ways they went.
 */
#include "emulate.h"
#include "../pe/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BREAKPOINT_BYTE 0xCCu
#define JUMP 0x80000000u
#define WENT 0x80000000u  /* in what is written: the jump was taken */
#define STAYED 0x40000000u /* it was not */
#define KINDS (WENT | STAYED)

#define PASSES_MOST 256u /* of one jump, one way, in one run */

static struct point {
    uint32_t offset;
    uint8_t original; /* the byte that the breakpoint stands for */
    bool is_block, is_jump;
    bool reached;
    uint32_t ways; /* WENT, STAYED */
    unsigned passes;
} *points; /* ascending, each offset once */
static size_t count;

static void take_point(uint32_t word)
{
    uint32_t offset = word & ~KINDS;

    if (count == 0 || points[count - 1].offset != offset)
        points[count++] = (struct point){.offset = offset};
    points[count - 1].is_jump |= (word & JUMP) != 0;
    points[count - 1].is_block |= (word & JUMP) == 0;
}

static void read_points(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint32_t word;
    long bytes;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (bytes = ftell(file)) < 0)
        bench_bug("cannot read %s", path);
    rewind(file);
    points = calloc((size_t)bytes / sizeof word + 1, sizeof *points);
    if (points == NULL)
        bench_bug("out of memory");
    while (fread(&word, sizeof word, 1, file) == 1)
        take_point(word);
    fclose(file);
}

static bool is_done(const struct point *point)
{
    bool is_known = point->ways == (WENT | STAYED) || point->passes >= PASSES_MOST;

    return (!point->is_block || point->reached) && (!point->is_jump || is_known);
}

void coverage_plant(void)
{
    const char *path = getenv("AERO_COVERAGE_POINTS");
    size_t i;

    if (path == NULL)
        return;
    if (points == NULL)
        read_points(path);
    for (i = 0; i < count; i++) {
        if (is_done(&points[i]))
            continue;
        if (points[i].offset >= g_image.bytes)
            bench_bug("%s: %#x lies outside the image", path, points[i].offset);
        points[i].original = *image_window(points[i].offset);
        *image_window(points[i].offset) = BREAKPOINT_BYTE;
    }
}

static struct point *find(uint32_t offset)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (points[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && points[low].offset == offset ? &points[low] : NULL;
}

/* Does what the conditional jump at pc does; where it leads. */
static const uint8_t *jump(struct point *point, const uint8_t *pc, unsigned long flags)
{
    bool is_near = point->original == 0x0F;
    unsigned opcode = is_near ? pc[1] ^ 0xF0u : point->original; /* 0F 80+condition is 70+condition with more room */
    const uint8_t *after = pc + (is_near ? 6 : 2);
    int32_t distance = pc[1] - (pc[1] < 0x80 ? 0 : 0x100);
    bool taken = emulate_condition(opcode & 0x0Fu, flags);

    if ((opcode & 0xF0u) != 0x70)
        bench_bug("%#x: no conditional jump", point->offset);
    if (is_near)
        memcpy(&distance, pc + 2, sizeof distance);
    point->ways |= taken ? WENT : STAYED;
    point->passes++;
    return taken ? after + distance : after;
}

const uint8_t *coverage_trap(const uint8_t *pc, unsigned long flags)
{
    struct point *point = NULL;

    if (count != 0 && image_contains(pc, 1))
        point = find((uint32_t)(pc - g_image.base));
    if (point == NULL || is_done(point))
        return NULL;
    point->reached = true;
    if (point->is_jump)
        pc = jump(point, pc, flags);
    if (is_done(point))
        *image_window(point->offset) = point->original;
    return pc;
}

void coverage_write(void)
{
    const char *path = getenv("AERO_COVERAGE_HITS");
    uint32_t *hits;
    size_t i, used = 0;
    int file;

    if (count == 0 || path == NULL || (hits = calloc(count, 2 * sizeof *hits)) == NULL)
        return;
    for (i = 0; i < count; i++) {
        if (points[i].reached && points[i].is_block)
            hits[used++] = points[i].offset;
        if (points[i].ways != 0)
            hits[used++] = points[i].offset | points[i].ways;
    }
    count = 0;
    file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0 || write(file, hits, used * sizeof *hits) != (ssize_t)(used * sizeof *hits))
        fprintf(stderr, "guest: cannot write %s\n", path);
    if (file >= 0)
        close(file);
    free(hits);
}
