/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Leak accounting: whatever the driver holds and must give back, by kind. */
#include "nt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct resource {
    struct resource *next;
    const char *kind;
    const void *object;
    const void *caller;
    char detail[64];
};
static struct resource *all;
static bool aside_allowed;
static uint64_t aside;

void resource_add(const char *kind, const void *object, const char *detail)
{
    struct resource *resource = calloc(1, sizeof *resource);

    if (resource == NULL)
        bench_bug("out of memory");
    resource->kind = kind;
    resource->object = object;
    resource->caller = g_blame;
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

void resource_allow_aside(void) { aside_allowed = true; }

uint64_t resource_aside(void) { return aside; }

/* What a device could be given: contiguous memory, pages of a cyclic buffer, nonpaged pool in whole pages. */
static bool is_reachable(const struct resource *resource)
{
    const struct block *block = arena_find(resource->object);

    if (strcmp(resource->kind, "contiguous memory") == 0 || strcmp(resource->kind, "stream pages") == 0)
        return true;
    return strcmp(resource->kind, "pool") == 0 && block != NULL && block->kind == BLOCK_POOL &&
           block->bytes % PAGE_SIZE == 0;
}

static void set_aside(void)
{
    struct resource **link = &all, *resource;

    while ((resource = *link) != NULL) {
        if (!is_reachable(resource)) {
            link = &resource->next;
            continue;
        }
        aside++;
        *link = resource->next;
        free(resource);
    }
}

void resource_report_leaks(void)
{
    const struct resource *resource;
    char first[160] = "";
    uint64_t leaks = 0;

    if (aside_allowed)
        set_aside();
    for (resource = all; resource != NULL; resource = resource->next) {
        char line[512];

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
