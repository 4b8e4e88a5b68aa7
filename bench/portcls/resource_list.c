/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* IResourceList: the device's resources as the driver reads them. [D portcls/nn-portcls-iresourcelist] */
#include "portcls.h"

#include <string.h>

#define RESOURCE_LIST_KIND "resource list"
#define ENTRIES_MAX 32

/* One CM_RESOURCE_LIST with room for ENTRIES_MAX descriptors. */
struct list_block {
    CM_RESOURCE_LIST list;
    CM_PARTIAL_RESOURCE_DESCRIPTOR more[ENTRIES_MAX - 1];
};
struct resource_list {
    struct com_object com;
    ULONG maximum;
    struct list_block translated;
    struct list_block raw;
};

static CM_PARTIAL_RESOURCE_LIST *partial(struct list_block *block)
{
    return &block->list.List[0].PartialResourceList;
}

/* The n-th descriptor of a type; offsets are computed, because PartialDescriptors is declared with one element. */
static CM_PARTIAL_RESOURCE_DESCRIPTOR *entry(struct list_block *block, ULONG index)
{
    unsigned char *base = (unsigned char *)partial(block) + offsetof(CM_PARTIAL_RESOURCE_LIST, PartialDescriptors);
    return (CM_PARTIAL_RESOURCE_DESCRIPTOR *)(void *)(base + index * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR));
}

static struct resource_list *list_of(void *face, const char *what)
{
    irql_require_max(PASSIVE_LEVEL, what);
    return com_object_of(face, RESOURCE_LIST_KIND);
}

static ULONG NTAPI NumberOfEntries(void *face)
{
    return partial(&list_of(face, "IResourceList::NumberOfEntries")->translated)->Count;
}

static CM_PARTIAL_RESOURCE_DESCRIPTOR *find(struct list_block *block, ULONG type, ULONG index)
{
    for (ULONG i = 0; i < partial(block)->Count; i++) {
        CM_PARTIAL_RESOURCE_DESCRIPTOR *e = entry(block, i);
        if (e->Type == type && index-- == 0)
            return e;
    }
    return NULL;
}

static ULONG NTAPI NumberOfEntriesOfType(void *face, ULONG type)
{
    struct resource_list *list = list_of(face, "IResourceList::NumberOfEntriesOfType");
    ULONG n = 0;
    while (find(&list->translated, type, n))
        n++;
    return n;
}

static CM_PARTIAL_RESOURCE_DESCRIPTOR *NTAPI FindTranslatedEntry(void *face, ULONG type, ULONG index)
{
    return find(&list_of(face, "IResourceList::FindTranslatedEntry")->translated, type, index);
}

static CM_PARTIAL_RESOURCE_DESCRIPTOR *NTAPI FindUntranslatedEntry(void *face, ULONG type, ULONG index)
{
    return find(&list_of(face, "IResourceList::FindUntranslatedEntry")->raw, type, index);
}

static NTSTATUS add(struct resource_list *list, const CM_PARTIAL_RESOURCE_DESCRIPTOR *translated,
                    const CM_PARTIAL_RESOURCE_DESCRIPTOR *raw)
{
    ULONG n = partial(&list->translated)->Count;
    if (n >= list->maximum)
        return STATUS_INSUFFICIENT_RESOURCES;
    *entry(&list->translated, n) = *translated;
    *entry(&list->raw, n) = *raw;
    partial(&list->translated)->Count = n + 1;
    partial(&list->raw)->Count = n + 1;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI AddEntry(void *face, CM_PARTIAL_RESOURCE_DESCRIPTOR *translated,
                               CM_PARTIAL_RESOURCE_DESCRIPTOR *raw)
{
    struct resource_list *list = list_of(face, "IResourceList::AddEntry");
    if (!memory_is_readable(translated, sizeof *translated) || !memory_is_readable(raw, sizeof *raw))
        violation("PORTCLS_BAD_ARGUMENT", "IResourceList::AddEntry with an unreadable descriptor");
    return add(list, translated, raw);
}

static NTSTATUS NTAPI AddEntryFromParent(void *face, void *parent_face, ULONG type, ULONG index)
{
    struct resource_list *list = list_of(face, "IResourceList::AddEntryFromParent");
    struct resource_list *parent = com_object_of(parent_face, RESOURCE_LIST_KIND);
    CM_PARTIAL_RESOURCE_DESCRIPTOR *translated = find(&parent->translated, type, index);
    CM_PARTIAL_RESOURCE_DESCRIPTOR *raw = find(&parent->raw, type, index);
    return translated && raw ? add(list, translated, raw) : STATUS_INVALID_PARAMETER;
}

static CM_RESOURCE_LIST *NTAPI TranslatedList(void *face)
{
    return &list_of(face, "IResourceList::TranslatedList")->translated.list;
}

static CM_RESOURCE_LIST *NTAPI UntranslatedList(void *face)
{
    return &list_of(face, "IResourceList::UntranslatedList")->raw.list;
}

static const struct {
    COM_UNKNOWN_SLOTS;
    ULONG(NTAPI *NumberOfEntries)(void *);
    ULONG(NTAPI *NumberOfEntriesOfType)(void *, ULONG);
    CM_PARTIAL_RESOURCE_DESCRIPTOR *(NTAPI *FindTranslatedEntry)(void *, ULONG, ULONG);
    CM_PARTIAL_RESOURCE_DESCRIPTOR *(NTAPI *FindUntranslatedEntry)(void *, ULONG, ULONG);
    NTSTATUS(NTAPI *AddEntry)(void *, CM_PARTIAL_RESOURCE_DESCRIPTOR *, CM_PARTIAL_RESOURCE_DESCRIPTOR *);
    NTSTATUS(NTAPI *AddEntryFromParent)(void *, void *, ULONG, ULONG);
    CM_RESOURCE_LIST *(NTAPI *TranslatedList)(void *);
    CM_RESOURCE_LIST *(NTAPI *UntranslatedList)(void *);
} g_vtbl = {COM_UNKNOWN_METHODS, NumberOfEntries,    NumberOfEntriesOfType, FindTranslatedEntry, FindUntranslatedEntry,
            AddEntry,            AddEntryFromParent, TranslatedList,        UntranslatedList};
_Static_assert(sizeof g_vtbl == 11 * sizeof(void *), "IResourceList");

static const struct com_interface g_interfaces[] = {{&IID_IResourceList, 0}, {NULL, 0}};

static void copy_list(struct list_block *out, const CM_RESOURCE_LIST *in)
{
    out->list.Count = 1;
    out->list.List[0].InterfaceType = in ? in->List[0].InterfaceType : PCIBus;
    out->list.List[0].BusNumber = in ? in->List[0].BusNumber : 0;
    partial(out)->Version = 1;
    partial(out)->Revision = 1;
    partial(out)->Count = 0;
}

void *resource_list_create(const CM_RESOURCE_LIST *translated, const CM_RESOURCE_LIST *raw)
{
    static const void *const vtbls[] = {&g_vtbl};
    struct resource_list *list = com_create(sizeof *list, RESOURCE_LIST_KIND, g_interfaces, vtbls, 1, NULL);
    list->maximum = ENTRIES_MAX;
    copy_list(&list->translated, translated);
    copy_list(&list->raw, raw);
    if (translated && raw && translated->Count && raw->Count) {
        const CM_PARTIAL_RESOURCE_LIST *t = &translated->List[0].PartialResourceList;
        const CM_PARTIAL_RESOURCE_LIST *r = &raw->List[0].PartialResourceList;
        for (ULONG i = 0; i < t->Count && i < r->Count; i++)
            add(list, &t->PartialDescriptors[i], &r->PartialDescriptors[i]);
    }
    return list;
}

static NTSTATUS NTAPI PcNewResourceList(void **out, void *outer, ULONG pool, CM_RESOURCE_LIST *translated,
                                        CM_RESOURCE_LIST *raw)
{
    (void)pool;
    if (!memory_is_writable(out, sizeof *out) || outer)
        violation("PORTCLS_BAD_ARGUMENT", "PcNewResourceList: bad result pointer, or aggregation");
    struct com_object *list = resource_list_create(translated, raw);
    *out = &list->faces[0];
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI PcNewResourceSublist(void **out, void *outer, ULONG pool, void *parent, ULONG maximum)
{
    (void)pool;
    com_object_of(parent, RESOURCE_LIST_KIND);
    if (!memory_is_writable(out, sizeof *out) || outer || maximum == 0)
        violation("PORTCLS_BAD_ARGUMENT", "PcNewResourceSublist: bad result pointer, aggregation or no entries");
    struct resource_list *list = resource_list_create(NULL, NULL);
    list->maximum = maximum < ENTRIES_MAX ? maximum : ENTRIES_MAX;
    *out = &list->com.faces[0];
    return STATUS_SUCCESS;
}

NT_EXPORT("portcls.sys", PcNewResourceList, PASSIVE_LEVEL);
NT_EXPORT("portcls.sys", PcNewResourceSublist, PASSIVE_LEVEL);
