/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A port's filter descriptor, validated to the last pointer. The rules are those
 * of KS topology tests: no orphan pins or nodes, ranges with sane bounds, one
 * input and output per node (SUM and MUX: at least one), tables well formed.
 * [W audio/exposing-filter-topology; KS topology test of the logo kit]
 */
#include "portcls.h"

#include <stdio.h>
#include <string.h>

#define TABLE_ITEMS_MAX 256
#define NODES_MAX 64
#define ALL_ITEM_FLAGS                                                                                                 \
    (KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET | KSPROPERTY_TYPE_BASICSUPPORT | KSPROPERTY_TYPE_SERIALIZERAW |         \
     KSPROPERTY_TYPE_UNSERIALIZERAW | KSPROPERTY_TYPE_SERIALIZESIZE | KSPROPERTY_TYPE_DEFAULTVALUES |                  \
     KSPROPERTY_TYPE_SETSUPPORT)

const PCPIN_DESCRIPTOR *filter_pin(const struct port *port, ULONG pin)
{
    const PCFILTER_DESCRIPTOR *f = port->filter;
    if (!f || pin >= f->PinCount)
        return NULL;
    return (const PCPIN_DESCRIPTOR *)(const void *)((const char *)f->Pins + (size_t)pin * f->PinSize);
}

const PCNODE_DESCRIPTOR *filter_node(const struct port *port, ULONG node)
{
    const PCFILTER_DESCRIPTOR *f = port->filter;
    if (!f || node >= f->NodeCount)
        return NULL;
    return (const PCNODE_DESCRIPTOR *)(const void *)((const char *)f->Nodes + (size_t)node * f->NodeSize);
}

bool pin_is_streaming(const PCPIN_DESCRIPTOR *pin)
{
    return pin->KsPinDescriptor.Communication == KSPIN_COMMUNICATION_SINK ||
           pin->KsPinDescriptor.Communication == KSPIN_COMMUNICATION_SOURCE ||
           pin->KsPinDescriptor.Communication == KSPIN_COMMUNICATION_BOTH;
}

const PCPROPERTY_ITEM *automation_property(const PCAUTOMATION_TABLE *table, ULONG index)
{
    if (!table || index >= table->PropertyCount)
        return NULL;
    return (const PCPROPERTY_ITEM *)(const void *)((const char *)table->Properties +
                                                   (size_t)index * table->PropertyItemSize);
}

const PCPROPERTY_ITEM *automation_find(const PCAUTOMATION_TABLE *table, const GUID *set, ULONG id)
{
    const PCPROPERTY_ITEM *item;
    for (ULONG i = 0; (item = automation_property(table, i)) != NULL; i++) {
        if (item->Id == id && guid_equal(item->Set, set))
            return item;
    }
    return NULL;
}

static void need(const void *p, size_t bytes, const char *where, const char *what)
{
    if (!memory_is_readable(p, bytes))
        violation("DESCRIPTOR_UNREADABLE", "%s: %s (%p, %zu bytes) is not readable", where, what, p, bytes);
    if (!memory_is_nonpaged(p, bytes))
        violation("DESCRIPTOR_PAGED", "%s: %s lies in pageable memory", where, what);
}

/* ---- automation tables ---- */

/* Property, method and event items have one shape, so one check serves all three. */
static void check_items(const char *where, const char *kind, ULONG size, ULONG count, const void *items)
{
    if (count == 0)
        return;
    if (size < sizeof(PCPROPERTY_ITEM) || size % 8 != 0)
        violation("AUTOMATION_ITEM_SIZE", "%s: %s item size %u is not a multiple of 8 that holds an item", where, kind,
                  (unsigned)size);
    if (count > TABLE_ITEMS_MAX)
        violation("AUTOMATION_TABLE", "%s: %u %s items", where, (unsigned)count, kind);
    need(items, (size_t)size * count, where, kind);
    for (ULONG i = 0; i < count; i++) {
        const PCPROPERTY_ITEM *item = (const void *)((const char *)items + (size_t)i * size);
        need(item->Set, sizeof *item->Set, where, "item set GUID");
        if (!image_contains_code((const void *)item->Handler))
            violation("AUTOMATION_HANDLER", "%s: %s item %s %u: handler %p is no code of the driver", where, kind,
                      guid_text(item->Set), (unsigned)item->Id, (const void *)item->Handler);
        if (item->Flags == 0 || (item->Flags & ~ALL_ITEM_FLAGS))
            violation("AUTOMATION_FLAGS", "%s: %s item %s %u: flags %#x", where, kind, guid_text(item->Set),
                      (unsigned)item->Id, (unsigned)item->Flags);
        for (ULONG j = 0; j < i; j++) {
            const PCPROPERTY_ITEM *other = (const void *)((const char *)items + (size_t)j * size);
            if (other->Id == item->Id && guid_equal(other->Set, item->Set))
                violation("AUTOMATION_DUPLICATE", "%s: %s item %s %u appears twice", where, kind, guid_text(item->Set),
                          (unsigned)item->Id);
        }
    }
}

static void check_automation(const char *where, const PCAUTOMATION_TABLE *table)
{
    if (!table)
        return;
    need(table, sizeof *table, where, "automation table");
    if (table->Reserved != 0)
        violation("AUTOMATION_TABLE", "%s: Reserved is not 0", where);
    check_items(where, "property", table->PropertyItemSize, table->PropertyCount, table->Properties);
    check_items(where, "method", table->MethodItemSize, table->MethodCount, table->Methods);
    check_items(where, "event", table->EventItemSize, table->EventCount, table->Events);
}

/* ---- pins ---- */

static void check_audio_range(const char *where, const KSDATARANGE *range)
{
    const KSDATARANGE_AUDIO *audio = (const KSDATARANGE_AUDIO *)(const void *)range;
    if (range->FormatSize != sizeof *audio)
        violation("DATA_RANGE_SIZE", "%s: PCM range FormatSize %u is not sizeof(KSDATARANGE_AUDIO) = 88", where,
                  (unsigned)range->FormatSize);
    need(audio, sizeof *audio, where, "KSDATARANGE_AUDIO");
    if (!guid_equal(&range->Specifier, &KSDATAFORMAT_SPECIFIER_WAVEFORMATEX) &&
        !guid_equal(&range->Specifier, &KSDATAFORMAT_SPECIFIER_DSOUND))
        violation("DATA_RANGE", "%s: PCM range with specifier %s", where, guid_text(&range->Specifier));
    if (audio->MaximumChannels == 0 || audio->MinimumBitsPerSample > audio->MaximumBitsPerSample ||
        audio->MinimumBitsPerSample < 8 || audio->MaximumBitsPerSample > 32 ||
        audio->MinimumSampleFrequency > audio->MaximumSampleFrequency || audio->MinimumSampleFrequency < 1 ||
        audio->MaximumSampleFrequency > 2000000)
        violation("DATA_RANGE", "%s: %u channels, %u..%u bits, %u..%u Hz", where, (unsigned)audio->MaximumChannels,
                  (unsigned)audio->MinimumBitsPerSample, (unsigned)audio->MaximumBitsPerSample,
                  (unsigned)audio->MinimumSampleFrequency, (unsigned)audio->MaximumSampleFrequency);
}

static void check_ranges(const char *where, const KSPIN_DESCRIPTOR *pin, bool streaming)
{
    if (pin->DataRangesCount == 0 || pin->DataRangesCount > TABLE_ITEMS_MAX)
        violation("DATA_RANGE", "%s: %u data ranges", where, (unsigned)pin->DataRangesCount);
    need(pin->DataRanges, pin->DataRangesCount * sizeof *pin->DataRanges, where, "data range list");
    for (ULONG i = 0; i < pin->DataRangesCount; i++) {
        const KSDATARANGE *range = pin->DataRanges[i];
        need(range, sizeof *range, where, "data range");
        if (range->FormatSize < sizeof *range || range->FormatSize % 8 != 0)
            violation("DATA_RANGE_SIZE", "%s: FormatSize %u", where, (unsigned)range->FormatSize);
        need(range, range->FormatSize, where, "data range");
        if (!guid_equal(&range->MajorFormat, &KSDATAFORMAT_TYPE_AUDIO))
            violation("DATA_RANGE", "%s: major format %s", where, guid_text(&range->MajorFormat));
        if (range->Reserved != 0)
            violation("DATA_RANGE", "%s: Reserved is %u", where, (unsigned)range->Reserved);
        if (guid_equal(&range->SubFormat, &KSDATAFORMAT_SUBTYPE_PCM))
            check_audio_range(where, range);
        else if (streaming)
            violation("DATA_RANGE", "%s: a streaming pin offers %s", where, guid_text(&range->SubFormat));
        else if (guid_equal(&range->SubFormat, &KSDATAFORMAT_SUBTYPE_ANALOG) &&
                 !guid_equal(&range->Specifier, &KSDATAFORMAT_SPECIFIER_NONE))
            violation("DATA_RANGE", "%s: analog range with specifier %s", where, guid_text(&range->Specifier));
    }
}

static void check_pin(struct port *port, ULONG index)
{
    const PCPIN_DESCRIPTOR *pin = filter_pin(port, index);
    const KSPIN_DESCRIPTOR *ks = &pin->KsPinDescriptor;
    char where[64];
    snprintf(where, sizeof where, "%s pin %u", port->kind == PORT_WAVERT ? "wave" : "topology", (unsigned)index);
    bool streaming = pin_is_streaming(pin);
    if (ks->DataFlow != KSPIN_DATAFLOW_IN && ks->DataFlow != KSPIN_DATAFLOW_OUT)
        violation("PIN_DESCRIPTOR", "%s: data flow %d", where, (int)ks->DataFlow);
    if ((unsigned)ks->Communication > KSPIN_COMMUNICATION_BRIDGE)
        violation("PIN_DESCRIPTOR", "%s: communication %d", where, (int)ks->Communication);
    if (streaming && ks->Communication != KSPIN_COMMUNICATION_SINK)
        violation("PIN_DESCRIPTOR", "%s: a streaming pin receives IRPs, so its communication is SINK", where);
    if (streaming && port->kind == PORT_TOPOLOGY)
        violation("PIN_DESCRIPTOR", "%s: a topology filter has no streaming pins", where);
    if (pin->MinFilterInstanceCount > pin->MaxFilterInstanceCount ||
        (pin->MaxGlobalInstanceCount != (ULONG)-1 && pin->MaxFilterInstanceCount > pin->MaxGlobalInstanceCount))
        violation("PIN_INSTANCES", "%s: instances global %u, filter %u..%u", where,
                  (unsigned)pin->MaxGlobalInstanceCount, (unsigned)pin->MinFilterInstanceCount,
                  (unsigned)pin->MaxFilterInstanceCount);
    if (streaming != (pin->MaxFilterInstanceCount > 0))
        violation("PIN_INSTANCES", "%s: %u instances of a %s pin", where, (unsigned)pin->MaxFilterInstanceCount,
                  streaming ? "streaming" : "bridge");
    if (ks->InterfacesCount)
        need(ks->Interfaces, ks->InterfacesCount * sizeof *ks->Interfaces, where, "interfaces");
    if (ks->MediumsCount)
        need(ks->Mediums, ks->MediumsCount * sizeof *ks->Mediums, where, "mediums");
    need(ks->Category, sizeof *ks->Category, where, "category");
    if (ks->Name)
        need(ks->Name, sizeof *ks->Name, where, "name");
    check_ranges(where, ks, streaming);
    check_automation(where, pin->AutomationTable);
}

/* ---- connections ---- */

struct usage {
    ULONG in;
    ULONG out;
};

static void check_end(const struct port *port, ULONG node, ULONG pin, bool from, const char *where)
{
    const PCFILTER_DESCRIPTOR *f = port->filter;
    if (node == PCFILTER_NODE) {
        if (pin >= f->PinCount)
            violation("FILTER_CONNECTION", "%s: filter pin %u does not exist", where, (unsigned)pin);
        KSPIN_DATAFLOW flow = filter_pin(port, pin)->KsPinDescriptor.DataFlow;
        if (flow != (from ? KSPIN_DATAFLOW_IN : KSPIN_DATAFLOW_OUT))
            violation("FILTER_CONNECTION", "%s: filter pin %u is used against its data flow", where, (unsigned)pin);
    } else {
        if (node >= f->NodeCount)
            violation("FILTER_CONNECTION", "%s: node %u does not exist", where, (unsigned)node);
        if (from != (pin == 0))
            violation("FILTER_CONNECTION", "%s: node pin %u (0 is the output, 1 and above are inputs)", where,
                      (unsigned)pin);
    }
}

static bool takes_many(const GUID *type)
{
    return guid_equal(type, &KSNODETYPE_SUM) || guid_equal(type, &KSNODETYPE_MUX);
}

static void check_usage(const struct port *port, const struct usage *pins, const struct usage *nodes)
{
    const char *name = port->kind == PORT_WAVERT ? "wave" : "topology";
    for (ULONG i = 0; i < port->filter->PinCount; i++) {
        if (pins[i].in + pins[i].out == 0)
            violation("FILTER_ORPHAN", "%s pin %u has no connection inside the filter", name, (unsigned)i);
    }
    for (ULONG i = 0; i < port->filter->NodeCount; i++) {
        if (nodes[i].in == 0 || nodes[i].out == 0)
            violation("FILTER_ORPHAN", "%s node %u has %u inputs and %u outputs", name, (unsigned)i,
                      (unsigned)nodes[i].in, (unsigned)nodes[i].out);
        if (!takes_many(filter_node(port, i)->Type) && (nodes[i].in != 1 || nodes[i].out != 1))
            violation("FILTER_CONNECTION", "%s node %u has %u inputs and %u outputs instead of one each", name,
                      (unsigned)i, (unsigned)nodes[i].in, (unsigned)nodes[i].out);
    }
}

static void check_connections(const struct port *port)
{
    const PCFILTER_DESCRIPTOR *f = port->filter;
    struct usage pins[FILTER_PINS_MAX] = {{0, 0}};
    struct usage nodes[NODES_MAX] = {{0, 0}};
    char where[64];
    if (f->ConnectionCount == 0 || f->ConnectionCount > TABLE_ITEMS_MAX)
        violation("FILTER_CONNECTION", "%u connections in the filter", (unsigned)f->ConnectionCount);
    need(f->Connections, f->ConnectionCount * sizeof *f->Connections, "filter", "connections");
    for (ULONG i = 0; i < f->ConnectionCount; i++) {
        const PCCONNECTION_DESCRIPTOR *c = &f->Connections[i];
        snprintf(where, sizeof where, "%s connection %u", port->kind == PORT_WAVERT ? "wave" : "topology", (unsigned)i);
        check_end(port, c->FromNode, c->FromNodePin, true, where);
        check_end(port, c->ToNode, c->ToNodePin, false, where);
        (c->FromNode == PCFILTER_NODE ? &pins[c->FromNodePin] : &nodes[c->FromNode])->out++;
        (c->ToNode == PCFILTER_NODE ? &pins[c->ToNodePin] : &nodes[c->ToNode])->in++;
        for (ULONG j = 0; j < i; j++) {
            if (memcmp(&f->Connections[j], c, sizeof *c) == 0)
                violation("FILTER_CONNECTION", "%s repeats connection %u", where, (unsigned)j);
        }
    }
    check_usage(port, pins, nodes);
}

/* ---- categories ---- */

static bool has_category(const PCFILTER_DESCRIPTOR *f, const GUID *category)
{
    for (ULONG i = 0; i < f->CategoryCount; i++) {
        if (guid_equal(&f->Categories[i], category))
            return true;
    }
    return false;
}

static void require_category(const PCFILTER_DESCRIPTOR *f, const GUID *category, const char *why)
{
    if (!has_category(f, category))
        violation("FILTER_CATEGORY", "%s lacks %s", why, guid_text(category));
}

static void check_categories(const struct port *port)
{
    const PCFILTER_DESCRIPTOR *f = port->filter;
    if (f->CategoryCount == 0)
        return; /* the port supplies its defaults */
    need(f->Categories, f->CategoryCount * sizeof *f->Categories, "filter", "categories");
    for (ULONG i = 0; i < f->CategoryCount; i++) {
        for (ULONG j = 0; j < i; j++) {
            if (guid_equal(&f->Categories[i], &f->Categories[j]))
                violation("FILTER_CATEGORY", "category %s twice", guid_text(&f->Categories[i]));
        }
    }
    require_category(f, &KSCATEGORY_AUDIO, "the filter");
    if (port->kind == PORT_TOPOLOGY) {
        require_category(f, &KSCATEGORY_TOPOLOGY, "the topology filter");
        return;
    }
    require_category(f, &KSCATEGORY_REALTIME, "the WaveRT filter");
    for (ULONG i = 0; i < f->PinCount; i++) {
        const PCPIN_DESCRIPTOR *pin = filter_pin(port, i);
        if (pin_is_streaming(pin) && pin->KsPinDescriptor.DataFlow == KSPIN_DATAFLOW_IN)
            require_category(f, &KSCATEGORY_RENDER, "a filter that renders");
        if (pin_is_streaming(pin) && pin->KsPinDescriptor.DataFlow == KSPIN_DATAFLOW_OUT)
            require_category(f, &KSCATEGORY_CAPTURE, "a filter that captures");
    }
}

void filter_validate(struct port *port, const PCFILTER_DESCRIPTOR *f)
{
    need(f, sizeof *f, "filter", "descriptor");
    if (f->Version != 0)
        violation("FILTER_DESCRIPTOR", "Version %u", (unsigned)f->Version);
    if (f->PinCount == 0 || f->PinCount > FILTER_PINS_MAX || f->PinSize < sizeof(PCPIN_DESCRIPTOR) || f->PinSize % 8)
        violation("FILTER_DESCRIPTOR", "%u pins of %u bytes", (unsigned)f->PinCount, (unsigned)f->PinSize);
    need(f->Pins, (size_t)f->PinCount * f->PinSize, "filter", "pins");
    if (f->NodeCount > NODES_MAX ||
        (f->NodeCount && (f->NodeSize < sizeof(PCNODE_DESCRIPTOR) || f->NodeSize % sizeof(void *))))
        violation("FILTER_DESCRIPTOR", "%u nodes of %u bytes", (unsigned)f->NodeCount, (unsigned)f->NodeSize);
    if (f->NodeCount)
        need(f->Nodes, (size_t)f->NodeCount * f->NodeSize, "filter", "nodes");
    check_automation("filter", f->AutomationTable);
    for (ULONG i = 0; i < f->PinCount; i++)
        check_pin(port, i);
    for (ULONG i = 0; i < f->NodeCount; i++) {
        const PCNODE_DESCRIPTOR *node = filter_node(port, i);
        need(node->Type, sizeof *node->Type, "node", "type");
        if (node->Name)
            need(node->Name, sizeof *node->Name, "node", "name");
        check_automation("node", node->AutomationTable);
    }
    check_connections(port);
    check_categories(port);
}
