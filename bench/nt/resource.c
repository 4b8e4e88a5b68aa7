/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Leak accounting: whatever the driver holds and must give back, by kind. Memory
 * that the device keeps, by its own account, is the one thing that may be left.
 */
#include "nt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct resource {
    struct resource *next;
    const char *kind;
    const void *object;
    const void *caller;
    uint64_t number;
    bool kept; /* by the device, when it could last have been given back */
    char detail[64];
};
static struct resource *all;
static uint64_t next_number = 1;

void resource_add(const char *kind, const void *object, const char *detail)
{
    struct resource *resource = calloc(1, sizeof *resource);

    if (resource == NULL)
        bench_bug("out of memory");
    resource->kind = kind;
    resource->object = object;
    resource->caller = g_blame;
    resource->number = next_number++;
    snprintf(resource->detail, sizeof resource->detail, "%s", detail ? detail : "");
    resource->next = all;
    all = resource;
}

bool resource_drop(const char *kind, const void *object)
{
    struct resource **link, *resource;

    for (link = &all; (resource = *link) != NULL; link = &resource->next) {
        if (resource->object != object || strcmp(resource->kind, kind) != 0)
            continue;
        *link = resource->next;
        free(resource);
        return true;
    }
    return false;
}

void resource_remove(const char *kind, const void *object)
{
    if (!resource_drop(kind, object))
        violation("BAD_FREE", "%s %p is released, but there is none (released twice?)", kind, object);
}

size_t resource_count(void)
{
    const struct resource *resource;
    size_t count = 0;

    for (resource = all; resource != NULL; resource = resource->next)
        count++;
    return count;
}

/* ---- memory that the device keeps ---- */

static bool pages_are_kept(const PFN_NUMBER *pfns, size_t pages, unsigned claim)
{
    size_t i;

    for (i = 0; i < pages; i++)
        if (host_claims((uint64_t)pfns[i] << PAGE_SHIFT, PAGE_SIZE) & claim)
            return true;
    return false;
}

static bool is_kept(const struct resource *resource, unsigned claim)
{
    const struct block *block = arena_find(resource->object);
    MDL *mdl = (MDL *)(uintptr_t)resource->object;

    if (strcmp(resource->kind, "pool") == 0 || strcmp(resource->kind, "contiguous memory") == 0)
        return pages_are_kept(arena_pfn(block->pages_start), block->pages, claim);
    if (strcmp(resource->kind, "MDL pages") == 0 || strcmp(resource->kind, "stream pages") == 0)
        return pages_are_kept(mdl_pfns(mdl), BYTES_TO_PAGES((size_t)mdl->ByteOffset + mdl->ByteCount),
                              claim);
    return false;
}

uint64_t resource_mark(void) { return next_number; }

void resource_settle(uint64_t mark)
{
    unsigned claim = mark ? LINK_CLAIM_KEPT | LINK_CLAIM_OUTLASTED : LINK_CLAIM_KEPT;
    struct resource *resource;

    for (resource = all; resource != NULL; resource = resource->next) {
        if (resource->kept || resource->number < mark || !is_kept(resource, claim))
            continue;
        resource->kept = true;
        trace("kept by the device: %s %p %s", resource->kind, resource->object, resource->detail);
    }
}

/* The list of pages that are kept goes with them. */
static bool may_be_left(const struct resource *resource)
{
    const struct resource *pages;

    for (pages = all; pages != NULL; pages = pages->next)
        if (pages->kept && pages->object == resource->object)
            return true;
    return false;
}

void resource_report_leaks(void)
{
    const struct resource *resource;
    char first[160] = "";
    uint64_t leaks = 0;

    for (resource = all; resource != NULL; resource = resource->next) {
        char line[512];

        if (may_be_left(resource))
            continue;
        snprintf(line, sizeof line, "leak: %s %p %s, made by %s", resource->kind, resource->object, resource->detail,
                 host_symbol(resource->caller));
        note("%s", line);
        if (leaks++ == 0)
            snprintf(first, sizeof first, "%.150s", line);
        g_blame = resource->caller;
    }
    g_link->result.leaks += leaks;
    if (leaks)
        violation("LEAK", "%llu left at unload; %s", (unsigned long long)leaks, first);
}
