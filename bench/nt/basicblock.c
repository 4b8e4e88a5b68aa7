/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The basic blocks of the driver, found as they are entered: from any
 * instruction to the next one behind which another than its neighbour may run.
 * At that one a breakpoint is planted, through the window on guest RAM, and the
 * bench carries it out in the driver's place (steps.c). Everything before it runs
 * as it was shipped, at full speed.
 *
 * String moves end a block too: how many bytes they copy shows only then.
 */
#include "nt.h"
#include "../pe/image.h"

#include <stdlib.h>
#include <string.h>

#define BREAKPOINT_BYTE 0xCCu

static uint16_t *lengths; /* by offset in the image, of the block that begins there; 0: not entered yet */
static struct basicblock_end **ends; /* likewise */
static size_t size;

static size_t offset_of(const uint8_t *pc) { return (size_t)(pc - g_image.base); }

static void prepare(void)
{
    if (lengths != NULL)
        return;
    size = g_image.bytes;
    lengths = calloc(size, sizeof(uint16_t));
    ends = calloc(size, sizeof(struct basicblock_end *));
    if (lengths == NULL || ends == NULL)
        bench_bug("no memory for the basic blocks of the image");
}

static bool ends_block(const struct link_insn *insn)
{
    return insn->kind >= LINK_INSN_JUMP_IF || (insn->kind == LINK_INSN_STRING && strstr(insn->text, "movs") != NULL);
}

static void add_end(const uint8_t *pc, const struct link_insn *insn)
{
    struct basicblock_end *end = malloc(sizeof *end);

    if (end == NULL)
        bench_bug("no memory for a basic block");
    *end = (struct basicblock_end){.insn = *insn, .at = pc, .original = *pc};
    ends[offset_of(pc)] = end;
    basicblock_plant(end, true);
}

static unsigned discover(const uint8_t *pc)
{
    unsigned instructions = 0;

    while (image_contains_code(pc)) {
        const struct link_insn *insn;

        instructions++;
        if (ends[offset_of(pc)] != NULL)
            break;
        insn = host_decode(pc);
        if (ends_block(insn)) {
            add_end(pc, insn);
            break;
        }
        if (insn->length == 0 || insn->kind == LINK_INSN_INT3)
            break; /* nothing runs behind it, and what it does is the driver's fault */
        pc += insn->length;
    }
    return instructions;
}

unsigned basicblock_length(const uint8_t *pc)
{
    uint16_t *length;

    prepare();
    length = &lengths[offset_of(pc)];
    if (*length == 0)
        *length = (uint16_t)discover(pc);
    return *length;
}

struct basicblock_end *basicblock_end(const uint8_t *pc)
{
    return ends != NULL && offset_of(pc) < size ? ends[offset_of(pc)] : NULL;
}

void basicblock_plant(const struct basicblock_end *end, bool planted)
{
    *image_window(offset_of(end->at)) = planted ? BREAKPOINT_BYTE : end->original;
}

void basicblock_forget(void)
{
    size_t i;

    for (i = 0; i < size; i++) {
        if (ends[i] == NULL)
            continue;
        basicblock_plant(ends[i], false);
        free(ends[i]);
    }
    free(lengths);
    free(ends);
    lengths = NULL;
    ends = NULL;
    size = 0;
}
