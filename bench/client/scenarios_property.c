/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scenarios about descriptors, formats and properties. */
#include "client.h"

#include <string.h>

/* Descriptors are validated when the ports are made; here is what an endpoint needs beyond that. */
static void descriptor_checks(void)
{
    struct endpoint endpoints[ENDPOINTS_MAX];
    unsigned render = 0;
    unsigned capture = 0;
    device_up();
    size_t count = endpoints_find(endpoints, ENDPOINTS_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct endpoint *e = &endpoints[i];
        *(e->capture ? &capture : &render) += 1;
        EXPECT(e->bridge_port != e->wave, "%s: the path ends in the wave filter: a physical connection is missing",
               endpoint_name(e));
        EXPECT(guid_equal(e->category, e->capture ? &KSNODETYPE_MICROPHONE : &KSNODETYPE_SPEAKER),
               "the %s endpoint's category is %s", e->capture ? "capture" : "render", guid_text(e->category));
        for (size_t j = 0; j < i; j++)
            EXPECT(endpoints[j].bridge_port != e->bridge_port || endpoints[j].bridge != e->bridge,
                   "two streaming pins share the bridge pin %u", (unsigned)e->bridge);
    }
    EXPECT(render == 1 && capture == 1, "%u render and %u capture endpoints", render, capture);
    device_down();
}

static void jack_description(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct endpoint e = endpoint_require(capture);
        EXPECT(e.has_jack && e.has_jack2, "%s has no jack description", endpoint_name(&e));
        EXPECT((e.jack.ChannelMapping != 0) == !e.capture, "%s: ChannelMapping %#x", endpoint_name(&e),
               (unsigned)e.jack.ChannelMapping);
        EXPECT((e.jack2.JackCapabilities & 1) || e.jack.IsConnected, "%s: no presence detection, yet not connected",
               endpoint_name(&e));
        /* Only the endpoint pin has a jack. */
        for (ULONG pin = 0; pin < e.bridge_port->filter->PinCount + 2; pin++) {
            ULONG instance[2] = {pin, 0};
            const PCPIN_DESCRIPTOR *d = filter_pin(e.bridge_port, pin);
            unsigned char value[256];
            struct ks_request request = {.set = &KSPROPSETID_Jack, .id = KSPROPERTY_JACK_DESCRIPTION, .node = NO_NODE,
                                         .instance = instance, .instance_size = sizeof instance};
            NTSTATUS status = ks_property_get_variable(e.bridge_port, &request, value, sizeof value);
            bool is_endpoint = d && (guid_equal(d->KsPinDescriptor.Category, &KSNODETYPE_SPEAKER) ||
                                     guid_equal(d->KsPinDescriptor.Category, &KSNODETYPE_MICROPHONE));
            EXPECT(NT_SUCCESS(status) == is_endpoint, "jack description of pin %u answered %s", (unsigned)pin,
                   status_name(status));
        }
    }
    device_down();
}

/* ---- CHANNEL_CONFIG ---- */

static bool find_channel_config(struct port **port, ULONG *node)
{
    const struct adapter *adapter = adapter_current();
    for (size_t i = 0; i < adapter->port_count; i++) {
        for (ULONG n = 0; filter_node(adapter->ports[i], n); n++) {
            if (automation_find(filter_node(adapter->ports[i], n)->AutomationTable, &KSPROPSETID_Audio,
                                KSPROPERTY_AUDIO_CHANNEL_CONFIG)) {
                *port = adapter->ports[i];
                *node = n;
                return true;
            }
        }
    }
    return false;
}

static NTSTATUS channel_request(struct port *port, ULONG node, ULONG verb, ULONG *value, ULONG size, ULONG *answered)
{
    struct ks_request request = {.set = &KSPROPSETID_Audio, .id = KSPROPERTY_AUDIO_CHANNEL_CONFIG, .verb = verb,
                                 .node = node, .value = value, .value_size = size};
    NTSTATUS status = ks_property(port, NULL, &request);
    *answered = request.answer_size;
    return status;
}

static void channel_config(void)
{
    struct port *port = NULL;
    ULONG node = 0;
    ULONG value = 0;
    ULONG answered = 0;
    device_up();
    EXPECT(find_channel_config(&port, &node), "no node has KSPROPERTY_AUDIO_CHANNEL_CONFIG");
    EXPECT(guid_equal(filter_node(port, node)->Type, &KSNODETYPE_DAC) ||
               guid_equal(filter_node(port, node)->Type, &KSNODETYPE_3D_EFFECTS),
           "CHANNEL_CONFIG belongs to a DAC or 3D node, not to %s", guid_text(filter_node(port, node)->Type));
    NTSTATUS status = channel_request(port, node, KSPROPERTY_TYPE_BASICSUPPORT, &value, sizeof value, &answered);
    EXPECT(NT_SUCCESS(status) && (value & 3) == 3, "BASICSUPPORT answered %s, %#x", status_name(status),
           (unsigned)value);
    status = channel_request(port, node, KSPROPERTY_TYPE_GET, &value, sizeof value, &answered);
    EXPECT(NT_SUCCESS(status) && answered == sizeof value && value == 3, "GET answered %s, %u bytes, %#x",
           status_name(status), (unsigned)answered, (unsigned)value);
    status = channel_request(port, node, KSPROPERTY_TYPE_SET, &value, sizeof value, &answered);
    EXPECT(NT_SUCCESS(status), "SET stereo answered %s", status_name(status));
    value = 0x3F;
    status = channel_request(port, node, KSPROPERTY_TYPE_SET, &value, sizeof value, &answered);
    EXPECT(!NT_SUCCESS(status), "SET 5.1 succeeded on a stereo device");
    status = channel_request(port, node, KSPROPERTY_TYPE_GET, &value, 0, &answered);
    EXPECT(status == STATUS_BUFFER_OVERFLOW && answered == 4, "size query answered %s, %u bytes", status_name(status),
           (unsigned)answered);
    status = channel_request(port, node, KSPROPERTY_TYPE_GET, &value, 3, &answered);
    EXPECT(status == STATUS_BUFFER_TOO_SMALL, "GET into 3 bytes answered %s", status_name(status));
    status = channel_request(port, node, KSPROPERTY_TYPE_SET, &value, 3, &answered);
    EXPECT(!NT_SUCCESS(status), "SET of 3 bytes succeeded");
    device_down();
}

/* ---- every property with every size ---- */

static void try_sizes(struct port *port, const PCPROPERTY_ITEM *item, ULONG node, ULONG pin_id)
{
    static const ULONG sizes[] = {0, 1, 3, 4, 5, 7, 8, 12, 15, 16, 35, 36, 37, 64, 104, 200, 4096};
    static const ULONG verbs[] = {KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, KSPROPERTY_TYPE_BASICSUPPORT};
    unsigned char value[4096];
    ULONG instance[4] = {pin_id, 0, 0, 0};
    static const ULONG instance_sizes[] = {0, 1, 3, 4, 8, 16};
    for (size_t v = 0; v < 3; v++) {
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            for (size_t i = 0; i < sizeof instance_sizes / sizeof *instance_sizes; i++) {
                memset(value, s % 2 ? 0xFF : 0, sizeof value);
                struct ks_request request = {.set = item->Set, .id = item->Id, .verb = verbs[v], .node = node,
                                             .instance = instance, .instance_size = instance_sizes[i], .value = value,
                                             .value_size = sizes[s]};
                ks_property(port, NULL, &request); /* the answer's rules are checked there */
            }
        }
    }
}

static void try_table(struct port *port, const PCAUTOMATION_TABLE *table, ULONG node)
{
    const PCPROPERTY_ITEM *item;
    for (ULONG i = 0; (item = automation_property(table, i)) != NULL; i++) {
        for (ULONG pin = 0; pin < port->filter->PinCount + 2; pin++)
            try_sizes(port, item, node, pin == port->filter->PinCount + 1 ? 0xFFFFFFFF : pin);
    }
}

static void property_sizes(void)
{
    device_up();
    const struct adapter *adapter = adapter_current();
    for (size_t i = 0; i < adapter->port_count; i++) {
        struct port *port = adapter->ports[i];
        try_table(port, port->filter->AutomationTable, NO_NODE);
        for (ULONG n = 0; n < port->filter->NodeCount; n++)
            try_table(port, filter_node(port, n)->AutomationTable, n);
    }
    device_down();
}

/* ---- formats ---- */

struct format_case {
    const char *what;
    bool accepted;
    unsigned rate, channels, bits;
    void (*spoil)(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *);
};
static void spoil_block(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f) { f->WaveFormatExt.Format.nBlockAlign++; }
static void spoil_rate(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f) { f->WaveFormatExt.Format.nAvgBytesPerSec /= 2; }
static void spoil_size(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f) { f->DataFormat.FormatSize = sizeof f->DataFormat; }
static void spoil_cb(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f) { f->WaveFormatExt.Format.cbSize = 2; }
static void spoil_valid(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f) { f->WaveFormatExt.Samples.wValidBitsPerSample = 20; }
static void spoil_tag(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f) { f->WaveFormatExt.Format.wFormatTag = 3; }
static void spoil_sub(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f)
{
    f->WaveFormatExt.SubFormat = KSDATAFORMAT_SUBTYPE_IEEE_FLOAT;
}
static void spoil_major(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f) { f->DataFormat.MajorFormat = KSCATEGORY_AUDIO; }
static void spoil_specifier(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f)
{
    f->DataFormat.Specifier = KSDATAFORMAT_SPECIFIER_NONE;
}
static void spoil_nothing(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f) { (void)f; }
static void make_plain(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f)
{
    const WAVEFORMATEX w = f->WaveFormatExt.Format;
    format_make_plain(f, w.nSamplesPerSec, w.nChannels, w.wBitsPerSample);
}
/* Clients pad a short format to the length of the extensible one. */
static void make_padded(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f)
{
    make_plain(f);
    f->DataFormat.FormatSize = sizeof *f;
}

static const struct format_case g_formats[] = {{"extensible", true, 48000, 0, 16, spoil_nothing},
                                               {"WAVEFORMATEX", true, 48000, 0, 16, make_plain},
                                               {"padded WAVEFORMATEX", true, 48000, 0, 16, make_padded},
                                               {"44.1 kHz", false, 44100, 0, 16, spoil_nothing},
                                               {"96 kHz", false, 96000, 0, 16, make_plain},
                                               {"24 bits", false, 48000, 0, 24, spoil_nothing},
                                               {"8 bits", false, 48000, 0, 8, make_plain},
                                               {"six channels", false, 48000, 6, 16, spoil_nothing},
                                               {"no channel", false, 48000, 99, 16, spoil_nothing},
                                               {"wrong nBlockAlign", false, 48000, 0, 16, spoil_block},
                                               {"wrong nAvgBytesPerSec", false, 48000, 0, 16, spoil_rate},
                                               {"FormatSize without a wave format", false, 48000, 0, 16, spoil_size},
                                               {"cbSize too small", false, 48000, 0, 16, spoil_cb},
                                               {"20 valid bits of 16", false, 48000, 0, 16, spoil_valid},
                                               {"float tag", false, 48000, 0, 16, spoil_tag},
                                               {"float subformat", false, 48000, 0, 16, spoil_sub},
                                               {"wrong major format", false, 48000, 0, 16, spoil_major},
                                               {"no specifier", false, 48000, 0, 16, spoil_specifier}};

static void try_format(const struct endpoint *e, const struct format_case *c)
{
    KSDATAFORMAT_WAVEFORMATEXTENSIBLE format;
    struct pin *pin = NULL;
    unsigned channels = c->channels == 0 ? (e->capture ? 1 : 2) : c->channels == 99 ? 0 : c->channels;
    format_make(&format, c->rate, channels, c->bits);
    c->spoil(&format);
    NTSTATUS proposed = format_propose(e, &format);
    NTSTATUS opened = ks_pin_open(e->wave, e->pin, &format.DataFormat, &pin);
    if (pin)
        ks_pin_close(pin);
    EXPECT(NT_SUCCESS(opened) == c->accepted, "%s, %s: opening the pin answered %s", endpoint_name(e), c->what,
           status_name(opened));
    EXPECT(proposed == STATUS_NOT_FOUND || NT_SUCCESS(proposed) == c->accepted, "%s, %s: proposing it answered %s",
           endpoint_name(e), c->what, status_name(proposed));
}

static void formats(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct endpoint e = endpoint_require(capture);
        for (size_t i = 0; i < sizeof g_formats / sizeof *g_formats; i++)
            try_format(&e, &g_formats[i]);
        KSDATAFORMAT_WAVEFORMATEXTENSIBLE mono;
        struct pin *pin = NULL;
        format_make(&mono, 48000, capture ? 2 : 1, 16); /* the other pin's channel count */
        EXPECT(!NT_SUCCESS(ks_pin_open(e.wave, e.pin, &mono.DataFormat, &pin)), "%s opened with %d channels",
               endpoint_name(&e), capture ? 2 : 1);
    }
    device_down();
}

/* The proposed format's GET names the default format. */
static void proposed_format(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct endpoint e = endpoint_require(capture);
        ULONG instance[2] = {e.pin, 0};
        KSDATAFORMAT_WAVEFORMATEXTENSIBLE format;
        struct ks_request request = {.set = &KSPROPSETID_Pin, .id = KSPROPERTY_PIN_PROPOSEDATAFORMAT, .node = NO_NODE,
                                     .instance = instance, .instance_size = sizeof instance};
        memset(&format, 0, sizeof format);
        NTSTATUS status = ks_property_get_variable(e.wave, &request, &format, sizeof format);
        EXPECT(NT_SUCCESS(status), "%s: GET of the proposed format answered %s", endpoint_name(&e),
               status_name(status));
        const WAVEFORMATEX *w = &format.WaveFormatExt.Format;
        EXPECT(w->nSamplesPerSec == SAMPLE_RATE && w->nChannels == (capture ? 1 : 2) && w->wBitsPerSample == 16,
               "%s: the default format is %u Hz, %u channels, %u bits", endpoint_name(&e),
               (unsigned)w->nSamplesPerSec, w->nChannels, w->wBitsPerSample);
        EXPECT(NT_SUCCESS(format_propose(&e, &format)), "%s: the default format is refused when proposed",
               endpoint_name(&e));
    }
    device_down();
}

static void intersect_case(const struct endpoint *e, KSDATARANGE_AUDIO *range, bool matches, const char *what)
{
    unsigned char answer[256];
    ULONG length = 0;
    ULONG needed = 0;
    NTSTATUS status = ks_data_intersection(e->wave, e->pin, &range->DataRange, NULL, 0, &needed);
    EXPECT(status == (matches ? STATUS_BUFFER_OVERFLOW : STATUS_NO_MATCH), "%s, %s: size query answered %s",
           endpoint_name(e), what, status_name(status));
    if (!matches)
        return;
    EXPECT(needed <= sizeof answer, "%s: %u bytes wanted", what, (unsigned)needed);
    status = ks_data_intersection(e->wave, e->pin, &range->DataRange, answer, needed - 1, &length);
    EXPECT(status == STATUS_BUFFER_TOO_SMALL, "%s, %s: short buffer answered %s", endpoint_name(e), what,
           status_name(status));
    status = ks_data_intersection(e->wave, e->pin, &range->DataRange, answer, sizeof answer, &length);
    EXPECT(NT_SUCCESS(status) && length == needed, "%s, %s: answered %s, %u bytes instead of %u", endpoint_name(e),
           what, status_name(status), (unsigned)length, (unsigned)needed);
}

/* An analog pin has no format: the port's own handler finds no PCM in its ranges. */
static void intersect_bridge(const struct endpoint *e)
{
    KSDATARANGE range = {.FormatSize = sizeof range};
    unsigned char answer[256];
    ULONG length = 0;
    NTSTATUS status = ks_data_intersection(e->bridge_port, e->bridge, &range, answer, sizeof answer, &length);
    EXPECT(status == STATUS_NO_MATCH, "%s: a bridge pin answered %s", endpoint_name(e), status_name(status));
}

static void data_intersection(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct endpoint e = endpoint_require(capture);
        KSDATARANGE_AUDIO range;
        intersect_bridge(&e);
        range_make(&range, 2, 16, 16, 48000, 48000);
        intersect_case(&e, &range, true, "exact range");
        range_make(&range, 8, 8, 32, 8000, 192000);
        intersect_case(&e, &range, true, "wide range");
        range_make(&range, 2, 16, 16, 44100, 44100);
        intersect_case(&e, &range, false, "44.1 kHz only");
        range_make(&range, 2, 24, 24, 48000, 48000);
        intersect_case(&e, &range, false, "24 bits only");
        if (!capture) {
            range_make(&range, 1, 16, 16, 48000, 48000);
            intersect_case(&e, &range, false, "mono only");
        }
    }
    device_down();
}

const struct scenario g_scenarios_property[] = {{"descriptor_checks", descriptor_checks},
                                                {"jack_description", jack_description},
                                                {"channel_config", channel_config},
                                                {"property_sizes", property_sizes},
                                                {"formats", formats},
                                                {"proposed_format", proposed_format},
                                                {"data_intersection", data_intersection},
                                                {NULL, NULL}};
