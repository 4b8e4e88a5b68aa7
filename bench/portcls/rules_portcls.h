/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The rules that PortCls and the client of the bench enforce, as rules.h does for the kernel: identifier and reason. */
#ifndef BENCH_RULES_PORTCLS_H
#define BENCH_RULES_PORTCLS_H

#define PORTCLS_RULES(X)                                                                                               \
    /* COM */                                                                                                          \
    X(COM_BAD_ARGUMENT, "QueryInterface with an unreadable IID or result pointer")                                     \
    X(COM_BAD_INTERFACE, "interface pointer given to PortCls is not readable")                                         \
    X(COM_BAD_THIS, "method of a PortCls object called on something else, or after its last Release")                  \
    X(COM_BAD_VTABLE, "slot of a vtable is no code of the driver")                                                     \
    X(COM_PAGED_OBJECT, "object or vtable that is used at DISPATCH_LEVEL lies in pageable memory")                     \
    X(COM_QUERY_UNKNOWN_IID, "QueryInterface for an IID the object lacks must fail and set the result to NULL")        \
    X(COM_QUERY_IUNKNOWN, "QueryInterface for IID_IUnknown must succeed")                                              \
    X(COM_IDENTITY, "IUnknown of one object must always be the same pointer")                                          \
    X(COM_REFERENCE_COUNT, "AddRef and Release do not count by one")                                                   \
    X(COM_RELEASED_TOO_OFTEN, "Release without a reference: the ones left are those of PortCls")                       \
    /* adapter and subdevices */                                                                                       \
    X(PORTCLS_BAD_ARGUMENT, "argument that the documentation of a PortCls function forbids")                           \
    X(PORTCLS_BAD_DEVICE, "device object that PcAddAdapterDevice did not make, or that is gone")                       \
    X(PORTCLS_UNLOAD, "DriverUnload while the adapter's device still exists")                                          \
    X(ADAPTER_EXTENSION_SIZE, "extension size below PORT_CLASS_DEVICE_EXTENSION_SIZE and not 0")                       \
    X(START_PENDING, "StartDevice returned STATUS_PENDING")                                                            \
    X(SUBDEVICE_NOT_INITIALIZED, "PcRegisterSubdevice before IPort::Init succeeded")                                   \
    X(SUBDEVICE_TWICE, "port registered twice")                                                                        \
    X(SUBDEVICE_NAME, "two subdevices with one name [D portcls/nf-portcls-pcregistersubdevice]")                       \
    X(SUBDEVICE_COUNT, "more subdevices than MaxObjects of PcAddAdapterDevice")                                        \
    X(CONNECTION_UNREGISTERED, "physical connection between ports that are not both registered")                       \
    X(CONNECTION_PIN, "physical connection with a pin that does not exist or streams")                                 \
    X(CONNECTION_DIRECTION, "physical connection against the data flow")                                               \
    X(CONNECTION_TWICE, "physical connection registered twice")                                                        \
    X(PORT_INIT_TWICE, "IPort::Init called twice")                                                                     \
    X(PORT_EVENTS_LEFT, "port goes away with events still enabled")                                                    \
    X(DEVICE_DESCRIPTION, "GetDeviceDescription does not describe a PCI bus master, or leaves fields unset")           \
    /* descriptors */                                                                                                  \
    X(DESCRIPTOR_UNREADABLE, "descriptor points to memory that is not readable")                                       \
    X(DESCRIPTOR_PAGED, "descriptor lies in pageable memory")                                                          \
    X(FILTER_DESCRIPTOR, "sizes or counts of the filter descriptor")                                                   \
    X(FILTER_CATEGORY, "category missing or repeated")                                                                 \
    X(FILTER_CONNECTION, "connection inside the filter is impossible, repeated or ambiguous")                          \
    X(FILTER_ORPHAN, "pin or node that no connection reaches (KS topology test)")                                      \
    X(PIN_DESCRIPTOR, "data flow or communication of a pin")                                                           \
    X(PIN_INSTANCES, "instance counts contradict each other or the pin's kind")                                        \
    X(DATA_RANGE, "data range with impossible bounds or identifiers")                                                  \
    X(DATA_RANGE_SIZE, "FormatSize of a data range")                                                                   \
    X(AUTOMATION_TABLE, "automation table is malformed")                                                               \
    X(AUTOMATION_ITEM_SIZE, "item size is no multiple of 8 that holds an item")                                        \
    X(AUTOMATION_HANDLER, "handler is no code of the driver")                                                          \
    X(AUTOMATION_FLAGS, "item has no verb, or unknown flags")                                                          \
    X(AUTOMATION_DUPLICATE, "item appears twice in one table")                                                         \
    /* properties */                                                                                                   \
    X(PROPERTY_PENDING, "handler returned STATUS_PENDING, or completed what was not pending")                          \
    X(PROPERTY_ANSWER_SIZE, "ValueSize of the answer does not fit status or buffer")                                   \
    X(PROPERTY_BASICSUPPORT, "BASICSUPPORT contradicts the item's flags, or its description is malformed")             \
    X(INTERSECTION_SIZE, "length of a data intersection does not fit status or buffer")                                \
    X(JACK_SIZE, "KSMULTIPLE_ITEM of a jack property does not describe its own size")                                  \
    X(JACK_DESCRIPTION, "impossible value in a jack description [W audio/ksjack-description]")                         \
    /* streams */                                                                                                      \
    X(STREAM_PENDING, "stream method returned STATUS_PENDING")                                                         \
    X(STREAM_ON_FAILURE, "NewStream failed and left a stream pointer")                                                 \
    X(STREAM_FOREIGN_MDL, "MDL given to IPortWaveRTStream is not one of this stream's")                                \
    X(STREAM_MAPPED_TWICE, "pages mapped twice")                                                                       \
    X(STREAM_BAD_UNMAP, "unmap of an address where the pages are not mapped")                                          \
    X(STREAM_FREE_MAPPED, "pages freed while they are mapped")                                                         \
    X(HIDDEN_RESULT_ABI, "GetPhysicalPageAddress called without the hidden result pointer of C++")                     \
    X(BUFFER_FOREIGN_MDL, "the cyclic buffer was not allocated through IPortWaveRTStream")                             \
    X(BUFFER_UNSET, "success without all results")                                                                     \
    X(BUFFER_SIZE, "buffer smaller or larger than asked for [W audio/ksproperty-rtaudio-buffer]")                      \
    X(BUFFER_FRAMES, "buffer is not whole frames")                                                                     \
    X(BUFFER_BEYOND_MDL, "offset and size reach beyond the MDL")                                                       \
    X(BUFFER_CACHE_TYPE, "cache type unknown, or not that of the driver's own mapping")                                \
    X(BUFFER_LEFT_ON_FAILURE, "allocation failed and left pages allocated")                                            \
    X(POSITION_RANGE, "position at or beyond the buffer's size: the engine stalls")                                    \
    X(POSITION_IN_STOP, "position is not zero in STOP")                                                                \
    X(POSITION_IN_PAUSE, "position moves in PAUSE")                                                                    \
    X(POSITION_AHEAD, "position went backwards, or ran ahead of the time in RUN")                                      \
    X(LATENCY_RANGE, "hardware latency above one second")                                                              \
    X(REGISTER_IN_MEMORY, "register address inside the driver's memory, which would be mapped to user mode")           \
    X(REGISTER_DESCRIPTION, "register width or scale is impossible")                                                   \
    X(EVENT_TWICE, "notification event accepted twice")                                                                \
    X(EVENT_UNREGISTER, "unregistering a known event fails, or an unknown one succeeds")

#endif
