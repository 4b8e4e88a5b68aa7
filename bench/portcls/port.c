/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* IPort: what the WaveRT and the topology port have in common. [D portcls/nf-portcls-iport-init] */
#include "nt_imports.h"
#include "portcls.h"
#include "../nt/faultpoint.h"

#include <string.h>

static void destroy(struct com_object *object)
{
    port_release_children((struct port *)object);
}

struct port *port_create(enum port_kind kind)
{
    struct port *port = com_create(sizeof *port, PORT_OBJECT_KIND, g_port_interfaces[kind], g_port_vtbls[kind],
                                   COM_FACES, destroy);
    port->kind = kind;
    port->events.Flink = port->events.Blink = &port->events;
    KeInitializeMutex(&port->control, 0);
    return port;
}

void port_enter(struct port *port)
{
    com_object_addref(&port->com);
    thread_wait(&port->control, UINT64_MAX);
}

void port_leave(struct port *port)
{
    KeReleaseMutex(&port->control, FALSE);
    com_object_release(&port->com);
}

struct port *port_of_unknown(void *face)
{
    return com_object_of(face, PORT_OBJECT_KIND);
}

void port_release_children(struct port *port)
{
    if (port->events.Flink != &port->events)
        violation("PORT_EVENTS_LEFT", "port \"%s\" goes away with events still enabled", port->name);
    if (port->miniport)
        driver_object_release(port->miniport, "miniport");
    port->miniport = NULL;
    port->filter = NULL;
    port->initialized = false;
    if (port->adapter_unknown)
        driver_object_release(port->adapter_unknown, "adapter object");
    port->adapter_unknown = NULL;
    if (port->resources)
        com_object_release(port->resources->object);
    port->resources = NULL;
}

/* PortCls asks every miniport for interfaces that most do not have; one that says yes to all is found out. */
static void probe_optional(IUnknown *miniport)
{
    static const struct {
        const GUID *iid;
        size_t slots;
        const char *name;
    } optional[] = {{&IID_IPowerNotify, COM_SLOTS(IPowerNotifyVtbl), "IPowerNotify"}, {&IID_IPinCount, 4, "IPinCount"}};
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++) {
        void *out = driver_object_query(miniport, optional[i].iid, optional[i].slots, optional[i].name);
        if (out)
            driver_object_release(out, optional[i].name);
    }
}

static NTSTATUS get_description(struct port *port)
{
    PCFILTER_DESCRIPTOR *filter = NULL;
    IMiniport *miniport = port->miniport;
    NTSTATUS status =
        DRIVER_CALL("IMiniport::GetDescription", miniport->v->GetDescription(miniport, &filter));
    if (!NT_SUCCESS(status))
        return status;
    port->filter = filter;
    filter_validate(port, filter);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI port_Init(void *face, DEVICE_OBJECT *fdo, IRP *irp, void *unknown_miniport, void *adapter,
                         void *resources)
{
    struct port *port = com_object_of(face, PORT_OBJECT_KIND);
    NTSTATUS status;
    irql_require_max(PASSIVE_LEVEL, "IPort::Init");
    if (port->initialized)
        violation("PORT_INIT_TWICE", "IPort::Init called again");
    if (!irp || !memory_is_readable(irp, sizeof *irp))
        violation("PORTCLS_BAD_ARGUMENT", "IPort::Init: IRP of the start request is missing");
    port->adapter = adapter_of(fdo, "IPort::Init");
    driver_object_check(unknown_miniport, COM_SLOTS(IUnknownVtbl), "miniport", false);
    driver_object_check_unknown(unknown_miniport, "miniport");
    if (adapter) {
        driver_object_check(adapter, COM_SLOTS(IUnknownVtbl), "adapter object", false);
        driver_object_check_unknown(adapter, "adapter object");
        driver_object_addref(adapter, "adapter object");
        port->adapter_unknown = adapter;
    }
    if (resources) {
        com_object_addref(com_object_of(resources, "resource list"));
        port->resources = resources;
    }
    probe_optional(unknown_miniport);
    status = port->kind == PORT_WAVERT ? port_wavert_init_miniport(port, unknown_miniport, resources)
                                       : port_topology_init_miniport(port, unknown_miniport, resources);
    if (NT_SUCCESS(status))
        status = get_description(port);
    if (NT_SUCCESS(status) && fault_point(FAULT_PORT_INIT))
        status = fault_status(FAULT_PORT_INIT);
    if (!NT_SUCCESS(status)) {
        port_release_children(port);
        return status;
    }
    port->initialized = true;
    return status;
}

NTSTATUS NTAPI port_GetDeviceProperty(void *face, ULONG property, ULONG size, void *buffer, ULONG *result)
{
    struct port *port = com_object_of(face, PORT_OBJECT_KIND);
    irql_require_max(PASSIVE_LEVEL, "IPort::GetDeviceProperty");
    if (!port->adapter)
        return STATUS_DEVICE_NOT_READY;
    return IoGetDeviceProperty(port->adapter->pdo, (LONG)property, size, buffer, result);
}

static NTSTATUS NTAPI PcNewPort(void **out, const GUID *class_id)
{
    if (!memory_is_writable(out, sizeof *out) || !memory_is_readable(class_id, sizeof *class_id))
        violation("PORTCLS_BAD_ARGUMENT", "PcNewPort: bad result pointer or class ID");
    *out = NULL;
    if (fault_point(FAULT_PORT))
        return fault_status(FAULT_PORT);
    struct port *port;
    if (guid_equal(class_id, &CLSID_PortWaveRT))
        port = port_create(PORT_WAVERT);
    else if (guid_equal(class_id, &CLSID_PortTopology))
        port = port_create(PORT_TOPOLOGY);
    else
        return STATUS_NOT_SUPPORTED;
    *out = &port->com.faces[0];
    return STATUS_SUCCESS;
}

NT_EXPORT("portcls.sys", PcNewPort, PASSIVE_LEVEL);
