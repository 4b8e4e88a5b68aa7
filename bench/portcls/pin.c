/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An open pin: what the WaveRT port does between the client's requests and the
 * miniport's stream, and the rules that a stream has to keep.
 * [D portcls/nn-portcls-iminiportwavertstream; W audio/ksproperty-rtaudio-buffer]
 */
#include "portcls.h"

#include <string.h>

#define UNSET 0xCCCCCCCCu
#define PINS_MAX 16

static struct {
    struct pin *pin;
    KSSTATE saved; /* where its client wants it */
} g_pins[PINS_MAX];

unsigned ks_open_pins(void)
{
    unsigned n = 0;
    for (size_t i = 0; i < PINS_MAX; i++)
        n += g_pins[i].pin != NULL;
    return n;
}

static void remember(struct pin *pin, struct pin *old)
{
    for (size_t i = 0; i < PINS_MAX; i++) {
        if (g_pins[i].pin == old) {
            g_pins[i].pin = pin;
            return;
        }
    }
    bench_bug("more than %d pins open", PINS_MAX);
}

KSSTATE g_pins_suspend_to = KSSTATE_PAUSE;

static NTSTATUS walk(struct pin *pin, KSSTATE state);

/* Its client may close a pin while this waits for its port. */
static void for_each_pin(void (*act)(struct pin *pin, KSSTATE *saved))
{
    for (size_t i = 0; i < PINS_MAX; i++) {
        struct pin *pin = g_pins[i].pin;
        struct port *port = pin ? pin->port : NULL;
        if (!pin)
            continue;
        port_enter(port);
        if (g_pins[i].pin == pin)
            act(pin, &g_pins[i].saved);
        port_leave(port);
    }
}

static void suspend(struct pin *pin, KSSTATE *saved)
{
    *saved = pin->state;
    if (pin->state > g_pins_suspend_to)
        walk(pin, g_pins_suspend_to);
}

static void resume(struct pin *pin, KSSTATE *saved)
{
    if (*saved > pin->state)
        walk(pin, *saved);
}

void ks_pins_suspend(void)
{
    for_each_pin(suspend);
}

void ks_pins_resume(void)
{
    for_each_pin(resume);
}

/* ---- open and close ---- */

/* What KS refuses before the miniport hears of it. */
static NTSTATUS check_request(struct port *port, ULONG id)
{
    const PCPIN_DESCRIPTOR *descriptor = filter_pin(port, id);
    if (port->adapter && port->adapter->removed)
        return STATUS_DEVICE_REMOVED;
    if (!port->initialized || !port->miniport)
        return STATUS_DEVICE_NOT_READY;
    if (!descriptor || !pin_is_streaming(descriptor))
        return STATUS_INVALID_PARAMETER;
    if (port->open_pins[id] >= descriptor->MaxFilterInstanceCount)
        return STATUS_INVALID_DEVICE_REQUEST;
    return STATUS_SUCCESS;
}

static void check_stream(struct pin *pin)
{
    static const struct {
        const GUID *iid;
        const char *name;
    } optional[] = {{&IID_IDrmAudioStream, "IDrmAudioStream"}, {&IID_IPowerNotify, "IPowerNotify"}};
    driver_object_check(pin->stream, COM_SLOTS(IMiniportWaveRTStreamVtbl), "IMiniportWaveRTStream", true);
    driver_object_check_unknown(pin->stream, "stream");
    for (size_t i = 0; i < 2; i++) {
        void *out = driver_object_query(pin->stream, optional[i].iid, 4, optional[i].name);
        if (out)
            driver_object_release(out, optional[i].name);
    }
    pin->notification = driver_object_query(pin->stream, &IID_IMiniportWaveRTStreamNotification,
                                            COM_SLOTS(IMiniportWaveRTStreamNotificationVtbl),
                                            "IMiniportWaveRTStreamNotification");
}

static NTSTATUS open_pin(struct port *port, ULONG id, const KSDATAFORMAT *format, struct pin **out)
{
    *out = NULL;
    NTSTATUS status = check_request(port, id);
    if (!NT_SUCCESS(status))
        return status;
    struct pin *pin = bench_alloc(sizeof *pin, "pin");
    KSDATAFORMAT *copy = bench_alloc(format->FormatSize, "pin format");
    IMiniportWaveRT *miniport = (IMiniportWaveRT *)(void *)port->miniport;
    void *stream = NULL;
    memset(pin, 0, sizeof *pin);
    memcpy(copy, format, format->FormatSize);
    memcpy(&pin->format, format,
           format->FormatSize < sizeof pin->format ? format->FormatSize : sizeof pin->format);
    pin->port = port;
    pin->id = id;
    pin->resource_mark = resource_mark();
    pin->capture = filter_pin(port, id)->KsPinDescriptor.DataFlow == KSPIN_DATAFLOW_OUT;
    pin->port_stream = port_stream_create(port);
    status = DRIVER_CALL("IMiniportWaveRT::NewStream",
                         miniport->v->NewStream(miniport, &stream, &pin->port_stream->com.faces[0], id,
                                                (BOOLEAN)pin->capture, copy));
    bench_free(copy);
    if (status == STATUS_PENDING)
        violation("STREAM_PENDING", "NewStream returned STATUS_PENDING");
    if (!NT_SUCCESS(status)) {
        if (stream)
            violation("STREAM_ON_FAILURE", "NewStream failed and left a stream pointer");
        com_object_release(&pin->port_stream->com);
        bench_free(pin);
        return status;
    }
    pin->stream = stream;
    check_stream(pin);
    com_object_addref(&port->com);
    port->open_pins[id]++;
    remember(pin, NULL);
    *out = pin;
    return STATUS_SUCCESS;
}

NTSTATUS ks_pin_open(struct port *port, ULONG id, const KSDATAFORMAT *format, struct pin **out)
{
    if (port->adapter && !port->adapter->removed) /* PortCls is in D0 before NewStream */
        thread_wait(&port->adapter->powered, UINT64_MAX);
    port_enter(port);
    NTSTATUS status = open_pin(port, id, format, out);
    port_leave(port);
    return status;
}

void ks_pin_close(struct pin *pin)
{
    struct port *port = pin->port;
    port_enter(port);
    walk(pin, KSSTATE_STOP);
    for (size_t i = 0; i < PIN_EVENTS_MAX; i++) {
        if (pin->events[i])
            ks_pin_unregister_event(pin, pin->events[i]);
    }
    ks_pin_free(pin);
    ks_pin_drop(pin);
    port_leave(port);
}

void ks_pin_drop(struct pin *pin)
{
    struct port *port = pin->port;
    port_enter(port);
    if (pin->buffer.mdl)
        ram_unmap(pin->buffer.mapping, pin->buffer.pages);
    if (pin->notification)
        driver_object_release(pin->notification, "IMiniportWaveRTStreamNotification");
    driver_object_release(pin->stream, "stream");
    com_object_release(&pin->port_stream->com);
    resource_settle(pin->resource_mark);
    port->open_pins[pin->id]--;
    remember(NULL, pin);
    bench_free(pin);
    com_object_release(&port->com);
    port_leave(port);
}

/* ---- state ---- */

static uint64_t time_in_run_ns(const struct pin *pin)
{
    return pin->run_ns + (pin->state == KSSTATE_RUN ? clock_now_ns() - pin->run_start_ns : 0);
}

/* The same in bytes. */
static uint64_t elapsed_in_run(const struct pin *pin)
{
    uint64_t rate = pin->format.WaveFormatExt.Format.nAvgBytesPerSec;
    uint64_t ns = time_in_run_ns(pin);
    return ns / 1000000 * rate / 1000 + ns % 1000000 * rate / 1000000000;
}

/* The state has changed, since `before` bytes in RUN. Meanwhile the position may have moved or stood still: while the
 * last sound is played out, or the device is slow to start. It counts as no time that nobody looked. */
static void changed(struct pin *pin, uint64_t before)
{
    uint64_t unseen = before > pin->last_elapsed ? before - pin->last_elapsed : 0;
    pin->last_elapsed = elapsed_in_run(pin) - unseen;
}

static NTSTATUS step(struct pin *pin, KSSTATE state)
{
    IMiniportWaveRTStream *stream = pin->stream;
    uint64_t before = elapsed_in_run(pin);
    pin->moves++;
    if (state == KSSTATE_RUN && pin->state != KSSTATE_RUN)
        pin->run_start_ns = clock_now_ns();
    NTSTATUS status = DRIVER_CALL("IMiniportWaveRTStream::SetState", stream->v->SetState(stream, state));
    pin->moves++;
    if (status == STATUS_PENDING)
        violation("STREAM_PENDING", "SetState(%d) returned STATUS_PENDING", (int)state);
    if (!NT_SUCCESS(status) && state > pin->state)
        return status;
    if (pin->state == KSSTATE_RUN && state != KSSTATE_RUN)
        pin->run_ns += clock_now_ns() - pin->run_start_ns;
    pin->state = state;
    pin->pause_known = false;
    changed(pin, before);
    if (state == KSSTATE_STOP) {
        pin->run_ns = 0;
        pin->linear = 0;
        pin->last_elapsed = 0;
        pin->turn_guessed = false;
        pin->last_offset = 0;
    }
    return status;
}

static NTSTATUS walk(struct pin *pin, KSSTATE state)
{
    NTSTATUS status = STATUS_SUCCESS;
    while (pin->state < state && NT_SUCCESS(status))
        status = step(pin, pin->state + 1);
    while (pin->state > state) {
        NTSTATUS down = step(pin, pin->state - 1);
        if (!NT_SUCCESS(down))
            status = down;
    }
    return status;
}

NTSTATUS ks_pin_set_state(struct pin *pin, KSSTATE state)
{
    struct port *port = pin->port;
    port_enter(port);
    for (size_t i = 0; i < PINS_MAX; i++) {
        if (g_pins[i].pin == pin)
            g_pins[i].saved = state;
    }
    NTSTATUS status = walk(pin, state);
    port_leave(port);
    return status;
}

NTSTATUS ks_pin_jump(struct pin *pin, LONG state)
{
    IMiniportWaveRTStream *stream = pin->stream;
    if (state >= KSSTATE_STOP && state <= KSSTATE_RUN)
        return step(pin, (KSSTATE)state);
    return DRIVER_CALL("IMiniportWaveRTStream::SetState", stream->v->SetState(stream, (KSSTATE)state));
}

/* ---- buffer ---- */

static ULONG frame_bytes(const struct pin *pin)
{
    return pin->format.WaveFormatExt.Format.nBlockAlign ? pin->format.WaveFormatExt.Format.nBlockAlign : 1;
}

static void check_buffer(struct pin *pin, const struct pin_buffer *b)
{
    struct stream_mdl *m = port_stream_find(pin->port_stream, b->mdl);
    if (!m)
        violation("BUFFER_FOREIGN_MDL", "the buffer's MDL %p is not from IPortWaveRTStream: the port maps it to user "
                                        "mode, with all that lies around it", (void *)b->mdl);
    if (b->actual == UNSET || b->offset == UNSET || b->cache == UNSET)
        violation("BUFFER_UNSET", "buffer allocated, but size, offset or cache type was not returned");
    if (b->actual != b->requested)
        violation("BUFFER_SIZE", "%u bytes asked for, %u given: the engine drops a stream that shrinks or grows",
                  (unsigned)b->requested, (unsigned)b->actual);
    if (b->actual == 0 || b->actual % frame_bytes(pin))
        violation("BUFFER_FRAMES", "buffer of %u bytes is not whole frames of %u", (unsigned)b->actual,
                  (unsigned)frame_bytes(pin));
    if (b->offset >= PAGE_SIZE || (uint64_t)b->offset + b->actual > b->mdl->ByteCount)
        violation("BUFFER_BEYOND_MDL", "offset %u and %u bytes do not fit the MDL's %u", (unsigned)b->offset,
                  (unsigned)b->actual, (unsigned)b->mdl->ByteCount);
    if (b->cache > MmWriteCombined || (m->mapping && m->cache != b->cache))
        violation("BUFFER_CACHE_TYPE", "cache type %u returned, %u used for the driver's own mapping",
                  (unsigned)b->cache, (unsigned)m->cache);
}

static size_t count_mdls(const struct port_stream *stream)
{
    size_t count = 0;
    for (size_t i = 0; i < STREAM_MDLS_MAX; i++)
        count += stream->mdls[i].mdl != NULL;
    return count;
}

NTSTATUS ks_pin_allocate(struct pin *pin, ULONG bytes, ULONG notifications)
{
    IMiniportWaveRTStream *stream = pin->stream;
    IMiniportWaveRTStreamNotification *events = pin->notification;
    struct pin_buffer b = {.requested = bytes, .actual = UNSET, .offset = UNSET, .cache = UNSET,
                           .notifications = notifications};
    size_t mdls = count_mdls(pin->port_stream);
    NTSTATUS status;
    if (pin->buffer.mdl)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (notifications && !events)
        return STATUS_NOT_SUPPORTED;
    if (notifications)
        status = DRIVER_CALL("IMiniportWaveRTStreamNotification::AllocateBufferWithNotification",
                             events->v->AllocateBufferWithNotification(events, notifications, bytes, &b.mdl, &b.actual,
                                                                       &b.offset, &b.cache));
    else
        status = DRIVER_CALL("IMiniportWaveRTStream::AllocateAudioBuffer",
                             stream->v->AllocateAudioBuffer(stream, bytes, &b.mdl, &b.actual, &b.offset, &b.cache));
    if (!NT_SUCCESS(status)) {
        if (count_mdls(pin->port_stream) != mdls)
            violation("BUFFER_LEFT_ON_FAILURE", "the allocation failed, but its pages are still allocated");
        return status;
    }
    check_buffer(pin, &b);
    b.pages = mdl_page_count(b.mdl);
    b.mapping = ram_map(mdl_pfns(b.mdl), b.pages);
    if (!b.mapping)
        bench_bug("cannot map %zu pages for the client", b.pages);
    pin->buffer = b;
    return status;
}

void ks_pin_free(struct pin *pin)
{
    IMiniportWaveRTStream *stream = pin->stream;
    IMiniportWaveRTStreamNotification *events = pin->notification;
    struct pin_buffer b = pin->buffer;
    if (!b.mdl)
        return;
    ram_unmap(b.mapping, b.pages);
    memset(&pin->buffer, 0, sizeof pin->buffer);
    if (b.notifications)
        DRIVER_CALL_VOID("IMiniportWaveRTStreamNotification::FreeBufferWithNotification",
                         events->v->FreeBufferWithNotification(events, b.mdl, b.actual));
    else
        DRIVER_CALL_VOID("IMiniportWaveRTStream::FreeAudioBuffer", stream->v->FreeAudioBuffer(stream, b.mdl, b.actual));
}

/* ---- position ---- */

static NTSTATUS read_position(struct pin *pin, KSAUDIO_POSITION *position)
{
    IMiniportWaveRTStream *stream = pin->stream;
    bool raised = ++pin->reads % 7 == 0;
    KIRQL old = raised ? irql_raise(DISPATCH_LEVEL) : PASSIVE_LEVEL;
    memset(position, 0xCC, sizeof *position);
    NTSTATUS status =
        DRIVER_CALL("IMiniportWaveRTStream::GetPosition", stream->v->GetPosition(stream, position));
    if (raised)
        irql_lower(old);
    return status;
}

/* Follows the position through the wraps. It can never be more than the time in RUN; a step backwards looks like a
 * step of nearly a whole buffer forwards and breaks the same rule. */
static void follow(struct pin *pin, ULONG offset)
{
    uint64_t elapsed = elapsed_in_run(pin);
    uint64_t limit = elapsed + elapsed / 1000 + 4 * (uint64_t)frame_bytes(pin);
    ULONG size = pin->buffer.actual;
    uint64_t linear = pin->linear + (offset + size - pin->last_offset) % size;
    if (elapsed - pin->last_elapsed >= 2 * (uint64_t)size) { /* nobody looked for longer than that: the nearest turn */
        while (linear + size <= limit && linear - pin->linear + size / 2 < elapsed - pin->last_elapsed)
            linear += size;
        pin->turn_guessed = true;
    }
    pin->last_elapsed = elapsed;
    if (linear > limit && pin->turn_guessed) { /* the position had stood still meanwhile */
        linear -= size;
        pin->turn_guessed = false;
    }
    if (linear > limit)
        violation("POSITION_AHEAD", "position went from %u to %u of %u: backwards, or %llu bytes in %llu us of RUN",
                  (unsigned)pin->last_offset, (unsigned)offset, (unsigned)size, (unsigned long long)linear,
                  (unsigned long long)(time_in_run_ns(pin) / 1000));
    pin->linear = linear;
    trace("pin %u: position %u, %llu bytes of %llu", (unsigned)pin->id, (unsigned)offset, (unsigned long long)linear,
          (unsigned long long)elapsed);
    pin->last_offset = offset;
}

static void check_position(struct pin *pin, const KSAUDIO_POSITION *p)
{
    ULONG size = pin->buffer.actual;
    if (size && (p->PlayOffset >= size || p->WriteOffset >= size))
        violation("POSITION_RANGE", "PlayOffset %llu, WriteOffset %llu in a buffer of %u bytes",
                  (unsigned long long)p->PlayOffset, (unsigned long long)p->WriteOffset, (unsigned)size);
    if (pin->state == KSSTATE_STOP && (p->PlayOffset || p->WriteOffset))
        violation("POSITION_IN_STOP", "PlayOffset %llu, WriteOffset %llu in STOP", (unsigned long long)p->PlayOffset,
                  (unsigned long long)p->WriteOffset);
    if (pin->port->adapter && pin->port->adapter->removed)
        return; /* the clock of a device that is gone may stand still or jump to 0 */
    if (pin->state == KSSTATE_PAUSE) {
        if (pin->pause_known && memcmp(p, &pin->pause_position, sizeof *p) != 0)
            violation("POSITION_IN_PAUSE", "PlayOffset moved from %llu to %llu in PAUSE",
                      (unsigned long long)pin->pause_position.PlayOffset, (unsigned long long)p->PlayOffset);
        pin->pause_position = *p;
        pin->pause_known = true;
    }
    if (size && pin->state >= KSSTATE_PAUSE)
        follow(pin, (ULONG)(pin->capture ? p->WriteOffset : p->PlayOffset));
}

bool ks_pin_is_settled(const struct pin *pin, unsigned moves)
{
    return moves == pin->moves && (moves % 2 == 0 || pin->state == KSSTATE_RUN);
}

NTSTATUS ks_pin_position(struct pin *pin, KSAUDIO_POSITION *position)
{
    unsigned moves = pin->moves;
    NTSTATUS status = read_position(pin, position);
    if (status == STATUS_PENDING)
        violation("STREAM_PENDING", "GetPosition returned STATUS_PENDING");
    if (NT_SUCCESS(status) && ks_pin_is_settled(pin, moves))
        check_position(pin, position);
    return status;
}

/* ---- the rest of KSPROPSETID_RtAudio ---- */

void ks_pin_latency(struct pin *pin, KSRTAUDIO_HWLATENCY *latency)
{
    IMiniportWaveRTStream *stream = pin->stream;
    const ULONG second = 10000000;
    memset(latency, 0xCC, sizeof *latency);
    DRIVER_CALL_VOID("IMiniportWaveRTStream::GetHWLatency", stream->v->GetHWLatency(stream, latency));
    if (latency->FifoSize > pin->format.WaveFormatExt.Format.nAvgBytesPerSec || latency->ChipsetDelay > second ||
        latency->CodecDelay > second)
        violation("LATENCY_RANGE", "GetHWLatency: FIFO %u bytes, chipset %u, codec %u (100 ns) is above one second",
                  (unsigned)latency->FifoSize, (unsigned)latency->ChipsetDelay, (unsigned)latency->CodecDelay);
}

static void check_register(const KSRTAUDIO_HWREGISTER *hw, const char *what)
{
    if (memory_is_readable(hw->Register, 1) && (image_contains(hw->Register, 1) || memory_is_writable(hw->Register, 1)))
        violation("REGISTER_IN_MEMORY", "%s returned %p, memory of the driver: the whole page would be mapped into "
                                        "user mode", what, hw->Register);
    if ((hw->Width != 32 && hw->Width != 64) || hw->Denominator == 0)
        violation("REGISTER_DESCRIPTION", "%s: width %u, denominator %llu", what, (unsigned)hw->Width,
                  (unsigned long long)hw->Denominator);
}

NTSTATUS ks_pin_position_register(struct pin *pin, KSRTAUDIO_HWREGISTER *hw)
{
    IMiniportWaveRTStream *stream = pin->stream;
    memset(hw, 0, sizeof *hw);
    NTSTATUS status = DRIVER_CALL("IMiniportWaveRTStream::GetPositionRegister",
                                  stream->v->GetPositionRegister(stream, hw));
    if (NT_SUCCESS(status))
        check_register(hw, "GetPositionRegister");
    return status;
}

NTSTATUS ks_pin_clock_register(struct pin *pin, KSRTAUDIO_HWREGISTER *hw)
{
    IMiniportWaveRTStream *stream = pin->stream;
    memset(hw, 0, sizeof *hw);
    NTSTATUS status =
        DRIVER_CALL("IMiniportWaveRTStream::GetClockRegister", stream->v->GetClockRegister(stream, hw));
    if (NT_SUCCESS(status))
        check_register(hw, "GetClockRegister");
    return status;
}

NTSTATUS ks_pin_register_event(struct pin *pin, KEVENT *event)
{
    IMiniportWaveRTStreamNotification *events = pin->notification;
    if (!events)
        return STATUS_NOT_SUPPORTED;
    NTSTATUS status = DRIVER_CALL("IMiniportWaveRTStreamNotification::RegisterNotificationEvent",
                                  events->v->RegisterNotificationEvent(events, event));
    for (size_t i = 0; NT_SUCCESS(status) && i < PIN_EVENTS_MAX; i++) {
        if (pin->events[i] == event)
            violation("EVENT_TWICE", "RegisterNotificationEvent accepted an event that is registered already");
        if (!pin->events[i]) {
            pin->events[i] = event;
            break;
        }
    }
    return status;
}

NTSTATUS ks_pin_unregister_event(struct pin *pin, KEVENT *event)
{
    IMiniportWaveRTStreamNotification *events = pin->notification;
    bool known = false;
    if (!events)
        return STATUS_NOT_SUPPORTED;
    for (size_t i = 0; i < PIN_EVENTS_MAX; i++) {
        if (pin->events[i] == event) {
            pin->events[i] = NULL;
            known = true;
        }
    }
    NTSTATUS status = DRIVER_CALL("IMiniportWaveRTStreamNotification::UnregisterNotificationEvent",
                                  events->v->UnregisterNotificationEvent(events, event));
    if (NT_SUCCESS(status) != known)
        violation("EVENT_UNREGISTER", "UnregisterNotificationEvent of %s event returned %#x",
                  known ? "a registered" : "an unknown", (unsigned)status);
    return status;
}

NTSTATUS ks_pin_set_format(struct pin *pin, const KSDATAFORMAT *format)
{
    IMiniportWaveRTStream *stream = pin->stream;
    KSDATAFORMAT *copy = bench_alloc(format->FormatSize, "pin format");
    memcpy(copy, format, format->FormatSize);
    NTSTATUS status = DRIVER_CALL("IMiniportWaveRTStream::SetFormat", stream->v->SetFormat(stream, copy));
    bench_free(copy);
    return status;
}
