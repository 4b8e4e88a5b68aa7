/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Endpoint discovery as Windows' endpoint builder does it: from each streaming
 * pin through nodes and physical connections to a bridge pin that nothing is
 * connected to. [W audio/audio-endpoint-builder-algorithm]
 */
#include "client.h"

#include <string.h>

struct walker {
    bool capture; /* walk against the data flow */
    struct endpoint *endpoint;
};

/* False: the path is endless. */
static bool add_step(struct endpoint *e, const struct port *port, ULONG node, ULONG pin)
{
    if (e->step_count == ENDPOINT_STEPS_MAX)
        return false;
    e->steps[e->step_count++] = (struct endpoint_step){port, node, pin};
    return true;
}

/* The pin at the other end of a physical connection; false: there is none. */
static bool cross(const struct walker *w, struct port **port, ULONG *pin)
{
    const struct adapter *adapter = adapter_current();
    for (size_t i = 0; adapter && i < adapter->connection_count; i++) {
        const struct connection *c = &adapter->connections[i];
        if (!w->capture && c->from == *port && c->from_pin == *pin) {
            *port = c->to;
            *pin = c->to_pin;
            return true;
        }
        if (w->capture && c->to == *port && c->to_pin == *pin) {
            *port = c->from;
            *pin = c->from_pin;
            return true;
        }
    }
    return false;
}

static bool walk(struct walker *w, struct port *port, ULONG node, ULONG pin);

static bool leave(struct walker *w, struct port *port, ULONG pin)
{
    struct port *other = port;
    ULONG other_pin = pin;
    if (!add_step(w->endpoint, port, PCFILTER_NODE, pin))
        return false;
    if (cross(w, &other, &other_pin))
        return walk(w, other, PCFILTER_NODE, other_pin);
    if (pin_is_streaming(filter_pin(port, pin)))
        return false;
    w->endpoint->bridge_port = port;
    w->endpoint->bridge = pin;
    w->endpoint->category = filter_pin(port, pin)->KsPinDescriptor.Category;
    return true;
}

/* From a filter pin or a node, along (or against) the connections inside the filter. */
static bool walk(struct walker *w, struct port *port, ULONG node, ULONG pin)
{
    const PCFILTER_DESCRIPTOR *f = port->filter;
    size_t depth = w->endpoint->step_count;
    if (!add_step(w->endpoint, port, node, pin))
        return false;
    depth++;
    for (ULONG i = 0; i < f->ConnectionCount; i++) {
        const PCCONNECTION_DESCRIPTOR *c = &f->Connections[i];
        ULONG here = w->capture ? c->ToNode : c->FromNode;
        ULONG here_pin = w->capture ? c->ToNodePin : c->FromNodePin;
        ULONG there = w->capture ? c->FromNode : c->ToNode;
        ULONG there_pin = w->capture ? c->FromNodePin : c->ToNodePin;
        if (here != node || (node == PCFILTER_NODE && here_pin != pin))
            continue;
        if (there == PCFILTER_NODE ? leave(w, port, there_pin) : walk(w, port, there, there_pin))
            return true;
        w->endpoint->step_count = depth; /* a dead end */
    }
    return false;
}

/* KSPROPERTY_JACK_DESCRIPTION of the endpoint's pin: a KSMULTIPLE_ITEM with one description per channel pair. */
static bool read_jack(const struct endpoint *e, ULONG id, void *out, ULONG item_size)
{
    struct {
        KSMULTIPLE_ITEM head;
        unsigned char items[256];
    } value;
    ULONG instance[2] = {e->bridge, 0};
    struct ks_request request = {.set = &KSPROPSETID_Jack, .id = id, .node = NO_NODE, .instance = instance,
                                 .instance_size = sizeof instance};
    NTSTATUS status = ks_property_get_variable(e->bridge_port, &request, &value, sizeof value);
    if (!NT_SUCCESS(status))
        return false;
    if (request.answer_size < sizeof value.head || value.head.Count == 0 ||
        value.head.Size != sizeof value.head + value.head.Count * item_size || request.answer_size != value.head.Size)
        violation("JACK_SIZE", "jack property %u: %u bytes, Size %u, Count %u, %u bytes each", (unsigned)id,
                  (unsigned)request.answer_size, (unsigned)value.head.Size, (unsigned)value.head.Count,
                  (unsigned)item_size);
    memcpy(out, value.items, item_size);
    return true;
}

static void check_jack(const struct endpoint *e)
{
    const KSJACK_DESCRIPTION *j = &e->jack;
    if (j->ConnectionType > 11 || j->GeoLocation > 15 || j->GenLocation > 3 || j->PortConnection > 3 ||
        (j->IsConnected != 0 && j->IsConnected != 1) || (j->Color & 0xFF000000u))
        violation("JACK_DESCRIPTION", "jack of %s: type %u, geo %u, gen %u, port %u, connected %d, color %#x",
                  endpoint_name(e), (unsigned)j->ConnectionType, (unsigned)j->GeoLocation, (unsigned)j->GenLocation,
                  (unsigned)j->PortConnection, (int)j->IsConnected, (unsigned)j->Color);
    if (e->capture && j->ChannelMapping)
        violation("JACK_DESCRIPTION", "jack of %s: ChannelMapping %#x on a capture pin", endpoint_name(e),
                  (unsigned)j->ChannelMapping);
}

size_t endpoints_find(struct endpoint *out, size_t max)
{
    const struct adapter *adapter = adapter_current();
    size_t count = 0;
    for (size_t p = 0; adapter && p < adapter->port_count; p++) {
        struct port *port = adapter->ports[p];
        for (ULONG i = 0; filter_pin(port, i); i++) {
            const PCPIN_DESCRIPTOR *pin = filter_pin(port, i);
            if (!pin_is_streaming(pin) || count == max)
                continue;
            struct endpoint *e = &out[count];
            memset(e, 0, sizeof *e);
            e->capture = pin->KsPinDescriptor.DataFlow == KSPIN_DATAFLOW_OUT;
            e->wave = port;
            e->pin = i;
            struct walker w = {.capture = e->capture, .endpoint = e};
            if (!walk(&w, port, PCFILTER_NODE, i))
                continue; /* Windows shows no endpoint for it */
            e->has_jack = read_jack(e, KSPROPERTY_JACK_DESCRIPTION, &e->jack, sizeof e->jack);
            e->has_jack2 = read_jack(e, KSPROPERTY_JACK_DESCRIPTION2, &e->jack2, sizeof e->jack2);
            if (e->has_jack)
                check_jack(e);
            count++;
        }
    }
    return count;
}

struct endpoint endpoint_require(bool capture)
{
    struct endpoint all[ENDPOINTS_MAX];
    struct endpoint *found = NULL;
    size_t n = endpoints_find(all, ENDPOINTS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (all[i].capture != capture)
            continue;
        if (!found)
            found = &all[i];
    }
    if (!found)
        scenario_failed("the driver shows no %s endpoint", capture ? "capture" : "render");
    return *found;
}

const char *endpoint_name(const struct endpoint *e)
{
    static const struct {
        const GUID *category;
        const char *name;
    } names[] = {{&KSNODETYPE_SPEAKER, "Speakers"},
                 {&KSNODETYPE_MICROPHONE, "Microphone"},
                 {&KSNODETYPE_HEADPHONES, "Headphones"},
                 {&KSNODETYPE_LINE_CONNECTOR, "Line"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (guid_equal(names[i].category, e->category))
            return names[i].name;
    }
    return guid_text(e->category);
}
