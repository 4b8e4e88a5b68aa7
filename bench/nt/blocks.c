/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An image may count its own basic blocks, in a section .SCOV (mk/fuzz.mk builds one). The section is mapped from the
 * link's file. Blocks are a measure of work that no clock disturbs: each service routine and each DPC may execute so
 * many. Images without the section are not measured.
 */
#include "nt.h"

#include <string.h>
#include <sys/mman.h>

/* Eight times what the longest DPC on an honest device needs. */
#define BLOCKS_LIMIT 20000u

static const volatile struct link_coverage *counts; /* NULL: the image does not count */
static uint64_t longest;

void blocks_map(void *section, size_t bytes)
{
    if (bytes > LINK_COVERAGE_BYTES)
        bad_image("%zu bytes of coverage are more than the %u that the link has room for", bytes, LINK_COVERAGE_BYTES);
    host_map_link(section, bytes, LINK_COVERAGE_OFFSET);
    counts = section;
}

void blocks_forget(void) { counts = NULL; }

uint64_t blocks_executed(void) { return counts != NULL ? counts->blocks : 0; }

uint64_t blocks_longest(void) { return longest; }

void blocks_require_short(uint64_t since, const char *what)
{
    uint64_t blocks = blocks_executed() - since;

    longest = MAX(longest, blocks);
    if (blocks > BLOCKS_LIMIT)
        violation("DPC_TOO_LONG", "%s executed %llu basic blocks; the limit is %u", what, (unsigned long long)blocks,
                  BLOCKS_LIMIT);
}
