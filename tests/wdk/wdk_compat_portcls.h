/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The kernel streaming and PortCls types that the driver's pure code uses, for
 * unit tests on the host: structures and identifiers are those of the bench
 * (WDK: ks.h, ksmedia.h, mmreg.h, portcls.h), objects have typed methods here.
 */
#ifndef TEST_WDK_COMPAT_PORTCLS_H
#define TEST_WDK_COMPAT_PORTCLS_H

#include "wdk_compat.h"

#ifndef C_ASSERT
#define C_ASSERT(condition) _Static_assert(condition, #condition)
#endif
#ifndef RTL_NUMBER_OF
#define RTL_NUMBER_OF(a) (sizeof(a) / sizeof((a)[0]))
#endif

#ifndef CONTAINING_RECORD
#define CONTAINING_RECORD(address, type, field) ((type *)((char *)(address) - offsetof(type, field)))
#endif
#ifndef ASSERT
#include <assert.h>
#define ASSERT(condition) assert(condition)
#endif

#ifndef STATUS_NOT_IMPLEMENTED
#define STATUS_NOT_IMPLEMENTED ((NTSTATUS)0xC0000002)
#endif
#ifndef STATUS_INVALID_DEVICE_REQUEST
#define STATUS_INVALID_DEVICE_REQUEST ((NTSTATUS)0xC0000010)
#endif
#ifndef STATUS_BUFFER_TOO_SMALL
#define STATUS_BUFFER_TOO_SMALL ((NTSTATUS)0xC0000023)
#endif
#ifndef STATUS_NO_MATCH
#define STATUS_NO_MATCH ((NTSTATUS)0xC0000272)
#endif

#ifndef RtlCompareMemory
#define RtlCompareMemory(a, b, n) (memcmp((a), (b), (n)) == 0 ? (SIZE_T)(n) : 0) /* right for equality only */
#endif

#ifndef GUID_DEFINED
#define GUID_DEFINED
typedef struct _GUID {
    ULONG Data1;
    USHORT Data2;
    USHORT Data3;
    UCHAR Data4[8];
} GUID;
#endif
typedef const GUID *REFIID;

typedef USHORT WORD;
typedef LONG BOOL;

#include "../../bench/include/ks.h"

typedef KSDATAFORMAT *PKSDATAFORMAT;
typedef KSDATARANGE *PKSDATARANGE;
typedef KSMULTIPLE_ITEM *PKSMULTIPLE_ITEM;
typedef PCPROPERTY_REQUEST *PPCPROPERTY_REQUEST;
typedef PCFILTER_DESCRIPTOR *PPCFILTER_DESCRIPTOR;

#define VT_UI4 19
#define VT_ILLEGAL 0xFFFF

/* ---- objects ---- */

typedef struct IUnknown IUnknown, *PUNKNOWN;
typedef struct {
    NTSTATUS(NTAPI *QueryInterface)(IUnknown *This, REFIID Iid, PVOID *Interface);
    ULONG(NTAPI *AddRef)(IUnknown *This);
    ULONG(NTAPI *Release)(IUnknown *This);
} IUnknownVtbl;
struct IUnknown {
    IUnknownVtbl *lpVtbl;
};

typedef union {
    LONG SystemState;
    LONG DeviceState;
} POWER_STATE;
typedef struct DEVICE_CAPABILITIES *PDEVICE_CAPABILITIES;
typedef struct IO_WORKITEM *PIO_WORKITEM;
typedef struct IAdapterPowerManagement IAdapterPowerManagement;
typedef struct {
    NTSTATUS(NTAPI *QueryInterface)(IAdapterPowerManagement *This, REFIID Iid, PVOID *Interface);
    ULONG(NTAPI *AddRef)(IAdapterPowerManagement *This);
    ULONG(NTAPI *Release)(IAdapterPowerManagement *This);
    VOID(NTAPI *PowerChangeState)(IAdapterPowerManagement *This, POWER_STATE NewState);
    NTSTATUS(NTAPI *QueryPowerChangeState)(IAdapterPowerManagement *This, POWER_STATE NewState);
    NTSTATUS(NTAPI *QueryDeviceCapabilities)(IAdapterPowerManagement *This, PDEVICE_CAPABILITIES Capabilities);
} IAdapterPowerManagementVtbl;
struct IAdapterPowerManagement {
    IAdapterPowerManagementVtbl *lpVtbl;
};

typedef IUnknown IMiniportWaveRTStream, IMiniportTopology, IPortWaveRTStream, IPortWaveRT, IResourceList;
typedef IUnknown *PMINIPORTWAVERTSTREAM, *PMINIPORTTOPOLOGY, *PPORTWAVERTSTREAM, *PPORTWAVERT, *PRESOURCELIST;

typedef enum { PCIBus = 5 } INTERFACE_TYPE;

typedef struct _DEVICE_DESCRIPTION {
    ULONG Version;
    BOOLEAN Master;
    BOOLEAN ScatterGather;
    BOOLEAN Dma32BitAddresses;
    INTERFACE_TYPE InterfaceType;
    ULONG MaximumLength;
} DEVICE_DESCRIPTION, *PDEVICE_DESCRIPTION;

typedef struct IMiniportWaveRT IMiniportWaveRT, *PMINIPORTWAVERT;
typedef struct {
    NTSTATUS(NTAPI *QueryInterface)(IMiniportWaveRT *This, REFIID Iid, PVOID *Interface);
    ULONG(NTAPI *AddRef)(IMiniportWaveRT *This);
    ULONG(NTAPI *Release)(IMiniportWaveRT *This);
    NTSTATUS(NTAPI *GetDescription)(IMiniportWaveRT *This, PPCFILTER_DESCRIPTOR *Description);
    NTSTATUS(NTAPI *DataRangeIntersection)(IMiniportWaveRT *This, ULONG Pin, PKSDATARANGE Client, PKSDATARANGE Mine,
                                           ULONG Length, PVOID Result, PULONG ResultLength);
    NTSTATUS(NTAPI *Init)(IMiniportWaveRT *This, PUNKNOWN Adapter, PRESOURCELIST Resources, PPORTWAVERT Port);
    NTSTATUS(NTAPI *NewStream)(IMiniportWaveRT *This, PMINIPORTWAVERTSTREAM *Stream, PPORTWAVERTSTREAM PortStream,
                               ULONG Pin, BOOLEAN Capture, PKSDATAFORMAT Format);
    NTSTATUS(NTAPI *GetDeviceDescription)(IMiniportWaveRT *This, PDEVICE_DESCRIPTION Description);
} IMiniportWaveRTVtbl;
struct IMiniportWaveRT {
    IMiniportWaveRTVtbl *lpVtbl;
};

/* Defined by the test that needs them. */
extern const GUID IID_IUnknown, IID_IAdapterPowerManagement, IID_IMiniport, IID_IMiniportWaveRT;

#endif
