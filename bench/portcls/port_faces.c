/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The interfaces of a port beside IPort: events, unregistration, version and
 * DRM, and the tables that make the port answer QueryInterface.
 */
#include "portcls.h"
#include "../nt/faultpoint.h"

#include <string.h>

/* ---- IPortEvents ---- */

static void NTAPI AddEventToEventList(void *face, KSEVENT_ENTRY *entry)
{
    struct port *port = com_object_of(face, PORT_OBJECT_KIND);
    irql_require_max(DISPATCH_LEVEL, "IPortEvents::AddEventToEventList");
    if (!memory_is_writable(entry, sizeof *entry))
        violation("PORTCLS_BAD_ARGUMENT", "IPortEvents::AddEventToEventList: entry is not writable");
    entry->ListEntry.Flink = &port->events;
    entry->ListEntry.Blink = port->events.Blink;
    port->events.Blink->Flink = &entry->ListEntry;
    port->events.Blink = &entry->ListEntry;
}

static void NTAPI GenerateEventList(void *face, const GUID *set, ULONG id, BOOL pin_event, ULONG pin, BOOL node_event,
                                    ULONG node)
{
    struct port *port = com_object_of(face, PORT_OBJECT_KIND);
    irql_require_max(DISPATCH_LEVEL, "IPortEvents::GenerateEventList");
    if (set && !memory_is_readable(set, sizeof *set))
        violation("PORTCLS_BAD_ARGUMENT", "IPortEvents::GenerateEventList: set is not readable");
    trace("event %s %u on pin %d/%u node %d/%u of %s", set ? guid_text(set) : "any", (unsigned)id, (int)pin_event,
          (unsigned)pin, (int)node_event, (unsigned)node, port->name);
    port->events_generated++;
}

/* ---- unregistration ---- */

static NTSTATUS NTAPI UnregisterSubdevice(void *face, DEVICE_OBJECT *fdo, void *unknown)
{
    struct adapter *adapter = adapter_of(fdo, "IUnregisterSubdevice::UnregisterSubdevice");
    struct port *port = port_of_unknown(unknown);
    com_object_of(face, PORT_OBJECT_KIND);
    irql_require_max(PASSIVE_LEVEL, "IUnregisterSubdevice::UnregisterSubdevice");
    if (!port->registered)
        return STATUS_NOT_FOUND;
    if (fault_point(FAULT_UNREGISTER))
        return fault_status(FAULT_UNREGISTER);
    adapter_remove_port(adapter, port);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI UnregisterPhysicalConnection(void *face, DEVICE_OBJECT *fdo, void *from, ULONG from_pin, void *to,
                                                   ULONG to_pin)
{
    struct adapter *adapter = adapter_of(fdo, "IUnregisterPhysicalConnection");
    struct port *a = port_of_unknown(from);
    struct port *b = port_of_unknown(to);
    com_object_of(face, PORT_OBJECT_KIND);
    irql_require_max(PASSIVE_LEVEL, "IUnregisterPhysicalConnection");
    if (fault_point(FAULT_UNREGISTER))
        return fault_status(FAULT_UNREGISTER);
    for (size_t i = 0; i < adapter->connection_count; i++) {
        struct connection *c = &adapter->connections[i];
        if (c->from == a && c->to == b && c->from_pin == from_pin && c->to_pin == to_pin) {
            *c = adapter->connections[--adapter->connection_count];
            return STATUS_SUCCESS;
        }
    }
    return STATUS_NOT_FOUND;
}

/* Connections to other devices are accepted and kept nowhere (adapter.c), so there is none to take back. */
static NTSTATUS NTAPI UnregisterToExternal(void *face, DEVICE_OBJECT *fdo, void *from, ULONG from_pin, void *to,
                                           ULONG to_pin)
{
    (void)from, (void)from_pin, (void)to, (void)to_pin;
    com_object_of(face, PORT_OBJECT_KIND);
    adapter_of(fdo, "IUnregisterPhysicalConnection");
    return STATUS_NOT_FOUND;
}

/* ---- version and content protection ---- */

static ULONG NTAPI GetVersion(void *face)
{
    com_object_of(face, PORT_OBJECT_KIND);
    return 14; /* the newest value that is documented; it does not tell Windows 7 apart */
}

static NTSTATUS NTAPI CreateContentMixed(void *face, ULONG *ids, ULONG count, ULONG *mixed)
{
    com_object_of(face, PORT_OBJECT_KIND);
    if (!memory_is_readable(ids, count * sizeof *ids) || !memory_is_writable(mixed, sizeof *mixed))
        violation("PORTCLS_BAD_ARGUMENT", "IDrmPort::CreateContentMixed: bad pointer");
    *mixed = 0;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI DestroyContent(void *face, ULONG id)
{
    com_object_of(face, PORT_OBJECT_KIND);
    return id == 0 ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

static NTSTATUS NTAPI ForwardContent(void *face, ULONG id, void *target)
{
    (void)target;
    com_object_of(face, PORT_OBJECT_KIND);
    return id == 0 ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

static NTSTATUS NTAPI ForwardContentToInterface(void *face, ULONG id, void *target, ULONG methods)
{
    (void)methods;
    return ForwardContent(face, id, target);
}

static NTSTATUS NTAPI GetContentRights(void *face, ULONG id, ULONG *rights)
{
    com_object_of(face, PORT_OBJECT_KIND);
    if (!memory_is_writable(rights, 12))
        violation("PORTCLS_BAD_ARGUMENT", "IDrmPort::GetContentRights: bad pointer");
    memset(rights, 0, 12);
    return id == 0 ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

/* ---- tables ---- */

static const struct {
    COM_UNKNOWN_SLOTS;
    NTSTATUS(NTAPI *Init)(void *, DEVICE_OBJECT *, IRP *, void *, void *, void *);
    NTSTATUS(NTAPI *GetDeviceProperty)(void *, ULONG, ULONG, void *, ULONG *);
    NTSTATUS(NTAPI *NewRegistryKey)(void *, void **, void *, ULONG, ACCESS_MASK, void *, ULONG, ULONG *);
} g_port = {COM_UNKNOWN_METHODS, port_Init, port_GetDeviceProperty, port_NewRegistryKey};
static const struct {
    COM_UNKNOWN_SLOTS;
    void(NTAPI *AddEventToEventList)(void *, KSEVENT_ENTRY *);
    void(NTAPI *GenerateEventList)(void *, const GUID *, ULONG, BOOL, ULONG, BOOL, ULONG);
} g_events = {COM_UNKNOWN_METHODS, AddEventToEventList, GenerateEventList};
static const struct {
    COM_UNKNOWN_SLOTS;
    NTSTATUS(NTAPI *UnregisterSubdevice)(void *, DEVICE_OBJECT *, void *);
} g_unregister_subdevice = {COM_UNKNOWN_METHODS, UnregisterSubdevice};
static const struct {
    COM_UNKNOWN_SLOTS;
    NTSTATUS(NTAPI *Unregister)(void *, DEVICE_OBJECT *, void *, ULONG, void *, ULONG);
    NTSTATUS(NTAPI *ToExternal)(void *, DEVICE_OBJECT *, void *, ULONG, void *, ULONG);
    NTSTATUS(NTAPI *FromExternal)(void *, DEVICE_OBJECT *, void *, ULONG, void *, ULONG);
} g_unregister_connection = {COM_UNKNOWN_METHODS, UnregisterPhysicalConnection, UnregisterToExternal,
                             UnregisterToExternal};
static const struct {
    COM_UNKNOWN_SLOTS;
    ULONG(NTAPI *GetVersion)(void *);
} g_version = {COM_UNKNOWN_METHODS, GetVersion};
static const struct {
    COM_UNKNOWN_SLOTS;
    NTSTATUS(NTAPI *CreateContentMixed)(void *, ULONG *, ULONG, ULONG *);
    NTSTATUS(NTAPI *DestroyContent)(void *, ULONG);
    NTSTATUS(NTAPI *ForwardContentToFileObject)(void *, ULONG, void *);
    NTSTATUS(NTAPI *ForwardContentToInterface)(void *, ULONG, void *, ULONG);
    NTSTATUS(NTAPI *GetContentRights)(void *, ULONG, ULONG *);
} g_drm = {COM_UNKNOWN_METHODS, CreateContentMixed, DestroyContent, ForwardContent, ForwardContentToInterface,
           GetContentRights};

#define PORT_VTBLS {&g_port, &g_events, &g_unregister_subdevice, &g_unregister_connection, &g_version, &g_drm}
const void *const g_port_vtbls[2][COM_FACES] = {PORT_VTBLS, PORT_VTBLS};

#define PORT_COMMON_INTERFACES                                                                                         \
    {&IID_IPort, 0}, {&IID_IPortEvents, 1}, {&IID_IUnregisterSubdevice, 2}, {&IID_IUnregisterPhysicalConnection, 3},   \
        {&IID_IPortClsVersion, 4}, {&IID_IDrmPort, 5}, {NULL, 0}
const struct com_interface g_port_interfaces[2][11] = {{{&IID_IPortWaveRT, 0}, PORT_COMMON_INTERFACES},
                                                       {{&IID_IPortTopology, 0}, PORT_COMMON_INTERFACES}};
