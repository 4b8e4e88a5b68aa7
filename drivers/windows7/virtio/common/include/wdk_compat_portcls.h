/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PortCls and kernel streaming for the driver: the second half of wdk_compat.h,
 * which includes it. Nothing here is used under Microsoft's own kits except the
 * list of includes.
 */
#ifndef WDK_COMPAT_PORTCLS_H
#define WDK_COMPAT_PORTCLS_H

#if WDK_COMPAT_MINGW
#include <tchar.h> /* ksmedia.h uses TCHAR */
#endif
#include <windef.h>
#ifndef NOBITMAP
#define NOBITMAP /* mmreg.h: no BITMAPINFOHEADER in a kernel build */
#endif
#include <mmreg.h>
#include <ks.h>
#include <ksmedia.h>

#if WDK_COMPAT_MINGW

/* portcls.h needs these two, of ksmedia.h: "KSRTAUDIO_HWLATENCY structure", "KSRTAUDIO_HWREGISTER structure". */
typedef struct {
    ULONG FifoSize;     /* bytes */
    ULONG ChipsetDelay; /* 100 ns */
    ULONG CodecDelay;   /* 100 ns */
} KSRTAUDIO_HWLATENCY, *PKSRTAUDIO_HWLATENCY;

typedef struct {
    PVOID Register;
    ULONG Width; /* bits */
    ULONGLONG Numerator;
    ULONGLONG Denominator;
    ULONG Accuracy;
} KSRTAUDIO_HWREGISTER, *PKSRTAUDIO_HWREGISTER;

/* ksmedia.h, "KSPROPSETID_RtAudio": its enumeration stops at GETPOSITIONFUNCTION = 0. */
#define KSPROPERTY_RTAUDIO_BUFFER 1
#define KSPROPERTY_RTAUDIO_HWLATENCY 2
#define KSPROPERTY_RTAUDIO_POSITIONREGISTER 3
#define KSPROPERTY_RTAUDIO_CLOCKREGISTER 4
#define KSPROPERTY_RTAUDIO_BUFFER_WITH_NOTIFICATION 5
#define KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT 6
#define KSPROPERTY_RTAUDIO_UNREGISTER_NOTIFICATION_EVENT 7
#define KSPROPERTY_RTAUDIO_QUERY_NOTIFICATION_SUPPORT 8

/* ksmedia.h, "KSDATAFORMAT_WAVEFORMATEXTENSIBLE structure". */
typedef struct {
    KSDATAFORMAT DataFormat;
    WAVEFORMATEXTENSIBLE WaveFormatExt;
} KSDATAFORMAT_WAVEFORMATEXTENSIBLE, *PKSDATAFORMAT_WAVEFORMATEXTENSIBLE;

/* ksmedia.h, "KSPROPSETID_Jack". */
#define STATIC_KSPROPSETID_Jack 0x4509F757, 0x2D46, 0x4637, 0x8E, 0x62, 0xCE, 0x7D, 0xB9, 0x44, 0xF5, 0x7B
#define KSPROPERTY_JACK_DESCRIPTION 1
#define KSPROPERTY_JACK_DESCRIPTION2 2
#define KSPROPERTY_JACK_SINK_INFO 3
#ifndef JACKDESC2_PRESENCE_DETECT_CAPABILITY
#define JACKDESC2_PRESENCE_DETECT_CAPABILITY 0x00000001
#endif

/* ksmedia.h, "KSEVENTSETID_PinCapsChange". */
#define STATIC_KSEVENTSETID_PinCapsChange 0xDD4F192E, 0x3B78, 0x49AD, 0xA5, 0x34, 0x2C, 0x31, 0x5B, 0x82, 0x20, 0x00
#define KSEVENT_PINCAPS_FORMATCHANGE 0
#define KSEVENT_PINCAPS_JACKINFOCHANGE 1

/* ksmedia.h, "KSPROPERTY_AUDIO_PEAKMETER2": its enumeration stops one short. */
#ifndef KSPROPERTY_AUDIO_PEAKMETER2
#define KSPROPERTY_AUDIO_PEAKMETER2 41
#endif

#endif /* WDK_COMPAT_MINGW */

#if WDK_COMPAT_MINGW
/* punknown.h gives IID_IUnknown as {00000000-0000-0000-0000-C00000000046}: the C0 comes two bytes late
 * (WDK: "IUnknown interface", {00000000-0000-0000-C000-000000000046}). */
#define IID_IUnknown WdkCompatWrongIidIUnknown
#include <punknown.h>
#undef IID_IUnknown
DEFINE_GUID(IID_IUnknown, 0x00000000, 0x0000, 0x0000, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46);
#endif

#include <portcls.h>

#if WDK_COMPAT_MINGW

/* portcls.h, "PCCONNECTION_DESCRIPTOR structure": the pointer type is misspelt there. */
typedef PCCONNECTION_DESCRIPTOR *PPCCONNECTION_DESCRIPTOR;

typedef IMiniportWaveRTStreamNotification *PMINIPORTWAVERTSTREAMNOTIFICATION;

/* portcls.h, "PcUnregisterAdapterPowerManagement function". */
NTSTATUS NTAPI PcUnregisterAdapterPowerManagement(PDEVICE_OBJECT DeviceObject);

/* portcls.h, "PCMETHOD_ITEM structure": these two are empty there. */
#undef PCMETHOD_ITEM_FLAG_SEND
#define PCMETHOD_ITEM_FLAG_SEND KSMETHOD_TYPE_SEND
#undef PCMETHOD_ITEM_FLAG_SETSUPPORT
#define PCMETHOD_ITEM_FLAG_SETSUPPORT KSMETHOD_TYPE_SETSUPPORT

/* portcls.h, "AddDmaFromParent macro": it passes the type of interrupts there. */
#undef AddDmaFromParent
#define AddDmaFromParent(p, n) ((p)->AddEntryFromParent((p), (n), CmResourceTypeDma))

/* portcls.h, "DEFINE_PCAUTOMATION_TABLE_XXX macros": those with events are missing. */
#ifndef DEFINE_PCAUTOMATION_TABLE_EVENT
#define DEFINE_PCAUTOMATION_TABLE_EVENT(AutomationTable, EventTable)                                       \
    const PCAUTOMATION_TABLE AutomationTable = {                                                           \
        0, 0, NULL, 0, 0, NULL, sizeof(PCEVENT_ITEM), SIZEOF_ARRAY(EventTable), (EventTable), 0}
#endif
#ifndef DEFINE_PCAUTOMATION_TABLE_PROP_EVENT
#define DEFINE_PCAUTOMATION_TABLE_PROP_EVENT(AutomationTable, PropertyTable, EventTable)                   \
    const PCAUTOMATION_TABLE AutomationTable = {sizeof(PCPROPERTY_ITEM), SIZEOF_ARRAY(PropertyTable),      \
                                                (PropertyTable),         0,                                \
                                                0,                       NULL,                             \
                                                sizeof(PCEVENT_ITEM),    SIZEOF_ARRAY(EventTable),         \
                                                (EventTable),            0}
#endif

#endif /* WDK_COMPAT_MINGW */

#endif
