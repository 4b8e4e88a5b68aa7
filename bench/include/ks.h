/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Kernel streaming and PortCls structures, with exactly the layout of Windows 7
 * on both architectures. Sizes are asserted at the foot; the numbers come from
 * measurements of the public headers with both compilers.
 *
 * For the bench and for the unit tests, which have basic types (ULONG, GUID,
 * LIST_ENTRY, IRP...) of their own: whoever includes this has declared them.
 */
#ifndef BENCH_KS_H
#define BENCH_KS_H

/* ---- identifiers ---- */

#define STATIC_GUID_NULL 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define STATIC_KSCATEGORY_AUDIO 0x6994AD04, 0x93EF, 0x11D0, 0xA3, 0xCC, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96
#define STATIC_KSCATEGORY_RENDER 0x65E8773E, 0x8F56, 0x11D0, 0xA3, 0xB9, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96
#define STATIC_KSCATEGORY_CAPTURE 0x65E8773D, 0x8F56, 0x11D0, 0xA3, 0xB9, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96
#define STATIC_KSCATEGORY_REALTIME 0xEB115FFC, 0x10C8, 0x4964, 0x83, 0x1D, 0x6D, 0xCB, 0x02, 0xE6, 0xF2, 0x3F
#define STATIC_KSCATEGORY_TOPOLOGY 0xDDA54A40, 0x1E4C, 0x11D1, 0xA0, 0x50, 0x40, 0x57, 0x05, 0xC1, 0x00, 0x00
#define STATIC_KSNODETYPE_SPEAKER 0xDFF21CE1, 0xF70F, 0x11D0, 0xB9, 0x17, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96
#define STATIC_KSNODETYPE_MICROPHONE 0xDFF21BE1, 0xF70F, 0x11D0, 0xB9, 0x17, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96
#define STATIC_KSNODETYPE_HEADPHONES 0xDFF21CE2, 0xF70F, 0x11D0, 0xB9, 0x17, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96
#define STATIC_KSNODETYPE_LINE_CONNECTOR 0xDFF21FE3, 0xF70F, 0x11D0, 0xB9, 0x17, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96
#define STATIC_KSNODETYPE_DAC 0x507AE360, 0xC554, 0x11D0, 0x8A, 0x2B, 0x00, 0xA0, 0xC9, 0x25, 0x5A, 0xC1
#define STATIC_KSNODETYPE_ADC 0x4D837FE0, 0xC555, 0x11D0, 0x8A, 0x2B, 0x00, 0xA0, 0xC9, 0x25, 0x5A, 0xC1
#define STATIC_KSNODETYPE_VOLUME 0x3A5ACC00, 0xC557, 0x11D0, 0x8A, 0x2B, 0x00, 0xA0, 0xC9, 0x25, 0x5A, 0xC1
#define STATIC_KSNODETYPE_MUTE 0x02B223C0, 0xC557, 0x11D0, 0x8A, 0x2B, 0x00, 0xA0, 0xC9, 0x25, 0x5A, 0xC1
#define STATIC_KSNODETYPE_SUM 0xDA441A60, 0xC556, 0x11D0, 0x8A, 0x2B, 0x00, 0xA0, 0xC9, 0x25, 0x5A, 0xC1
#define STATIC_KSNODETYPE_MUX 0x2CEAF780, 0xC556, 0x11D0, 0x8A, 0x2B, 0x00, 0xA0, 0xC9, 0x25, 0x5A, 0xC1
#define STATIC_KSNODETYPE_3D_EFFECTS 0x55515860, 0xC559, 0x11D0, 0x8A, 0x2B, 0x00, 0xA0, 0xC9, 0x25, 0x5A, 0xC1
#define STATIC_KSPROPSETID_Audio 0x45FFAAA0, 0x6E1B, 0x11D0, 0xBC, 0xF2, 0x44, 0x45, 0x53, 0x54, 0x00, 0x00
#define STATIC_KSPROPSETID_RtAudio 0xA855A48C, 0x2F78, 0x4729, 0x90, 0x51, 0x19, 0x68, 0x74, 0x6B, 0x9E, 0xEF
#define STATIC_KSPROPSETID_Jack 0x4509F757, 0x2D46, 0x4637, 0x8E, 0x62, 0xCE, 0x7D, 0xB9, 0x44, 0xF5, 0x7B
#define STATIC_KSPROPSETID_Pin 0x8C134960, 0x51AD, 0x11CF, 0x87, 0x8A, 0x94, 0xF8, 0x01, 0xC1, 0x00, 0x00
#define STATIC_KSPROPSETID_Connection 0x1D58C920, 0xAC9B, 0x11CF, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00
#define STATIC_KSPROPSETID_General 0x1464EDA5, 0x6A8F, 0x11D1, 0x9A, 0xA7, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96
#define STATIC_KSPROPTYPESETID_General 0x97E99BA0, 0xBDEA, 0x11CF, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00
#define STATIC_KSEVENTSETID_PinCapsChange 0xDD4F192E, 0x3B78, 0x49AD, 0xA5, 0x34, 0x2C, 0x31, 0x5B, 0x82, 0x20, 0x00
#define STATIC_KSDATAFORMAT_TYPE_AUDIO 0x73647561, 0x0000, 0x0010, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71
#define STATIC_KSDATAFORMAT_SUBTYPE_PCM 0x00000001, 0x0000, 0x0010, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71
#define STATIC_KSDATAFORMAT_SUBTYPE_IEEE_FLOAT                                                                         \
    0x00000003, 0x0000, 0x0010, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71
#define STATIC_KSDATAFORMAT_SUBTYPE_ANALOG 0x6DBA3190, 0x67BD, 0x11CF, 0xA0, 0xF7, 0x00, 0x20, 0xAF, 0xD1, 0x56, 0xE4
#define STATIC_KSDATAFORMAT_SPECIFIER_NONE 0x0F6417D6, 0xC318, 0x11D0, 0xA4, 0x3F, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96
#define STATIC_KSDATAFORMAT_SPECIFIER_WAVEFORMATEX                                                                     \
    0x05589F81, 0xC356, 0x11CE, 0xBF, 0x01, 0x00, 0xAA, 0x00, 0x55, 0x59, 0x5A
#define STATIC_KSDATAFORMAT_SPECIFIER_DSOUND 0x518590A2, 0xA184, 0x11D0, 0x85, 0x22, 0x00, 0xC0, 0x4F, 0xD9, 0xBA, 0xF3
#define STATIC_KSDATAFORMAT_TYPE_WILDCARD STATIC_GUID_NULL

#define KS_GUID_TABLE(X)                                                                                               \
    X(GUID_NULL, STATIC_GUID_NULL)                                                                                     \
    X(KSCATEGORY_AUDIO, STATIC_KSCATEGORY_AUDIO)                                                                       \
    X(KSCATEGORY_RENDER, STATIC_KSCATEGORY_RENDER)                                                                     \
    X(KSCATEGORY_CAPTURE, STATIC_KSCATEGORY_CAPTURE)                                                                   \
    X(KSCATEGORY_REALTIME, STATIC_KSCATEGORY_REALTIME)                                                                 \
    X(KSCATEGORY_TOPOLOGY, STATIC_KSCATEGORY_TOPOLOGY)                                                                 \
    X(KSNODETYPE_SPEAKER, STATIC_KSNODETYPE_SPEAKER)                                                                   \
    X(KSNODETYPE_MICROPHONE, STATIC_KSNODETYPE_MICROPHONE)                                                             \
    X(KSNODETYPE_HEADPHONES, STATIC_KSNODETYPE_HEADPHONES)                                                             \
    X(KSNODETYPE_LINE_CONNECTOR, STATIC_KSNODETYPE_LINE_CONNECTOR)                                                     \
    X(KSNODETYPE_DAC, STATIC_KSNODETYPE_DAC)                                                                           \
    X(KSNODETYPE_ADC, STATIC_KSNODETYPE_ADC)                                                                           \
    X(KSNODETYPE_VOLUME, STATIC_KSNODETYPE_VOLUME)                                                                     \
    X(KSNODETYPE_MUTE, STATIC_KSNODETYPE_MUTE)                                                                         \
    X(KSNODETYPE_SUM, STATIC_KSNODETYPE_SUM)                                                                           \
    X(KSNODETYPE_MUX, STATIC_KSNODETYPE_MUX)                                                                           \
    X(KSNODETYPE_3D_EFFECTS, STATIC_KSNODETYPE_3D_EFFECTS)                                                             \
    X(KSPROPSETID_Audio, STATIC_KSPROPSETID_Audio)                                                                     \
    X(KSPROPSETID_RtAudio, STATIC_KSPROPSETID_RtAudio)                                                                 \
    X(KSPROPSETID_Jack, STATIC_KSPROPSETID_Jack)                                                                       \
    X(KSPROPSETID_Pin, STATIC_KSPROPSETID_Pin)                                                                         \
    X(KSPROPSETID_Connection, STATIC_KSPROPSETID_Connection)                                                           \
    X(KSPROPSETID_General, STATIC_KSPROPSETID_General)                                                                 \
    X(KSPROPTYPESETID_General, STATIC_KSPROPTYPESETID_General)                                                         \
    X(KSEVENTSETID_PinCapsChange, STATIC_KSEVENTSETID_PinCapsChange)                                                   \
    X(KSDATAFORMAT_TYPE_AUDIO, STATIC_KSDATAFORMAT_TYPE_AUDIO)                                                         \
    X(KSDATAFORMAT_SUBTYPE_PCM, STATIC_KSDATAFORMAT_SUBTYPE_PCM)                                                       \
    X(KSDATAFORMAT_SUBTYPE_IEEE_FLOAT, STATIC_KSDATAFORMAT_SUBTYPE_IEEE_FLOAT)                                         \
    X(KSDATAFORMAT_SUBTYPE_ANALOG, STATIC_KSDATAFORMAT_SUBTYPE_ANALOG)                                                 \
    X(KSDATAFORMAT_SPECIFIER_NONE, STATIC_KSDATAFORMAT_SPECIFIER_NONE)                                                 \
    X(KSDATAFORMAT_SPECIFIER_WAVEFORMATEX, STATIC_KSDATAFORMAT_SPECIFIER_WAVEFORMATEX)                                 \
    X(KSDATAFORMAT_SPECIFIER_DSOUND, STATIC_KSDATAFORMAT_SPECIFIER_DSOUND)

/* ---- kernel streaming ---- */

typedef enum { KSSTATE_STOP, KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN } KSSTATE;
typedef enum { KSPIN_DATAFLOW_IN = 1, KSPIN_DATAFLOW_OUT } KSPIN_DATAFLOW;
typedef enum {
    KSPIN_COMMUNICATION_NONE,
    KSPIN_COMMUNICATION_SINK,
    KSPIN_COMMUNICATION_SOURCE,
    KSPIN_COMMUNICATION_BOTH,
    KSPIN_COMMUNICATION_BRIDGE
} KSPIN_COMMUNICATION;

#define KSPROPERTY_TYPE_GET 0x00000001u
#define KSPROPERTY_TYPE_SET 0x00000002u
#define KSPROPERTY_TYPE_SETSUPPORT 0x00000100u
#define KSPROPERTY_TYPE_BASICSUPPORT 0x00000200u
#define KSPROPERTY_TYPE_SERIALIZERAW 0x00002000u
#define KSPROPERTY_TYPE_UNSERIALIZERAW 0x00004000u
#define KSPROPERTY_TYPE_SERIALIZESIZE 0x00008000u
#define KSPROPERTY_TYPE_DEFAULTVALUES 0x00010000u
#define KSPROPERTY_TYPE_TOPOLOGY 0x10000000u

enum { KSPROPERTY_PIN_PROPOSEDATAFORMAT = 14 };
enum { KSPROPERTY_JACK_DESCRIPTION = 1, KSPROPERTY_JACK_DESCRIPTION2 = 2 };
enum { KSPROPERTY_AUDIO_CHANNEL_CONFIG = 3, KSPROPERTY_AUDIO_POSITION = 5 };
enum { KSEVENT_PINCAPS_FORMATCHANGE = 0, KSEVENT_PINCAPS_JACKINFOCHANGE = 1 };

typedef union {
    struct {
        GUID Set;
        ULONG Id;
        ULONG Flags;
    };
    LONGLONG Alignment;
} KSIDENTIFIER;

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
    LONGLONG Alignment;
} KSDATAFORMAT, KSDATARANGE;

typedef struct {
    KSDATARANGE DataRange;
    ULONG MaximumChannels;
    ULONG MinimumBitsPerSample;
    ULONG MaximumBitsPerSample;
    ULONG MinimumSampleFrequency;
    ULONG MaximumSampleFrequency;
} KSDATARANGE_AUDIO;

#pragma pack(push, 1)
typedef struct {
    USHORT wFormatTag;
    USHORT nChannels;
    ULONG nSamplesPerSec;
    ULONG nAvgBytesPerSec;
    USHORT nBlockAlign;
    USHORT wBitsPerSample;
    USHORT cbSize;
} WAVEFORMATEX;
typedef struct {
    WAVEFORMATEX Format;
    union {
        USHORT wValidBitsPerSample;
        USHORT wSamplesPerBlock;
        USHORT wReserved;
    } Samples;
    ULONG dwChannelMask;
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
#define WAVE_FORMAT_PCM 1
#define WAVE_FORMAT_EXTENSIBLE 0xFFFE

typedef struct {
    KSDATAFORMAT DataFormat;
    WAVEFORMATEXTENSIBLE WaveFormatExt;
} KSDATAFORMAT_WAVEFORMATEXTENSIBLE;

typedef struct {
    ULONG InterfacesCount;
    const KSIDENTIFIER *Interfaces;
    ULONG MediumsCount;
    const KSIDENTIFIER *Mediums;
    ULONG DataRangesCount;
    KSDATARANGE *const *DataRanges;
    KSPIN_DATAFLOW DataFlow;
    KSPIN_COMMUNICATION Communication;
    const GUID *Category;
    const GUID *Name;
    union {
        LONGLONG Reserved;
        struct {
            ULONG ConstrainedDataRangesCount;
            KSDATARANGE **ConstrainedDataRanges;
        };
    };
} KSPIN_DESCRIPTOR;

typedef struct {
    ULONGLONG PlayOffset;
    ULONGLONG WriteOffset;
} KSAUDIO_POSITION;

typedef struct {
    ULONG FifoSize;
    ULONG ChipsetDelay;
    ULONG CodecDelay;
} KSRTAUDIO_HWLATENCY;

typedef struct {
    PVOID Register;
    ULONG Width;
    ULONGLONG Numerator;
    ULONGLONG Denominator;
    ULONG Accuracy;
} KSRTAUDIO_HWREGISTER;

typedef struct {
    ULONG Size;
    ULONG Count;
} KSMULTIPLE_ITEM;

/* Of these enumerations the first value, and those that somebody asks for. */
typedef enum { eConnTypeUnknown, eConnType3Point5mm } EPcxConnectionType;
typedef enum { eGeoLocRear = 1 } EPcxGeoLocation;
typedef enum { eGenLocPrimaryBox } EPcxGenLocation;
typedef enum { ePortConnJack } EPxcPortConnection;
typedef struct {
    ULONG ChannelMapping;
    ULONG Color;
    EPcxConnectionType ConnectionType;
    EPcxGeoLocation GeoLocation;
    EPcxGenLocation GenLocation;
    EPxcPortConnection PortConnection;
    BOOL IsConnected;
} KSJACK_DESCRIPTION;
typedef struct {
    ULONG DeviceStateInfo;
    ULONG JackCapabilities;
} KSJACK_DESCRIPTION2;

typedef struct {
    LONG ActiveSpeakerPositions;
} KSAUDIO_CHANNEL_CONFIG;
#define KSAUDIO_SPEAKER_STEREO 0x3

typedef struct {
    ULONG AccessFlags;
    ULONG DescriptionSize;
    KSIDENTIFIER PropTypeSet;
    ULONG MembersListCount;
    ULONG Reserved;
} KSPROPERTY_DESCRIPTION;
typedef struct {
    ULONG MembersFlags;
    ULONG MembersSize;
    ULONG MembersCount;
    ULONG Flags;
} KSPROPERTY_MEMBERSHEADER;

typedef struct _KSEVENT_ENTRY {
    LIST_ENTRY ListEntry;
    PVOID Object;
    PVOID DpcItem;
    PVOID EventData;
    ULONG NotificationType;
    const void *EventSet;
    const void *EventItem;
    PVOID FileObject;
    ULONG SemaphoreAdjustment;
    ULONG Reserved;
    ULONG Flags;
} KSEVENT_ENTRY;

/* ---- PortCls descriptors and requests ---- */

#define PCFILTER_NODE ((ULONG)-1)
#define PORT_CLASS_DEVICE_EXTENSION_SIZE (64 * sizeof(ULONG_PTR))

struct IUnknown;
typedef struct _PCPROPERTY_REQUEST PCPROPERTY_REQUEST;
typedef struct _PCEVENT_REQUEST PCEVENT_REQUEST;
typedef NTSTATUS(NTAPI *PCPFNPROPERTY_HANDLER)(PCPROPERTY_REQUEST *);
typedef NTSTATUS(NTAPI *PCPFNEVENT_HANDLER)(PCEVENT_REQUEST *);

/* Property, method and event items have one shape. */
typedef struct {
    const GUID *Set;
    ULONG Id;
    ULONG Flags;
    PCPFNPROPERTY_HANDLER Handler;
} PCPROPERTY_ITEM;
typedef struct {
    const GUID *Set;
    ULONG Id;
    ULONG Flags;
    PCPFNEVENT_HANDLER Handler;
} PCEVENT_ITEM;

struct _PCPROPERTY_REQUEST {
    struct IUnknown *MajorTarget;
    struct IUnknown *MinorTarget;
    ULONG Node;
    const PCPROPERTY_ITEM *PropertyItem;
    ULONG Verb;
    ULONG InstanceSize;
    PVOID Instance;
    ULONG ValueSize;
    PVOID Value;
    IRP *Irp;
};
struct _PCEVENT_REQUEST {
    struct IUnknown *MajorTarget;
    struct IUnknown *MinorTarget;
    ULONG Node;
    const PCEVENT_ITEM *EventItem;
    KSEVENT_ENTRY *EventEntry;
    ULONG Verb;
    IRP *Irp;
};
enum { PCEVENT_VERB_NONE = 0, PCEVENT_VERB_ADD = 1, PCEVENT_VERB_REMOVE = 2, PCEVENT_VERB_SUPPORT = 4 };

typedef struct {
    ULONG PropertyItemSize;
    ULONG PropertyCount;
    const PCPROPERTY_ITEM *Properties;
    ULONG MethodItemSize;
    ULONG MethodCount;
    const void *Methods;
    ULONG EventItemSize;
    ULONG EventCount;
    const PCEVENT_ITEM *Events;
    ULONG Reserved;
} PCAUTOMATION_TABLE;

typedef struct {
    ULONG FromNode;
    ULONG FromNodePin;
    ULONG ToNode;
    ULONG ToNodePin;
} PCCONNECTION_DESCRIPTOR;

typedef struct {
    ULONG MaxGlobalInstanceCount;
    ULONG MaxFilterInstanceCount;
    ULONG MinFilterInstanceCount;
    const PCAUTOMATION_TABLE *AutomationTable;
    KSPIN_DESCRIPTOR KsPinDescriptor;
} PCPIN_DESCRIPTOR;

typedef struct {
    ULONG Flags;
    const PCAUTOMATION_TABLE *AutomationTable;
    const GUID *Type;
    const GUID *Name;
} PCNODE_DESCRIPTOR;

typedef struct {
    ULONG Version;
    const PCAUTOMATION_TABLE *AutomationTable;
    ULONG PinSize;
    ULONG PinCount;
    const PCPIN_DESCRIPTOR *Pins;
    ULONG NodeSize;
    ULONG NodeCount;
    const PCNODE_DESCRIPTOR *Nodes;
    ULONG ConnectionCount;
    const PCCONNECTION_DESCRIPTOR *Connections;
    ULONG CategoryCount;
    const GUID *Categories;
} PCFILTER_DESCRIPTOR;

#if defined(__x86_64__)
#define KS_SIZE(type, x86, x64) _Static_assert(sizeof(type) == (x64), #type)
#else
#define KS_SIZE(type, x86, x64) _Static_assert(sizeof(type) == (x86), #type)
#endif
KS_SIZE(KSIDENTIFIER, 24, 24);
KS_SIZE(KSDATAFORMAT, 64, 64);
KS_SIZE(KSDATARANGE_AUDIO, 88, 88);
KS_SIZE(WAVEFORMATEX, 18, 18);
KS_SIZE(WAVEFORMATEXTENSIBLE, 40, 40);
KS_SIZE(KSDATAFORMAT_WAVEFORMATEX, 82, 82);
KS_SIZE(KSDATAFORMAT_DSOUND, 90, 90);
KS_SIZE(KSDATAFORMAT_WAVEFORMATEXTENSIBLE, 104, 104);
KS_SIZE(KSPIN_DESCRIPTOR, 48, 88);
KS_SIZE(KSAUDIO_POSITION, 16, 16);
KS_SIZE(KSRTAUDIO_HWLATENCY, 12, 12);
KS_SIZE(KSRTAUDIO_HWREGISTER, 32, 40);
KS_SIZE(KSJACK_DESCRIPTION, 28, 28);
KS_SIZE(KSJACK_DESCRIPTION2, 8, 8);
KS_SIZE(KSPROPERTY_DESCRIPTION, 40, 40);
KS_SIZE(KSPROPERTY_MEMBERSHEADER, 16, 16);
KS_SIZE(PCPROPERTY_ITEM, 16, 24);
KS_SIZE(PCEVENT_ITEM, 16, 24);
KS_SIZE(PCAUTOMATION_TABLE, 40, 56);
KS_SIZE(PCCONNECTION_DESCRIPTOR, 16, 16);
KS_SIZE(PCPIN_DESCRIPTOR, 64, 112);
KS_SIZE(PCNODE_DESCRIPTOR, 16, 32);
KS_SIZE(PCFILTER_DESCRIPTOR, 48, 80);

#endif
