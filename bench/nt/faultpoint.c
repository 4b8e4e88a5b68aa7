/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "faultpoint.h"

#include "nt.h"

#include <string.h>

static const struct {
    const char *name;
    NTSTATUS status;
} kinds[] = {
#define FAULT_ROW(id_, name_, status_) [id_] = {name_, status_},
    FAULT_TABLE(FAULT_ROW)};

static uint64_t uses[FAULT_KINDS];
static enum fault_kind planned = FAULT_KINDS, also = FAULT_KINDS;
static uint64_t planned_use;
static bool planned_for_good;

bool fault_point(enum fault_kind kind)
{
    bool fails;

    if (g_frames == NULL)
        return false;
    uses[kind]++;
    fails = kind == planned && (planned_for_good ? uses[kind] >= planned_use : uses[kind] == planned_use);
    fails = fails || kind == also;
    if (fails)
        trace("fault: use %llu of '%s' fails", (unsigned long long)uses[kind], kinds[kind].name);
    return fails;
}

NTSTATUS fault_status(enum fault_kind kind) { return kinds[kind].status; }

void fault_plan(enum fault_kind kind, uint64_t nth, bool for_good)
{
    memset(uses, 0, sizeof uses);
    planned = kind;
    planned_use = nth;
    planned_for_good = for_good;
    also = FAULT_KINDS;
}

void fault_plan_also(enum fault_kind kind) { also = kind; }

void fault_plan_nothing(void) { planned = also = FAULT_KINDS; }

uint64_t fault_uses(enum fault_kind kind) { return uses[kind]; }

const char *fault_name(enum fault_kind kind) { return kinds[kind].name; }

enum fault_kind fault_find(const char *name)
{
    unsigned kind;

    for (kind = 0; kind < FAULT_KINDS; kind++)
        if (strcmp(kinds[kind].name, name) == 0)
            break;
    return (enum fault_kind)kind;
}
