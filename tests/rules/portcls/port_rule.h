/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A small, correct PortCls driver with one render endpoint that consumes at the
 * pace of the performance counter and makes no sound. All its tables live in
 * g_Model, writable: a case changes what it needs before the driver registers,
 * and so breaks exactly one rule of the bench's PortCls.
 */
#ifndef PORT_RULE_H
#define PORT_RULE_H

#define WDK_COMPAT_PORTCLS
#include "wdk_compat.h"

#include "filter_tables.h"
#include "guids.h"
#include "portcls_com.h"

#define RULE_TAG ((ULONG)'eluR')
#define UNUSED(name_) ((VOID)(name_))
#define FRAME_BYTES 4

typedef struct _PORT_STREAM {
    IMiniportWaveRTStreamNotification Interface; /* first member */
    LONG References;
    PPORTWAVERTSTREAM Port; /* referenced */
    PMDL Mdl;
    PVOID Va; /* the driver's own mapping of Mdl */
    ULONG Bytes;
    KSSTATE State;
    LONGLONG RunSince;  /* performance counter */
    ULONGLONG Frames;   /* played before RunSince */
    PKEVENT Events[4];
} PORT_STREAM, *PPORT_STREAM;

typedef struct _PORT_MODEL {
    PCFILTER_DESCRIPTOR Wave;
    PCFILTER_DESCRIPTOR Topology;
    PCPIN_DESCRIPTOR WavePins[3];     /* 0 stream, 1 bridge; 2 unused until a case counts it */
    PCPIN_DESCRIPTOR TopologyPins[2]; /* 0 bridge, 1 speaker */
    PCCONNECTION_DESCRIPTOR WaveConnections[2];
    PCCONNECTION_DESCRIPTOR TopologyConnections[2];
    KSDATARANGE_AUDIO Range;
    PKSDATARANGE Ranges[1];
    GUID WaveCategories[3];
    GUID TopologyCategories[2];
    PCPROPERTY_ITEM JackItems[2]; /* item 1 unused until a case counts it */
    PCAUTOMATION_TABLE JackTable;

    IMiniportWaveRTVtbl WaveVtbl;
    IMiniportTopologyVtbl TopologyVtbl;
    IMiniportWaveRTStreamNotificationVtbl StreamVtbl;

    POOL_TYPE StreamPool; /* of stream objects */
    ULONG MaxObjects;
    ULONG ExtensionBytes;
    PCPFNSTARTDEVICE StartDevice;
    PWCHAR TopologyName;
    /* Called by the skeleton's StartDevice after all registrations; NULL: nothing. */
    NTSTATUS (*AfterStart)(PDEVICE_OBJECT DeviceObject);

    IMiniportWaveRT WaveMiniport;
    IMiniportTopology TopologyMiniport;
    PPORT WavePort;     /* referenced while the device is started */
    PPORT TopologyPort; /* likewise */
} PORT_MODEL, *PPORT_MODEL;

extern PORT_MODEL g_Model;

/* The case: PORT_RULE(NAME, COMMAND) { change *Model }. Runs in DriverEntry on the finished model. COMMAND says what
 * the bench has to do for the rule to be reached: LOAD, SHOW, PLAY (timer-driven) or EVENT (event-driven), or is the
 * name of a scenario of the bench. */
typedef struct _PORT_CASE {
    VOID (*Prepare)(PPORT_MODEL Model);
} PORT_CASE;
#define PORT_RULE(name_, command_)                                                                                     \
    static VOID Prepare_##name_(PPORT_MODEL Model);                                                                    \
    extern const PORT_CASE Rule_##name_;                                                                               \
    const PORT_CASE Rule_##name_ = {Prepare_##name_};                                                                  \
    static VOID Prepare_##name_(PPORT_MODEL Model)

/* port_tables.c: fills g_Model with the correct tables. */
VOID PortTablesInitialize(PPORT_MODEL Model);
NTSTATUS NTAPI PortJack(PPCPROPERTY_REQUEST Request);

/* port_miniports.c and port_stream.c: the correct vtables. */
VOID PortMiniportsInitialize(PPORT_MODEL Model);
VOID PortStreamInitialize(PPORT_MODEL Model);
NTSTATUS PortStreamCreate(PPORTWAVERTSTREAM Port, PMINIPORTWAVERTSTREAM *Stream);

/* port_skeleton.c: what a case may call in place of, or after, the skeleton's own step. */
NTSTATUS NTAPI PortStartDevice(PDEVICE_OBJECT DeviceObject, PIRP Irp, PRESOURCELIST Resources);
/* Makes a port of Class and initialises it with Miniport; *Port referenced. */
NTSTATUS PortCreate(PDEVICE_OBJECT DeviceObject, PIRP Irp, PRESOURCELIST Resources, const GUID *Class,
                    PUNKNOWN Miniport, PPORT *Port);

#endif
