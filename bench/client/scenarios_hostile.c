/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Scenarios of a hostile client that has no pin open: properties, formats and
 * data ranges of every size and content.
 */
#include "hostile.h"

#include <stddef.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define WAVE_BYTES sizeof(KSDATAFORMAT_WAVEFORMATEX)
#define SOUND_BYTES sizeof(KSDATAFORMAT_DSOUND)

/* ---- properties ---- */

/* Bits of KSPROPERTY.Flags that PortCls passes on as the verb: single, together, with and without the mark of a node,
 * and some that mean nothing. */
static const ULONG g_verbs[] = {KSPROPERTY_TYPE_GET,
                                KSPROPERTY_TYPE_SET,
                                KSPROPERTY_TYPE_BASICSUPPORT,
                                KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET,
                                KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT,
                                KSPROPERTY_TYPE_SET | KSPROPERTY_TYPE_TOPOLOGY,
                                KSPROPERTY_TYPE_SETSUPPORT,
                                KSPROPERTY_TYPE_SERIALIZERAW,
                                KSPROPERTY_TYPE_UNSERIALIZERAW,
                                KSPROPERTY_TYPE_SERIALIZESIZE,
                                KSPROPERTY_TYPE_DEFAULTVALUES,
                                KSPROPERTY_TYPE_TOPOLOGY,
                                0,
                                0x80000000,
                                0xFFFFFFFF};
static const ULONG g_instance_sizes[] = {0, 1, 3, 4, 5, 8, 12, 4096};

struct asked {
    struct port *port;
    const PCPROPERTY_ITEM *item;
    ULONG node, pin, verb, instance_size, value_size;
    unsigned char fill;
};

static bool is_endpoint_pin(const PCPIN_DESCRIPTOR *pin)
{
    return pin && (guid_equal(pin->KsPinDescriptor.Category, &KSNODETYPE_SPEAKER) ||
                   guid_equal(pin->KsPinDescriptor.Category, &KSNODETYPE_MICROPHONE));
}

/* Bytes of the value; 0: the pin has no such property. */
static ULONG value_bytes(const struct asked *a)
{
    const PCPIN_DESCRIPTOR *pin = filter_pin(a->port, a->pin);
    if (guid_equal(a->item->Set, &KSPROPSETID_Audio))
        return sizeof(ULONG);
    if (guid_equal(a->item->Set, &KSPROPSETID_Pin))
        return pin && pin_is_streaming(pin) ? WAVE_BYTES : 0;
    if (!is_endpoint_pin(pin))
        return 0;
    return sizeof(KSMULTIPLE_ITEM) +
           (a->item->Id == KSPROPERTY_JACK_DESCRIPTION2 ? sizeof(KSJACK_DESCRIPTION2) : sizeof(KSJACK_DESCRIPTION));
}

static enum hostile_answer answer_of_room(ULONG given, ULONG needed)
{
    return given == 0 ? ANSWER_PROPERTY_NO_ROOM : given < needed ? ANSWER_PROPERTY_SHORT : ANSWER_GOOD;
}

/* A value of one byte over and over is neither a format nor stereo. */
static enum hostile_answer answer_of_set(const struct asked *a)
{
    if (guid_equal(a->item->Set, &KSPROPSETID_Audio))
        return a->value_size < sizeof(ULONG) ? ANSWER_PROPERTY_SHORT : ANSWER_PROPERTY_VALUE;
    return a->value_size < sizeof(KSDATAFORMAT) ? ANSWER_PROPERTY_SHORT : ANSWER_PROPERTY_VALUE;
}

static enum hostile_answer answer_of(const struct asked *a)
{
    if (!(a->item->Flags & a->verb))
        return ANSWER_PROPERTY_UNKNOWN;
    if (a->node == NO_NODE && a->instance_size < sizeof(ULONG))
        return ANSWER_PROPERTY_NO_PIN;
    ULONG needed = value_bytes(a);
    if (needed == 0)
        return ANSWER_PROPERTY_OTHER_PIN;
    if (a->verb & KSPROPERTY_TYPE_BASICSUPPORT)
        return answer_of_room(a->value_size, sizeof(ULONG));
    if (a->verb & KSPROPERTY_TYPE_GET)
        return answer_of_room(a->value_size, needed);
    return answer_of_set(a);
}

static void ask_at(const struct asked *a, KIRQL irql)
{
    static unsigned char value[8192];
    ULONG instance[1024] = {a->pin};
    struct ks_request request = {.set = a->item->Set, .id = a->item->Id, .verb = a->verb, .node = a->node,
                                 .instance = instance, .instance_size = a->instance_size, .value = value,
                                 .value_size = a->value_size};
    memset(value, a->fill, sizeof value);
    KIRQL old = irql_raise(irql);
    NTSTATUS status = ks_property(a->port, NULL, &request);
    irql_lower(old);
    hostile_expect(answer_of(a), status, "%s %u, verb %#x, node %d, pin %u, %u bytes of instance, %u of value, IRQL %u",
                   guid_text(a->item->Set), (unsigned)a->item->Id, (unsigned)a->verb, (int)a->node, (unsigned)a->pin,
                   (unsigned)a->instance_size, (unsigned)a->value_size, (unsigned)irql);
}

/* Handlers are pageable code that touches no lock: a client of the kernel may be at APC_LEVEL. */
static void ask(const struct asked *a)
{
    if (!hostile_is_drawn())
        return;
    ask_at(a, PASSIVE_LEVEL);
    ask_at(a, APC_LEVEL);
}

/* 0, 1, and around every size that has a meaning. */
static void ask_sizes(struct asked *a)
{
    static const ULONG bases[] = {0, 4, 8, 16, 36, 40, sizeof(KSDATAFORMAT), WAVE_BYTES, 4096};
    for (size_t b = 0; b < COUNT(bases); b++) {
        for (int off = bases[b] ? -1 : 0; off <= 1; off++) {
            a->value_size = bases[b] + (ULONG)off;
            a->fill = b % 2 ? 0xFF : 0x7F;
            ask(a);
        }
    }
}

static void ask_table(struct port *port, const PCAUTOMATION_TABLE *table, ULONG node)
{
    const PCPROPERTY_ITEM *item;
    for (ULONG i = 0; (item = automation_property(table, i)) != NULL; i++) {
        for (ULONG pin = 0; pin < port->filter->PinCount + 3; pin++) {
            for (size_t v = 0; v < COUNT(g_verbs); v++) {
                for (size_t s = 0; s < COUNT(g_instance_sizes); s++) {
                    ULONG id = pin == port->filter->PinCount + 1   ? 0x80000000
                               : pin == port->filter->PinCount + 2 ? 0xFFFFFFFF
                                                                   : pin;
                    struct asked a = {.port = port, .item = item, .node = node, .pin = id, .verb = g_verbs[v],
                                      .instance_size = g_instance_sizes[s]};
                    ask_sizes(&a);
                }
            }
        }
    }
}

/* Sets and ids that nobody has, on nodes and pins that exist or not; `pin` NULL: of the filter. */
static void ask_unknown(struct port *port, struct pin *pin)
{
    static const GUID *const sets[] = {&KSPROPSETID_General, &KSPROPSETID_Connection, &KSPROPSETID_RtAudio,
                                       &KSPROPSETID_Audio,   &KSPROPSETID_Jack,       &KSPROPSETID_Pin,
                                       &GUID_NULL,           &KSEVENTSETID_PinCapsChange};
    static const ULONG ids[] = {0, 1, 2, 3, 5, 14, 15, 41, 0x7FFFFFFF, 0xFFFFFFFF};
    static const ULONG nodes[] = {NO_NODE, 0, 1, 2, 3, 99, 0x80000000};
    ULONG value[2];
    for (size_t s = 0; s < COUNT(sets); s++) {
        for (size_t i = 0; i < COUNT(ids) * COUNT(nodes); i++) {
            ULONG id = ids[i % COUNT(ids)];
            ULONG node = nodes[i / COUNT(ids)];
            const PCNODE_DESCRIPTOR *n = node == NO_NODE ? NULL : filter_node(port, node);
            const PCAUTOMATION_TABLE *table = n ? n->AutomationTable : node == NO_NODE && !pin
                                                                           ? port->filter->AutomationTable
                                                                           : NULL;
            struct ks_request request = {.set = sets[s], .id = id, .verb = KSPROPERTY_TYPE_GET, .node = node,
                                         .value = value, .value_size = sizeof value};
            if (automation_find(table, sets[s], id))
                continue;
            hostile_expect(ANSWER_PROPERTY_UNKNOWN, ks_property(port, pin, &request), "%s %u of node %d",
                           guid_text(sets[s]), (unsigned)id, (int)node);
        }
    }
}

static void hostile_properties(void)
{
    device_up();
    const struct adapter *adapter = adapter_current();
    for (size_t i = 0; i < adapter->port_count; i++) {
        struct port *port = adapter->ports[i];
        ask_table(port, port->filter->AutomationTable, NO_NODE);
        for (ULONG n = 0; n < port->filter->NodeCount; n++)
            ask_table(port, filter_node(port, n)->AutomationTable, n);
        ask_unknown(port, NULL);
    }
    for (int capture = 0; capture <= 1; capture++) {
        struct engine engine;
        engine_open_default(&engine, capture);
        ask_unknown(engine.endpoint.wave, engine.pin);
        engine_close(&engine);
    }
    hostile_finish(HOSTILE_PROPERTIES);
    device_down();
}

/* ---- formats ---- */

/* Around what a pin takes, and the ends of the type. Values beyond a field's width lose their upper bytes. */
static const ULONG g_numbers[] = {0,     1,     2,      3,      4,      5,       8,         15,        16,
                                  17,    18,    21,     22,     23,     24,      32,        40,        64,
                                  81,    82,    83,     103,    104,    105,     44100,     47999,     48000,
                                  48001, 95999, 96000,  96001,  191999, 192000,  192001,    384000,    0x7FFF,
                                  0x8000, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};

static const struct {
    size_t offset, bytes;
    const char *name;
} g_fields[] = {
#define FIELD(member_) {offsetof(KSDATAFORMAT_WAVEFORMATEXTENSIBLE, member_),                                          \
                        sizeof(((KSDATAFORMAT_WAVEFORMATEXTENSIBLE *)0)->member_), #member_}
    FIELD(DataFormat.FormatSize),
    FIELD(DataFormat.Flags),
    FIELD(DataFormat.SampleSize),
    FIELD(DataFormat.Reserved),
    FIELD(WaveFormatExt.Format.wFormatTag),
    FIELD(WaveFormatExt.Format.nChannels),
    FIELD(WaveFormatExt.Format.nSamplesPerSec),
    FIELD(WaveFormatExt.Format.nAvgBytesPerSec),
    FIELD(WaveFormatExt.Format.nBlockAlign),
    FIELD(WaveFormatExt.Format.wBitsPerSample),
    FIELD(WaveFormatExt.Format.cbSize),
    FIELD(WaveFormatExt.Samples.wValidBitsPerSample),
    FIELD(WaveFormatExt.dwChannelMask)};

static enum hostile_answer answer_of_wave(const WAVEFORMATEXTENSIBLE *wave, unsigned channels, ULONG bytes)
{
    const WAVEFORMATEX *w = &wave->Format;
    if (bytes < sizeof *w)
        return ANSWER_FORMAT_SIZE;
    if (w->nChannels != channels || w->nSamplesPerSec != SAMPLE_RATE || w->wBitsPerSample != 16 ||
        w->nBlockAlign != channels * 2 || w->nAvgBytesPerSec != SAMPLE_RATE * channels * 2)
        return ANSWER_FORMAT_OTHER;
    if (w->wFormatTag != WAVE_FORMAT_EXTENSIBLE)
        return w->wFormatTag == WAVE_FORMAT_PCM ? ANSWER_GOOD : ANSWER_FORMAT_OTHER;
    if (bytes < sizeof *wave || w->cbSize < sizeof *wave - sizeof *w)
        return ANSWER_FORMAT_SIZE;
    return wave->Samples.wValidBitsPerSample == 16 && guid_equal(&wave->SubFormat, &KSDATAFORMAT_SUBTYPE_PCM)
               ? ANSWER_GOOD
               : ANSWER_FORMAT_OTHER;
}

/* `bytes`: the length of the memory that the format is given in. */
static enum hostile_answer answer_of_format(const KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f, unsigned channels, ULONG bytes)
{
    const KSDATAFORMAT *d = &f->DataFormat;
    if (d->FormatSize < sizeof *d || d->FormatSize > bytes)
        return ANSWER_FORMAT_SIZE;
    if (!guid_equal(&d->MajorFormat, &KSDATAFORMAT_TYPE_AUDIO) ||
        !guid_equal(&d->SubFormat, &KSDATAFORMAT_SUBTYPE_PCM) ||
        !guid_equal(&d->Specifier, &KSDATAFORMAT_SPECIFIER_WAVEFORMATEX))
        return ANSWER_FORMAT_OTHER;
    return answer_of_wave(&f->WaveFormatExt, channels, d->FormatSize - sizeof *d);
}

/* The longest that is given: the extensible form and as much again. */
struct long_format {
    KSDATAFORMAT_WAVEFORMATEXTENSIBLE format;
    unsigned char more[104];
};

static void propose(const struct endpoint *e, const struct long_format *f, ULONG bytes, const char *what, ULONG value)
{
    ULONG instance[2] = {e->pin, 0};
    struct long_format copy = *f;
    struct ks_request request = {.set = &KSPROPSETID_Pin, .id = KSPROPERTY_PIN_PROPOSEDATAFORMAT,
                                 .verb = KSPROPERTY_TYPE_SET, .node = NO_NODE, .instance = instance,
                                 .instance_size = sizeof instance, .value = &copy, .value_size = bytes};
    hostile_expect(answer_of_format(&f->format, e->capture ? 1 : 2, bytes), ks_property(e->wave, NULL, &request),
                   "%s: %s = %u in %u bytes proposed", endpoint_name(e), what, (unsigned)value, (unsigned)bytes);
}

/* Proposed, and a pin opened with it. KS itself refuses to open a pin with a format that does not fit its memory. */
static void try_everywhere(const struct endpoint *e, const struct long_format *f, const char *what, ULONG value)
{
    ULONG bytes = f->format.DataFormat.FormatSize;
    if (!hostile_is_drawn())
        return;
    propose(e, f, sizeof f->format, what, value);
    if (bytes < sizeof(KSDATAFORMAT) || bytes > sizeof *f)
        return;
    struct pin *pin = NULL;
    NTSTATUS status = ks_pin_open(e->wave, e->pin, &f->format.DataFormat, &pin);
    hostile_expect(answer_of_format(&f->format, e->capture ? 1 : 2, bytes), status, "%s: %s = %u: opening the pin",
                   endpoint_name(e), what, (unsigned)value);
    if (pin) {
        hostile_expect(ANSWER_FORMAT_CHANGE, ks_pin_set_format(pin, &f->format.DataFormat), "SetFormat");
        ks_pin_close(pin);
    }
}

static void good_format(struct long_format *f, bool capture, bool plain)
{
    memset(f, 0xEE, sizeof *f);
    (plain ? format_make_plain : format_make)(&f->format, SAMPLE_RATE, capture ? 1 : 2, 16);
}

static void wrong_fields(const struct endpoint *e, bool plain)
{
    struct long_format f;
    for (size_t i = 0; i < COUNT(g_fields); i++) {
        for (size_t n = 0; n < COUNT(g_numbers); n++) {
            good_format(&f, e->capture, plain);
            memcpy((unsigned char *)&f + g_fields[i].offset, &g_numbers[n], g_fields[i].bytes); /* little-endian */
            try_everywhere(e, &f, g_fields[i].name, g_numbers[n]);
        }
    }
}

static void wrong_identifiers(const struct endpoint *e, bool plain)
{
    static const size_t at[] = {offsetof(KSDATAFORMAT, MajorFormat), offsetof(KSDATAFORMAT, SubFormat),
                                offsetof(KSDATAFORMAT, Specifier),
                                offsetof(KSDATAFORMAT_WAVEFORMATEXTENSIBLE, WaveFormatExt.SubFormat)};
    struct long_format f;
    for (size_t i = 0; i < COUNT(at); i++) {
        for (size_t byte = 0; byte < sizeof(GUID); byte++) {
            good_format(&f, e->capture, plain);
            ((unsigned char *)&f)[at[i] + byte] ^= 0x81;
            try_everywhere(e, &f, "identifier, byte", (ULONG)(at[i] + byte));
        }
        good_format(&f, e->capture, plain);
        memset((unsigned char *)&f + at[i], 0, sizeof(GUID)); /* the wildcard is for ranges */
        try_everywhere(e, &f, "wildcard at", (ULONG)at[i]);
    }
}

/* Lengths given with every length told. */
static void wrong_lengths(const struct endpoint *e, bool plain)
{
    static const ULONG given[] = {64, 65, 72, 81, 82, 83, 88, 103, 104, 105, 208};
    struct long_format f;
    for (ULONG told = 0; told <= sizeof f + 8; told++) {
        for (size_t i = 0; i < COUNT(given); i++) {
            good_format(&f, e->capture, plain);
            f.format.DataFormat.FormatSize = told;
            if (hostile_is_drawn())
                propose(e, &f, given[i], "FormatSize", told);
        }
    }
}

static void hostile_formats(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct endpoint e = endpoint_require(capture);
        for (int plain = 0; plain <= 1; plain++) {
            wrong_fields(&e, plain);
            wrong_identifiers(&e, plain);
            wrong_lengths(&e, plain);
        }
    }
    hostile_finish(HOSTILE_FORMATS);
    device_down();
}

/* ---- data ranges ---- */

static bool is_audio_range(const KSDATARANGE *r)
{
    return (guid_equal(&r->MajorFormat, &KSDATAFORMAT_TYPE_AUDIO) || guid_equal(&r->MajorFormat, &GUID_NULL)) &&
           (guid_equal(&r->SubFormat, &KSDATAFORMAT_SUBTYPE_PCM) || guid_equal(&r->SubFormat, &GUID_NULL));
}

/* Bytes of the format that lies in the range; 0: none does. */
static ULONG range_answer(const KSDATARANGE_AUDIO *r, unsigned channels)
{
    const KSDATARANGE *d = &r->DataRange;
    bool any = guid_equal(&d->Specifier, &GUID_NULL);
    bool sound = guid_equal(&d->Specifier, &KSDATAFORMAT_SPECIFIER_DSOUND);
    if (!is_audio_range(d) || (!any && !sound && !guid_equal(&d->Specifier, &KSDATAFORMAT_SPECIFIER_WAVEFORMATEX)))
        return 0;
    if (d->FormatSize < sizeof *r)
        return any ? WAVE_BYTES : 0;
    if (r->MaximumChannels < channels || r->MinimumBitsPerSample > 16 || r->MaximumBitsPerSample < 16 ||
        r->MinimumSampleFrequency > SAMPLE_RATE || r->MaximumSampleFrequency < SAMPLE_RATE)
        return 0;
    return sound ? SOUND_BYTES : WAVE_BYTES;
}

static void intersect(const struct endpoint *e, const KSDATARANGE_AUDIO *range, const char *what, ULONG value)
{
    static const ULONG rooms[] = {0, 1, 4, 63, 64, 65, 81, 82, 83, 89, 90, 91, 104, 4096};
    static unsigned char memory[8192];
    unsigned char answer[4096];
    ULONG needed = range_answer(range, e->capture ? 1 : 2);
    memset(memory, 0, sizeof memory);
    memcpy(memory, range, sizeof *range);
    for (size_t i = 0; i < COUNT(rooms); i++) {
        ULONG length;
        if (!hostile_is_drawn())
            continue;
        NTSTATUS status = ks_data_intersection(e->wave, e->pin, (const KSDATARANGE *)(const void *)memory, answer,
                                               rooms[i], &length);
        enum hostile_answer wanted = needed == 0          ? ANSWER_RANGE_OTHER
                                     : rooms[i] == 0      ? ANSWER_RANGE_NO_ROOM
                                     : rooms[i] < needed  ? ANSWER_RANGE_SHORT
                                                          : ANSWER_GOOD;
        hostile_expect(wanted, status, "%s: range with %s %u, room for %u bytes", endpoint_name(e), what,
                       (unsigned)value, (unsigned)rooms[i]);
    }
}

static void wrong_limits(const struct endpoint *e, const GUID *specifier)
{
    KSDATARANGE_AUDIO range;
    const unsigned channels = e->capture ? 1 : 2;
    for (size_t field = 0; field < 5; field++) {
        for (size_t n = 0; n < COUNT(g_numbers); n++) {
            range_make(&range, channels, 16, 16, SAMPLE_RATE, SAMPLE_RATE);
            range.DataRange.Specifier = *specifier;
            memcpy((unsigned char *)&range.MaximumChannels + 4 * field, &g_numbers[n], sizeof(ULONG));
            intersect(e, &range, "limit", g_numbers[n]);
        }
    }
    for (ULONG size = sizeof(KSDATARANGE); size <= 2 * sizeof range; size++) {
        range_make(&range, channels, 16, 16, SAMPLE_RATE, SAMPLE_RATE);
        range.DataRange.Specifier = *specifier;
        range.DataRange.FormatSize = size;
        intersect(e, &range, "FormatSize", size);
    }
}

static void hostile_ranges(void)
{
    static const GUID *const specifiers[] = {&KSDATAFORMAT_SPECIFIER_WAVEFORMATEX, &KSDATAFORMAT_SPECIFIER_DSOUND,
                                             &GUID_NULL, &KSDATAFORMAT_SPECIFIER_NONE};
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct endpoint e = endpoint_require(capture);
        for (size_t i = 0; i < COUNT(specifiers); i++)
            wrong_limits(&e, specifiers[i]);
        for (size_t byte = offsetof(KSDATARANGE, MajorFormat); byte < sizeof(KSDATARANGE); byte++) {
            KSDATARANGE_AUDIO range;
            range_make(&range, e.capture ? 1 : 2, 16, 16, SAMPLE_RATE, SAMPLE_RATE);
            ((unsigned char *)&range)[byte] ^= 0x81;
            intersect(&e, &range, "identifier, byte", (ULONG)byte);
        }
    }
    hostile_finish(HOSTILE_RANGES);
    device_down();
}

const struct scenario g_scenarios_hostile[] = {{"hostile_properties", hostile_properties},
                                               {"hostile_formats", hostile_formats},
                                               {"hostile_ranges", hostile_ranges},
                                               {NULL, NULL}};
