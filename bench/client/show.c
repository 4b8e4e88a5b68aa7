/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What Windows would show of the device: as lines of text, or as one JSON object. */
#include "client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEVICE_PROPERTY_DESCRIPTION 0

static bool g_json;

__attribute__((format(printf, 2, 3))) static void line(bool json, const char *format, ...)
{
    char text[1024];
    va_list args;
    if (json != g_json)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    g_link->a = json;
    host_text(LINK_OP_SHOW, text);
}

static const char *flow(const PCPIN_DESCRIPTOR *pin)
{
    return pin->KsPinDescriptor.DataFlow == KSPIN_DATAFLOW_IN ? "in" : "out";
}

static const char *communication(const PCPIN_DESCRIPTOR *pin)
{
    static const char *const names[] = {"none", "sink", "source", "both", "bridge"};
    return names[pin->KsPinDescriptor.Communication];
}

static void range_text(const KSDATARANGE *range, char *out, size_t size)
{
    const KSDATARANGE_AUDIO *a = (const void *)range;
    if (!guid_equal(&range->SubFormat, &KSDATAFORMAT_SUBTYPE_PCM)) {
        snprintf(out, size, "%s",
                 guid_equal(&range->SubFormat, &KSDATAFORMAT_SUBTYPE_ANALOG) ? "analog" : guid_text(&range->SubFormat));
        return;
    }
    char bits[32];
    char rate[40];
    snprintf(bits, sizeof bits, a->MinimumBitsPerSample == a->MaximumBitsPerSample ? "%u" : "%u..%u",
             (unsigned)a->MinimumBitsPerSample, (unsigned)a->MaximumBitsPerSample);
    snprintf(rate, sizeof rate, a->MinimumSampleFrequency == a->MaximumSampleFrequency ? "%u" : "%u..%u",
             (unsigned)a->MinimumSampleFrequency, (unsigned)a->MaximumSampleFrequency);
    snprintf(out, size, "PCM %s Hz, %s bits, %s%u channel%s", rate, bits, a->MaximumChannels > 1 ? "up to " : "",
             (unsigned)a->MaximumChannels, a->MaximumChannels > 1 ? "s" : "");
}

/* ---- filters ---- */

static void show_pin(const struct port *port, ULONG index, bool last)
{
    const PCPIN_DESCRIPTOR *pin = filter_pin(port, index);
    char range[160];
    range_text(pin->KsPinDescriptor.DataRanges[0], range, sizeof range);
    line(false, "    pin %u  %-3s  %-6s  %-24s %s", (unsigned)index, flow(pin), communication(pin),
         guid_text(pin->KsPinDescriptor.Category), range);
    line(true,
         "{\"pin\":%u,\"flow\":\"%s\",\"communication\":\"%s\",\"category\":\"%s\",\"instances\":%u,"
         "\"range\":\"%s\"}%s",
         (unsigned)index, flow(pin), communication(pin), guid_text(pin->KsPinDescriptor.Category),
         (unsigned)pin->MaxFilterInstanceCount, range, last ? "" : ",");
}

static void end_text(char *out, size_t size, ULONG node, ULONG pin)
{
    if (node == PCFILTER_NODE)
        snprintf(out, size, "pin %u", (unsigned)pin);
    else
        snprintf(out, size, "node %u", (unsigned)node);
}

static void show_inside(const struct port *port)
{
    const PCFILTER_DESCRIPTOR *f = port->filter;
    line(true, "],\"nodes\":[");
    for (ULONG i = 0; i < f->NodeCount; i++) {
        line(false, "    node %u %s", (unsigned)i, guid_text(filter_node(port, i)->Type));
        line(true, "\"%s\"%s", guid_text(filter_node(port, i)->Type), i + 1 < f->NodeCount ? "," : "");
    }
    line(true, "],\"connections\":[");
    for (ULONG i = 0; i < f->ConnectionCount; i++) {
        char from[24];
        char to[24];
        end_text(from, sizeof from, f->Connections[i].FromNode, f->Connections[i].FromNodePin);
        end_text(to, sizeof to, f->Connections[i].ToNode, f->Connections[i].ToNodePin);
        line(false, "    %s --> %s", from, to);
        line(true, "{\"from\":\"%s\",\"to\":\"%s\"}%s", from, to, i + 1 < f->ConnectionCount ? "," : "");
    }
}

static void show_filter(const struct port *port, bool last)
{
    const char *kind = port->kind == PORT_WAVERT ? "WaveRT" : "Topology";
    line(false, "  %s (%s)", port->name, kind);
    line(true, "{\"name\":\"%s\",\"port\":\"%s\",\"pins\":[", port->name, kind);
    for (ULONG i = 0; i < port->filter->PinCount; i++)
        show_pin(port, i, i + 1 == port->filter->PinCount);
    show_inside(port);
    line(true, "]}%s", last ? "" : ",");
}

/* ---- endpoints ---- */

/* Wave:0 -> DAC -> Wave:1 => Topology:0 -> Topology:1, in the direction of the sound. */
static void path_text(const struct endpoint *e, char *out, size_t size)
{
    size_t used = 0;
    const struct port *before = NULL;
    out[0] = 0;
    for (size_t i = 0; i < e->step_count && used < size; i++) {
        const struct endpoint_step *s = &e->steps[e->capture ? e->step_count - 1 - i : i];
        const char *arrow = i == 0 ? "" : s->port == before ? " --> " : " ==> ";
        if (s->node == PCFILTER_NODE)
            used += (size_t)snprintf(out + used, size - used, "%s[%s %u]", arrow, s->port->name, (unsigned)s->pin);
        else
            used += (size_t)snprintf(out + used, size - used, "%s(%s)", arrow,
                                     guid_text(filter_node(s->port, s->node)->Type));
        before = s->port;
    }
}

static const char *connector(ULONG type)
{
    static const char *const names[] = {"unknown", "3.5 mm jack", "6.3 mm jack", "ATAPI", "RCA", "optical",
                                        "other digital", "other analog", "DIN", "XLR", "RJ-11", "combination"};
    return type < sizeof names / sizeof *names ? names[type] : "?";
}

static void show_endpoint(const struct endpoint *e, bool last)
{
    KSDATAFORMAT_WAVEFORMATEXTENSIBLE format;
    char path[512];
    path_text(e, path, sizeof path);
    format_negotiate(e, &format);
    const WAVEFORMATEX *w = &format.WaveFormatExt.Format;
    line(false, "  %s (%s): %u Hz, %u channel%s, %u bits", endpoint_name(e), e->capture ? "capture" : "render",
         (unsigned)w->nSamplesPerSec, w->nChannels, w->nChannels > 1 ? "s" : "", w->wBitsPerSample);
    line(false, "    %s%s%s", e->capture ? "* --> " : "application --> ", path,
         e->capture ? " --> application" : " --> *");
    line(true, "{\"name\":\"%s\",\"direction\":\"%s\",\"rate\":%u,\"channels\":%u,\"bits\":%u,\"path\":\"%s\",",
         endpoint_name(e), e->capture ? "capture" : "render", (unsigned)w->nSamplesPerSec, w->nChannels,
         w->wBitsPerSample, path);
    if (e->has_jack) {
        line(false, "    jack: %s, color #%06X, %s%s", connector(e->jack.ConnectionType), (unsigned)e->jack.Color,
             e->jack.IsConnected ? "connected" : "not connected",
             e->has_jack2 && (e->jack2.JackCapabilities & 1) ? "" : ", no presence detection");
        line(true, "\"jack\":{\"connector\":\"%s\",\"color\":\"#%06X\",\"channels\":%u,\"connected\":%s}",
             connector(e->jack.ConnectionType), (unsigned)e->jack.Color, (unsigned)e->jack.ChannelMapping,
             e->jack.IsConnected ? "true" : "false");
    } else {
        line(false, "    jack: not described");
        line(true, "\"jack\":null");
    }
    line(true, "}%s", last ? "" : ",");
}

static void device_name(char *out, size_t size)
{
    WCHAR text[128] = {0};
    ULONG bytes = 0;
    snprintf(out, size, "unnamed device");
    if (!NT_SUCCESS(IoGetDeviceProperty(g_pdo, DEVICE_PROPERTY_DESCRIPTION, sizeof text - 2, text, &bytes)))
        return;
    size_t i = 0;
    for (; i + 1 < size && text[i]; i++)
        out[i] = text[i] < 0x80 && text[i] != '"' && text[i] != '\\' ? (char)text[i] : '?';
    out[i] = 0;
}

static void show(bool json)
{
    const struct adapter *adapter = adapter_current();
    struct endpoint endpoints[ENDPOINTS_MAX];
    char name[128];
    g_json = json;
    device_name(name, sizeof name);
    size_t count = endpoints_find(endpoints, ENDPOINTS_MAX);
    line(false, "Device: %s", name);
    line(false, "Endpoints:");
    line(true, "{\"device\":\"%s\",\"endpoints\":[", name);
    for (size_t i = 0; i < count; i++)
        show_endpoint(&endpoints[i], i + 1 == count);
    line(false, "Filters:");
    line(true, "],\"filters\":[");
    for (size_t i = 0; i < adapter->port_count; i++)
        show_filter(adapter->ports[i], i + 1 == adapter->port_count);
    line(false, "Physical connections:");
    line(true, "],\"physical_connections\":[");
    for (size_t i = 0; i < adapter->connection_count; i++) {
        const struct connection *c = &adapter->connections[i];
        line(false, "  [%s %u] ==> [%s %u]", c->from->name, (unsigned)c->from_pin, c->to->name, (unsigned)c->to_pin);
        line(true, "{\"from\":\"%s:%u\",\"to\":\"%s:%u\"}%s", c->from->name, (unsigned)c->from_pin, c->to->name,
             (unsigned)c->to_pin, i + 1 < adapter->connection_count ? "," : "");
    }
    line(true, "]}");
}

void show_device(void)
{
    show(false);
    if (g_link->options.json)
        show(true);
}
