/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Storage and names of the GUIDs. */
#include "com.h"

#include <stdio.h>
#include <string.h>

#define GUID_OF(a, b, c, ...) {a, b, c, {__VA_ARGS__}}
#define GUID_DEFINE(name_, ...) const GUID name_ = GUID_OF(__VA_ARGS__);
KS_GUID_TABLE(GUID_DEFINE)
COM_GUID_TABLE(GUID_DEFINE)

static const struct {
    const GUID *guid;
    const char *name;
} g_names[] = {
#define GUID_NAME(name_, ...) {&name_, #name_},
    KS_GUID_TABLE(GUID_NAME) COM_GUID_TABLE(GUID_NAME)};

bool guid_equal(const GUID *a, const GUID *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

const char *guid_text(const GUID *guid)
{
    static char text[2][40];
    static unsigned turn;
    for (size_t i = 0; i < sizeof g_names / sizeof *g_names; i++) {
        if (guid_equal(g_names[i].guid, guid))
            return g_names[i].name;
    }
    char *out = text[turn++ & 1];
    snprintf(out, sizeof text[0], "{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}", (unsigned)guid->Data1,
             guid->Data2, guid->Data3, guid->Data4[0], guid->Data4[1], guid->Data4[2], guid->Data4[3], guid->Data4[4],
             guid->Data4[5], guid->Data4[6], guid->Data4[7]);
    return out;
}
