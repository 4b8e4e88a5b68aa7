/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PortCls of the bench: the objects behind the exports, and what the audio
 * engine may ask of them.
 *
 *   adapter (one per FDO) --- port (one per subdevice) --- filter = its descriptor, validated
 *                                   |                          pin (one per open stream)
 *                               miniport (driver)                  |--- stream (driver)
 *                                                                  '--- port_stream (pages for the stream)
 *
 * Everything here runs at PASSIVE_LEVEL unless it says otherwise.
 */
#ifndef BENCH_PORTCLS_H
#define BENCH_PORTCLS_H

#include "com.h"

#define PORT_NAME_MAX 64
#define PORT_CONNECTIONS_MAX 32
#define PORTS_MAX 16
#define FILTER_PINS_MAX 32
#define STREAM_MDLS_MAX 8
#define PIN_EVENTS_MAX 8

struct port;
struct pin;
struct adapter;

/* ---- adapter.c ---- */

struct connection {
    struct port *from;
    ULONG from_pin;
    struct port *to;
    ULONG to_pin;
};

typedef NTSTATUS(NTAPI *PCPFNSTARTDEVICE)(DEVICE_OBJECT *, IRP *, void *resource_list);

struct adapter {
    DEVICE_OBJECT *fdo;
    DEVICE_OBJECT *pdo;
    DEVICE_OBJECT *lower;
    PCPFNSTARTDEVICE start;
    ULONG max_objects;
    bool started;
    bool removed; /* surprise removal or removal has begun: the engine can tell why calls fail */
    struct port *ports[PORTS_MAX];
    size_t port_count;
    struct connection connections[PORT_CONNECTIONS_MAX];
    size_t connection_count;
    IAdapterPowerManagement *power; /* referenced */
    ULONG device_power;             /* DEVICE_POWER_STATE as last set: 1 = D0 */
    KEVENT powered;                 /* in D0 and told so */
};

/* The adapter of a device object that PcAddAdapterDevice made; violation PORTCLS_BAD_DEVICE else. */
struct adapter *adapter_of(DEVICE_OBJECT *fdo, const char *caller);
/* The adapter now in the device stack, or NULL. */
struct adapter *adapter_current(void);
/* Takes the port off the lists and lets go of its miniport. */
void adapter_remove_port(struct adapter *adapter, struct port *port);
void adapter_release_all(struct adapter *adapter);
void adapter_set_current(struct adapter *adapter);

/* ---- dispatch.c ---- */

NTSTATUS NTAPI PcDispatchIrp(DEVICE_OBJECT *fdo, IRP *irp);
NTSTATUS NTAPI PcCompleteIrp(DEVICE_OBJECT *fdo, IRP *irp, NTSTATUS status);
NTSTATUS NTAPI PcForwardIrpSynchronous(DEVICE_OBJECT *fdo, IRP *irp);

/* ---- resource_list.c ---- */

/* A list object with one reference; copies the descriptors. Either pointer may be NULL: an empty list. */
void *resource_list_create(const CM_RESOURCE_LIST *translated, const CM_RESOURCE_LIST *raw);

/* ---- port.c ---- */

enum port_kind { PORT_WAVERT, PORT_TOPOLOGY };

struct port {
    struct com_object com;
    enum port_kind kind;
    struct adapter *adapter;
    IMiniport *miniport; /* referenced, until released by unregistration */
    IUnknown *adapter_unknown;
    struct com_face *resources;
    const PCFILTER_DESCRIPTOR *filter;
    char name[PORT_NAME_MAX];
    bool initialized;
    bool registered;
    ULONG open_pins[FILTER_PINS_MAX];
    LIST_ENTRY events;
    ULONG events_generated;
    KMUTEX control; /* port_enter */
};

#define PORT_OBJECT_KIND "port"
extern const struct com_interface g_port_interfaces[2][11];
extern const void *const g_port_vtbls[2][COM_FACES];
struct port *port_create(enum port_kind kind);
struct port *port_of_unknown(void *face);
/* One thread at a time opens, closes, moves or frees the pins of a port, or lets go of its children. The port stays as
 * long as anybody waits or is inside. May be nested. */
void port_enter(struct port *port);
void port_leave(struct port *port);
/* Lets go of miniport, adapter and resources; the object itself lives on for whoever holds it. */
void port_release_children(struct port *port);
NTSTATUS NTAPI port_Init(void *face, DEVICE_OBJECT *fdo, IRP *irp, void *miniport, void *adapter, void *resources);
NTSTATUS NTAPI port_GetDeviceProperty(void *face, ULONG property, ULONG size, void *buffer, ULONG *result);
NTSTATUS NTAPI port_NewRegistryKey(void *face, void **out, void *outer, ULONG type, ACCESS_MASK access,
                                   void *attributes, ULONG options, ULONG *disposition);
/* The port's part of Init that depends on its kind. On success `miniport` is the specific interface, referenced. */
NTSTATUS port_wavert_init_miniport(struct port *port, IUnknown *unknown, void *resources);
NTSTATUS port_topology_init_miniport(struct port *port, IUnknown *unknown, void *resources);

/* ---- filter.c ---- */

void filter_validate(struct port *port, const PCFILTER_DESCRIPTOR *filter);
const PCPIN_DESCRIPTOR *filter_pin(const struct port *port, ULONG pin);
const PCNODE_DESCRIPTOR *filter_node(const struct port *port, ULONG node);
bool pin_is_streaming(const PCPIN_DESCRIPTOR *pin);
/* Every item of the table is visited; used by the scenarios that try all properties. */
const PCPROPERTY_ITEM *automation_property(const PCAUTOMATION_TABLE *table, ULONG index);
const PCPROPERTY_ITEM *automation_find(const PCAUTOMATION_TABLE *table, const GUID *set, ULONG id);

/* ---- property.c ---- */

#define NO_NODE ((ULONG)-1)

struct ks_request {
    const GUID *set;
    ULONG id;
    ULONG verb; /* one KSPROPERTY_TYPE_* */
    ULONG node; /* NO_NODE: filter or pin property */
    const void *instance; /* what follows KSPROPERTY or KSNODEPROPERTY */
    ULONG instance_size;
    void *value;
    ULONG value_size;
    ULONG answer_size; /* out: the driver's ValueSize */
};
/* Sends a property request to the driver as PortCls does. `pin`: an open pin, or NULL for the filter. Every answer is
 * validated. STATUS_NOT_FOUND when no automation table has the property or the verb. */
NTSTATUS ks_property(struct port *port, struct pin *pin, struct ks_request *request);
/* GET with the two-step size query that clients use; the value is put into `value`, at most `size` bytes. */
NTSTATUS ks_property_get_variable(struct port *port, struct ks_request *request, void *value, ULONG size);

/* ---- intersection.c ---- */

/* KSPROPERTY_PIN_DATAINTERSECTION: the first match of the client's range with a range of the pin. `out_size` 0 asks
 * for the length (STATUS_BUFFER_OVERFLOW). */
NTSTATUS ks_data_intersection(struct port *port, ULONG pin, const KSDATARANGE *client, void *out, ULONG out_size,
                              ULONG *length);

/* ---- port_wavertstream.c ---- */

struct stream_mdl {
    MDL *mdl;
    size_t pages;
    bool contiguous;
    void *mapping; /* NULL: not mapped */
    ULONG cache;
};
struct port_stream {
    struct com_object com;
    struct port *port;
    struct stream_mdl mdls[STREAM_MDLS_MAX];
};
#define PORT_STREAM_KIND "port stream"
struct port_stream *port_stream_create(struct port *port);
struct stream_mdl *port_stream_find(struct port_stream *stream, const MDL *mdl);
size_t mdl_page_count(const MDL *mdl);

/* ---- pin.c ---- */

struct pin_buffer {
    MDL *mdl;
    ULONG requested;
    ULONG actual;
    ULONG offset;
    ULONG cache;
    ULONG notifications; /* 0: AllocateAudioBuffer */
    void *mapping;       /* the client's view of the first page */
    size_t pages;
};
struct pin {
    struct port *port; /* referenced */
    ULONG id;
    bool capture;
    KSDATAFORMAT_WAVEFORMATEXTENSIBLE format;
    struct port_stream *port_stream;
    uint64_t resource_mark; /* when it was opened */
    IMiniportWaveRTStream *stream;
    IMiniportWaveRTStreamNotification *notification; /* NULL: not offered */
    KSSTATE state;
    struct pin_buffer buffer;
    KEVENT *events[PIN_EVENTS_MAX];
    uint64_t run_start_ns; /* when RUN was entered */
    uint64_t run_ns;       /* earlier runs since STOP */
    uint64_t linear;       /* bytes since STOP */
    uint64_t last_elapsed; /* bytes that the time in RUN was worth at the previous read */
    bool turn_guessed;     /* nobody looked for long: linear may be whole turns too much */
    ULONG last_offset;
    bool pause_known;
    KSAUDIO_POSITION pause_position;
    unsigned reads;
    unsigned moves; /* of the state, begun and ended; odd: one is under way */
};

/* NewStream. `format` is passed as it is. On failure *out is NULL. */
NTSTATUS ks_pin_open(struct port *port, ULONG id, const KSDATAFORMAT *format, struct pin **out);
/* Steps down to STOP, frees the buffer and releases the stream. Events must have been unregistered. */
void ks_pin_close(struct pin *pin);
/* Releases the stream as it is: in any state, with its buffer and its events. */
void ks_pin_drop(struct pin *pin);
/* Walks to `state` one step at a time. Stops at the first failure on the way up; on the way down goes on. */
NTSTATUS ks_pin_set_state(struct pin *pin, KSSTATE state);
/* One SetState with whatever the client says, without the port's lock: any state from any other, or a number that is
 * none. */
NTSTATUS ks_pin_jump(struct pin *pin, LONG state);
/* Was the state, which had begun and ended as many moves, the same all the time? Nobody knows what holds while it
 * changes, except on the way out of RUN: the position goes on. */
bool ks_pin_is_settled(const struct pin *pin, unsigned moves);
/* KSPROPERTY_AUDIO_POSITION, with every rule about positions; pin->linear follows it while the state is settled.
 * Sometimes at DISPATCH_LEVEL. */
NTSTATUS ks_pin_position(struct pin *pin, KSAUDIO_POSITION *position);
/* notifications 0: AllocateAudioBuffer. On success pin->buffer.mapping + offset is the client's view. */
NTSTATUS ks_pin_allocate(struct pin *pin, ULONG bytes, ULONG notifications);
void ks_pin_free(struct pin *pin);
void ks_pin_latency(struct pin *pin, KSRTAUDIO_HWLATENCY *latency);
NTSTATUS ks_pin_position_register(struct pin *pin, KSRTAUDIO_HWREGISTER *hw);
NTSTATUS ks_pin_clock_register(struct pin *pin, KSRTAUDIO_HWREGISTER *hw);
NTSTATUS ks_pin_register_event(struct pin *pin, KEVENT *event);
NTSTATUS ks_pin_unregister_event(struct pin *pin, KEVENT *event);
NTSTATUS ks_pin_set_format(struct pin *pin, const KSDATAFORMAT *format);
/* Streams open now, on all ports. */
unsigned ks_open_pins(void);
/* Power: all open pins are taken to g_pins_suspend_to before, and go back after. */
extern KSSTATE g_pins_suspend_to;
void ks_pins_suspend(void);
void ks_pins_resume(void);

#endif
