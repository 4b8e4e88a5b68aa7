/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property requests as PortCls passes them on: the item is looked up in the
 * automation table of filter, pin or node, the handler gets copies of instance
 * and value in guarded memory, and its answer is checked against what it was
 * given. [D portcls/ns-portcls-_pcproperty_request; W audio/property-handlers]
 */
#include "portcls.h"

#include <string.h>

static const PCAUTOMATION_TABLE *table_of(struct port *port, struct pin *pin, ULONG node)
{
    if (node != NO_NODE) {
        const PCNODE_DESCRIPTOR *n = filter_node(port, node);
        return n ? n->AutomationTable : NULL;
    }
    if (pin)
        return filter_pin(port, pin->id)->AutomationTable;
    return port->filter ? port->filter->AutomationTable : NULL;
}

/* A description that says more than the access flags: KSPROPERTY_DESCRIPTION and its members. */
static void check_description(const PCPROPERTY_ITEM *item, const void *value, ULONG size)
{
    KSPROPERTY_DESCRIPTION description;
    if (size < sizeof description)
        violation("PROPERTY_BASICSUPPORT", "%s %u: BASICSUPPORT answered %u bytes, neither 4 nor a description",
                  guid_text(item->Set), (unsigned)item->Id, (unsigned)size);
    memcpy(&description, value, sizeof description);
    if (description.DescriptionSize < sizeof description)
        violation("PROPERTY_BASICSUPPORT", "%s %u: DescriptionSize %u is less than the header", guid_text(item->Set),
                  (unsigned)item->Id, (unsigned)description.DescriptionSize);
    if (size >= description.DescriptionSize && description.MembersListCount) {
        const unsigned char *at = (const unsigned char *)value + sizeof description;
        const unsigned char *end = (const unsigned char *)value + description.DescriptionSize;
        for (ULONG i = 0; i < description.MembersListCount; i++) {
            KSPROPERTY_MEMBERSHEADER header;
            if ((size_t)(end - at) < sizeof header)
                violation("PROPERTY_BASICSUPPORT", "%s %u: members do not fit the description", guid_text(item->Set),
                          (unsigned)item->Id);
            memcpy(&header, at, sizeof header);
            at += sizeof header;
            if ((size_t)(end - at) < (size_t)header.MembersSize)
                violation("PROPERTY_BASICSUPPORT", "%s %u: members do not fit the description", guid_text(item->Set),
                          (unsigned)item->Id);
            at += header.MembersSize;
        }
    }
}

static void check_basicsupport(const PCPROPERTY_ITEM *item, const PCPROPERTY_REQUEST *request, ULONG given)
{
    ULONG flags;
    ULONG verbs = KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET;
    if (given < sizeof flags)
        return;
    memcpy(&flags, request->Value, sizeof flags);
    if ((flags & verbs) == 0 || (flags & verbs & ~item->Flags))
        violation("PROPERTY_BASICSUPPORT", "%s %u: BASICSUPPORT says %#x, the item's flags are %#x",
                  guid_text(item->Set), (unsigned)item->Id, (unsigned)flags, (unsigned)item->Flags);
    if (request->ValueSize != sizeof flags)
        check_description(item, request->Value, request->ValueSize);
}

static void check_answer(const PCPROPERTY_ITEM *item, const PCPROPERTY_REQUEST *r, ULONG given, NTSTATUS status)
{
    const char *set = guid_text(item->Set);
    unsigned id = (unsigned)item->Id;
    if (status == STATUS_PENDING)
        violation("PROPERTY_PENDING", "%s %u: handler returned STATUS_PENDING", set, id);
    if (NT_SUCCESS(status) && r->ValueSize > given)
        violation("PROPERTY_ANSWER_SIZE", "%s %u: success with %u bytes in a buffer of %u", set, id,
                  (unsigned)r->ValueSize, (unsigned)given);
    if (NT_SUCCESS(status) && (r->Verb & KSPROPERTY_TYPE_GET) && r->ValueSize == 0)
        violation("PROPERTY_ANSWER_SIZE", "%s %u: GET succeeded with no bytes", set, id);
    if (status == STATUS_BUFFER_OVERFLOW && (given != 0 || r->ValueSize == 0))
        violation("PROPERTY_ANSWER_SIZE", "%s %u: STATUS_BUFFER_OVERFLOW answers a size query: given %u, answered %u",
                  set, id, (unsigned)given, (unsigned)r->ValueSize);
    if (NT_SUCCESS(status) && (r->Verb & KSPROPERTY_TYPE_BASICSUPPORT))
        check_basicsupport(item, r, given);
}

/* PortCls answers BASICSUPPORT itself when the item does not want to. */
static NTSTATUS default_basicsupport(const PCPROPERTY_ITEM *item, struct ks_request *request)
{
    ULONG flags = item->Flags & (KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET);
    request->answer_size = sizeof flags;
    if (request->value_size == 0)
        return STATUS_BUFFER_OVERFLOW;
    if (request->value_size < sizeof flags)
        return STATUS_BUFFER_TOO_SMALL;
    memcpy(request->value, &flags, sizeof flags);
    return STATUS_SUCCESS;
}

static NTSTATUS call_handler(struct port *port, struct pin *pin, const PCPROPERTY_ITEM *item, struct ks_request *ks)
{
    void *instance = ks->instance_size ? bench_alloc(ks->instance_size, "property instance") : NULL;
    void *value = ks->value_size ? bench_alloc(ks->value_size, "property value") : NULL;
    IRP *irp = bench_alloc(sizeof *irp, "property IRP");
    memset(irp, 0, sizeof *irp);
    irp->Type = IO_TYPE_IRP;
    irp->Size = sizeof *irp;
    if (instance)
        memcpy(instance, ks->instance, ks->instance_size);
    if (value)
        memcpy(value, ks->value, ks->value_size);
    PCPROPERTY_REQUEST request = {
        .MajorTarget = (IUnknown *)(void *)port->miniport,
        .MinorTarget = pin ? (IUnknown *)(void *)pin->stream : NULL,
        .Node = ks->node,
        .PropertyItem = item,
        .Verb = ks->verb,
        .InstanceSize = ks->instance_size,
        .Instance = instance,
        .ValueSize = ks->value_size,
        .Value = value,
        .Irp = irp,
    };
    NTSTATUS status = DRIVER_CALL("property handler", item->Handler(&request));
    check_answer(item, &request, ks->value_size, status);
    if (value && NT_SUCCESS(status))
        memcpy(ks->value, value, ks->value_size);
    ks->answer_size = request.ValueSize;
    bench_free(irp);
    if (value)
        bench_free(value);
    if (instance)
        bench_free(instance);
    return status;
}

NTSTATUS ks_property(struct port *port, struct pin *pin, struct ks_request *request)
{
    request->answer_size = 0;
    if (!port->miniport)
        return STATUS_DEVICE_REMOVED;
    const PCPROPERTY_ITEM *item = automation_find(table_of(port, pin, request->node), request->set, request->id);
    if (!item)
        return STATUS_NOT_FOUND;
    if (!(item->Flags & request->verb))
        return request->verb == KSPROPERTY_TYPE_BASICSUPPORT ? default_basicsupport(item, request) : STATUS_NOT_FOUND;
    return call_handler(port, pin, item, request);
}

NTSTATUS ks_property_get_variable(struct port *port, struct ks_request *request, void *value, ULONG size)
{
    request->verb = KSPROPERTY_TYPE_GET;
    request->value = NULL;
    request->value_size = 0;
    NTSTATUS status = ks_property(port, NULL, request);
    if (status != STATUS_BUFFER_OVERFLOW)
        return NT_SUCCESS(status) ? STATUS_UNSUCCESSFUL : status;
    if (request->answer_size > size)
        return STATUS_BUFFER_TOO_SMALL;
    request->value = value;
    request->value_size = request->answer_size;
    return ks_property(port, NULL, request);
}
