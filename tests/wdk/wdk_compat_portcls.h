/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The kernel streaming and PortCls types that the driver's pure code uses, for
 * unit tests on the host. Layouts as in the kits (WDK: ks.h, ksmedia.h,
 * mmreg.h, portcls.h), with ULONG 32 bits wide.
 */
#ifndef TEST_WDK_COMPAT_PORTCLS_H
#define TEST_WDK_COMPAT_PORTCLS_H

#include "wdk_compat.h"

typedef uint16_t WORD;
typedef uint32_t DWORD;

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

/* ---- identifiers ---- */

#define STATIC_KSCATEGORY_AUDIO 0x6994AD04, 0x93EF, 0x11D0, 0xA3, 0xCC, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96
#define STATIC_KSNODETYPE_SPEAKER 0xDFF21CE1, 0xF70F, 0x11D0, 0xB9, 0x17, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96
#define STATIC_KSNODETYPE_MICROPHONE 0xDFF21BE1, 0xF70F, 0x11D0, 0xB9, 0x17, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96
#define STATIC_KSNODETYPE_DAC 0x507AE360, 0xC554, 0x11D0, 0x8A, 0x2B, 0x00, 0xA0, 0xC9, 0x25, 0x5A, 0xC1
#define STATIC_KSPROPSETID_Pin 0x8C134960, 0x51AD, 0x11CF, 0x87, 0x8A, 0x94, 0xF8, 0x01, 0xC1, 0x00, 0x00
#define STATIC_KSPROPSETID_Jack 0x4509F757, 0x2D46, 0x4637, 0x8E, 0x62, 0xCE, 0x7D, 0xB9, 0x44, 0xF5, 0x7B
#define STATIC_KSPROPSETID_Audio 0x45FFAAA0, 0x6E1B, 0x11D0, 0xBC, 0xF2, 0x44, 0x45, 0x53, 0x54, 0x00, 0x00
#define STATIC_KSPROPTYPESETID_General 0x97E99BA0, 0xBDEA, 0x11CF, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00
#define STATIC_KSDATAFORMAT_TYPE_AUDIO 0x73647561, 0x0000, 0x0010, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71
#define STATIC_KSDATAFORMAT_SUBTYPE_PCM 0x00000001, 0x0000, 0x0010, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71
#define STATIC_KSDATAFORMAT_SUBTYPE_ANALOG 0x6DBA3190, 0x67BD, 0x11CF, 0xA0, 0xF7, 0x00, 0x20, 0xAF, 0xD1, 0x56, 0xE4
#define STATIC_KSDATAFORMAT_SPECIFIER_NONE 0x0F6417D6, 0xC318, 0x11D0, 0xA4, 0x3F, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96
#define STATIC_KSDATAFORMAT_SPECIFIER_WAVEFORMATEX                                                                     \
    0x05589F81, 0xC356, 0x11CE, 0xBF, 0x01, 0x00, 0xAA, 0x00, 0x55, 0x59, 0x5A
#define STATIC_KSDATAFORMAT_SPECIFIER_DSOUND 0x518590A2, 0xA184, 0x11D0, 0x85, 0x22, 0x00, 0xC0, 0x4F, 0xD9, 0xBA, 0xF3
#define STATIC_KSDATAFORMAT_TYPE_WILDCARD 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0

/* ---- formats and ranges ---- */

typedef union {
    struct {
        ULONG FormatSize;
        ULONG Flags;
        ULONG SampleSize;
        ULONG Reserved;
        GUID MajorFormat;
        GUID SubFormat;
        GUID Specifier;
    };
    int64_t Alignment;
} KSDATAFORMAT, KSDATARANGE, *PKSDATAFORMAT, *PKSDATARANGE;

typedef struct {
    KSDATARANGE DataRange;
    ULONG MaximumChannels;
    ULONG MinimumBitsPerSample;
    ULONG MaximumBitsPerSample;
    ULONG MinimumSampleFrequency;
    ULONG MaximumSampleFrequency;
} KSDATARANGE_AUDIO;

#define WAVE_FORMAT_PCM 1
#define WAVE_FORMAT_EXTENSIBLE 0xFFFE

#pragma pack(push, 1)
typedef struct {
    WORD wFormatTag;
    WORD nChannels;
    DWORD nSamplesPerSec;
    DWORD nAvgBytesPerSec;
    WORD nBlockAlign;
    WORD wBitsPerSample;
    WORD cbSize;
} WAVEFORMATEX;

typedef struct {
    WAVEFORMATEX Format;
    union {
        WORD wValidBitsPerSample;
        WORD wSamplesPerBlock;
        WORD wReserved;
    } Samples;
    DWORD dwChannelMask;
    GUID SubFormat;
} WAVEFORMATEXTENSIBLE;

typedef struct {
    KSDATAFORMAT DataFormat;
    WAVEFORMATEX WaveFormatEx;
} KSDATAFORMAT_WAVEFORMATEX;

typedef struct {
    ULONG Flags;
    ULONG Control;
    WAVEFORMATEX WaveFormatEx;
} KSDSOUND_BUFFERDESC;

typedef struct {
    KSDATAFORMAT DataFormat;
    KSDSOUND_BUFFERDESC BufferDesc;
} KSDATAFORMAT_DSOUND;
#pragma pack(pop)

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

typedef struct _PCFILTER_DESCRIPTOR {
    ULONG Version;
} PCFILTER_DESCRIPTOR, *PPCFILTER_DESCRIPTOR;

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

/* ---- properties ---- */

#define KSPROPERTY_TYPE_GET 0x1u
#define KSPROPERTY_TYPE_SET 0x2u
#define KSPROPERTY_TYPE_BASICSUPPORT 0x200u

#define KSPROPERTY_JACK_DESCRIPTION 1
#define KSPROPERTY_JACK_DESCRIPTION2 2
#define KSPROPERTY_AUDIO_CHANNEL_CONFIG 3
#define KSPROPERTY_PIN_PROPOSEDATAFORMAT 14

#define VT_UI4 19
#define VT_ILLEGAL 0xFFFF

#define KSAUDIO_SPEAKER_STEREO 0x3

typedef struct _PCPROPERTY_REQUEST PCPROPERTY_REQUEST, *PPCPROPERTY_REQUEST;
typedef NTSTATUS(NTAPI *PCPFNPROPERTY_HANDLER)(PPCPROPERTY_REQUEST Request);

typedef struct {
    const GUID *Set;
    ULONG Id;
    ULONG Flags;
    PCPFNPROPERTY_HANDLER Handler;
} PCPROPERTY_ITEM;

struct _PCPROPERTY_REQUEST {
    PUNKNOWN MajorTarget;
    PUNKNOWN MinorTarget;
    ULONG Node;
    const PCPROPERTY_ITEM *PropertyItem;
    ULONG Verb;
    ULONG InstanceSize;
    PVOID Instance;
    ULONG ValueSize;
    PVOID Value;
    PVOID Irp;
};

typedef struct {
    GUID Set;
    ULONG Id;
    ULONG Flags;
} KSIDENTIFIER;

typedef struct {
    ULONG AccessFlags;
    ULONG DescriptionSize;
    KSIDENTIFIER PropTypeSet;
    ULONG MembersListCount;
    ULONG Reserved;
} KSPROPERTY_DESCRIPTION;

typedef struct {
    ULONG Size;
    ULONG Count;
} KSMULTIPLE_ITEM, *PKSMULTIPLE_ITEM;

typedef struct {
    int32_t ActiveSpeakerPositions;
} KSAUDIO_CHANNEL_CONFIG;

typedef struct {
    DWORD ChannelMapping;
    DWORD Color;
    enum { eConnTypeUnknown, eConnType3Point5mm } ConnectionType;
    enum { eGeoLocRear = 1 } GeoLocation;
    enum { eGenLocPrimaryBox } GenLocation;
    enum { ePortConnJack } PortConnection;
    int32_t IsConnected;
} KSJACK_DESCRIPTION;

typedef struct {
    DWORD DeviceStateInfo;
    DWORD JackCapabilities;
} KSJACK_DESCRIPTION2;

#endif
