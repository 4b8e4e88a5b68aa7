/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * COM as PortCls uses it: interface layouts (vtables in slot order), and one
 * kind of object for everything that the bench hands to the driver.
 *
 * A bench object has several faces, one per interface: a face is what the
 * driver holds a pointer to. Reference counts are exact; the object is listed
 * as a resource until its last Release and its memory then faults on use.
 */
#ifndef BENCH_COM_H
#define BENCH_COM_H

#include "../nt/kernel.h"

#include "../include/ks.h"

#define COM_GUID_TABLE(X)                                                                                              \
    X(IID_IUnknown, 0x00000000, 0x0000, 0x0000, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46)                        \
    X(IID_IMiniport, 0xB4C90A24, 0x5791, 0x11D0, 0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44)                       \
    X(IID_IPort, 0xB4C90A25, 0x5791, 0x11D0, 0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44)                           \
    X(IID_IPortTopology, 0xB4C90A30, 0x5791, 0x11D0, 0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44)                   \
    X(IID_IMiniportTopology, 0xB4C90A31, 0x5791, 0x11D0, 0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44)               \
    X(CLSID_PortTopology, 0xB4C90A32, 0x5791, 0x11D0, 0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44)                  \
    X(IID_IMiniportWaveRT, 0x0F9FC4D6, 0x6061, 0x4F3C, 0xB1, 0xFC, 0x07, 0x5E, 0x35, 0xF7, 0x96, 0x0A)                 \
    X(IID_IMiniportWaveRTStream, 0x000AC9AB, 0xFAAB, 0x4F3D, 0x94, 0x55, 0x6F, 0xF8, 0x30, 0x6A, 0x74, 0xA0)           \
    X(IID_IMiniportWaveRTStreamNotification, 0x23759128, 0x96F1, 0x423B, 0xAB, 0x4D, 0x81, 0x63, 0x5B, 0xCF, 0x8C,     \
      0xA1)                                                                                                            \
    X(IID_IPortWaveRT, 0x339FF909, 0x68A9, 0x4310, 0xB0, 0x9B, 0x27, 0x4E, 0x96, 0xEE, 0x4C, 0xBD)                     \
    X(CLSID_PortWaveRT, 0xCC9BE57A, 0xEB9E, 0x42B4, 0x94, 0xFC, 0x0C, 0xAD, 0x3D, 0xBC, 0xE7, 0xFA)                    \
    X(IID_IPortWaveRTStream, 0x1809CE5A, 0x64BC, 0x4E62, 0xBD, 0x7D, 0x95, 0xBC, 0xE4, 0x3D, 0xE3, 0x93)               \
    X(IID_IPortEvents, 0xA80F29C4, 0x5498, 0x11D2, 0x95, 0xD9, 0x00, 0xC0, 0x4F, 0xB9, 0x25, 0xD3)                     \
    X(IID_IAdapterPowerManagement, 0x793417D0, 0x35FE, 0x11D1, 0xAD, 0x08, 0x00, 0xA0, 0xC9, 0x0A, 0xB1, 0xB0)         \
    X(IID_IAdapterPowerManagement2, 0xE0F92E5D, 0x67F5, 0x48EE, 0xB5, 0x7A, 0x7D, 0x1E, 0x90, 0xC5, 0xF4, 0x3D)        \
    X(IID_IPowerNotify, 0x3DD648B8, 0x969F, 0x11D1, 0x95, 0xA9, 0x00, 0xC0, 0x4F, 0xB9, 0x25, 0xD3)                    \
    X(IID_IPinCount, 0x5DADB7DC, 0xA2CB, 0x4540, 0xA4, 0xA8, 0x42, 0x5E, 0xE4, 0xAE, 0x90, 0x51)                       \
    X(IID_IResourceList, 0x22C6AC60, 0x851B, 0x11D0, 0x9A, 0x7F, 0x00, 0xAA, 0x00, 0x38, 0xAC, 0xFE)                   \
    X(IID_IInterruptSync, 0x22C6AC63, 0x851B, 0x11D0, 0x9A, 0x7F, 0x00, 0xAA, 0x00, 0x38, 0xAC, 0xFE)                  \
    X(IID_IServiceSink, 0x22C6AC64, 0x851B, 0x11D0, 0x9A, 0x7F, 0x00, 0xAA, 0x00, 0x38, 0xAC, 0xFE)                    \
    X(IID_IServiceGroup, 0x22C6AC65, 0x851B, 0x11D0, 0x9A, 0x7F, 0x00, 0xAA, 0x00, 0x38, 0xAC, 0xFE)                   \
    X(IID_IRegistryKey, 0xE8DA4302, 0xF304, 0x11D0, 0x95, 0x8B, 0x00, 0xC0, 0x4F, 0xB9, 0x25, 0xD3)                    \
    X(IID_IUnregisterSubdevice, 0x16738177, 0xE199, 0x41F9, 0x9A, 0x87, 0xAB, 0xB2, 0xA5, 0x43, 0x2F, 0x21)            \
    X(IID_IUnregisterPhysicalConnection, 0x6C38E231, 0x2A0D, 0x428D, 0x81, 0xF8, 0x07, 0xCC, 0x42, 0x8B, 0xB9, 0xA4)   \
    X(IID_IPortClsVersion, 0x7D89A7BB, 0x869B, 0x4567, 0x8D, 0xBE, 0x1E, 0x16, 0x8C, 0xC8, 0x53, 0xDE)                 \
    X(IID_IDrmAudioStream, 0x1915C967, 0x3299, 0x48CB, 0xA3, 0xE4, 0x69, 0xFD, 0x1D, 0x1B, 0x30, 0x6E)                 \
    X(IID_IDrmPort, 0x286D3DF8, 0xCA22, 0x4E2E, 0xB9, 0xBC, 0x20, 0xB4, 0xF0, 0xE2, 0x01, 0xCE)                        \
    X(IID_BenchUnknown, 0x5B1E0C0D, 0xB05E, 0x4C2A, 0x9D, 0x11, 0x6E, 0x6F, 0x2D, 0x73, 0x75, 0x63)

#define GUID_DECLARE(name_, ...) extern const GUID name_;
KS_GUID_TABLE(GUID_DECLARE)
COM_GUID_TABLE(GUID_DECLARE)

/* Name of a known GUID, else its digits (static storage, overwritten by the next call but one). */
const char *guid_text(const GUID *guid);
bool guid_equal(const GUID *a, const GUID *b);

/* ---- interfaces: `This` is void, so that one generic IUnknown serves all ---- */

#define COM_UNKNOWN_SLOTS                                                                                              \
    NTSTATUS(NTAPI *QueryInterface)(void *, const GUID *, void **);                                                    \
    ULONG(NTAPI *AddRef)(void *);                                                                                      \
    ULONG(NTAPI *Release)(void *)

#define COM_INTERFACE(name_, ...)                                                                                      \
    struct name_##Vtbl {                                                                                               \
        COM_UNKNOWN_SLOTS;                                                                                             \
        __VA_ARGS__                                                                                                    \
    };                                                                                                                 \
    typedef struct name_ {                                                                                             \
        const struct name_##Vtbl *v;                                                                                   \
    } name_

COM_INTERFACE(IUnknown, );

#define COM_MINIPORT_SLOTS                                                                                             \
    NTSTATUS(NTAPI *GetDescription)(void *, PCFILTER_DESCRIPTOR **);                                                   \
    NTSTATUS(NTAPI *DataRangeIntersection)(void *, ULONG, KSDATARANGE *, KSDATARANGE *, ULONG, PVOID, ULONG *);
COM_INTERFACE(IMiniport, COM_MINIPORT_SLOTS);
COM_INTERFACE(IMiniportTopology, COM_MINIPORT_SLOTS NTSTATUS(NTAPI *Init)(void *, IUnknown *, void *, void *););
COM_INTERFACE(IMiniportWaveRT, COM_MINIPORT_SLOTS NTSTATUS(NTAPI *Init)(void *, IUnknown *, void *, void *);
              NTSTATUS(NTAPI *NewStream)(void *, void **, void *, ULONG, BOOLEAN, KSDATAFORMAT *);
              NTSTATUS(NTAPI *GetDeviceDescription)(void *, void *););

#define COM_STREAM_SLOTS                                                                                               \
    NTSTATUS(NTAPI *SetFormat)(void *, KSDATAFORMAT *);                                                                \
    NTSTATUS(NTAPI *SetState)(void *, KSSTATE);                                                                        \
    NTSTATUS(NTAPI *GetPosition)(void *, KSAUDIO_POSITION *);                                                          \
    NTSTATUS(NTAPI *AllocateAudioBuffer)(void *, ULONG, MDL **, ULONG *, ULONG *, ULONG *);                            \
    void(NTAPI *FreeAudioBuffer)(void *, MDL *, ULONG);                                                                \
    void(NTAPI *GetHWLatency)(void *, KSRTAUDIO_HWLATENCY *);                                                          \
    NTSTATUS(NTAPI *GetPositionRegister)(void *, KSRTAUDIO_HWREGISTER *);                                              \
    NTSTATUS(NTAPI *GetClockRegister)(void *, KSRTAUDIO_HWREGISTER *);
COM_INTERFACE(IMiniportWaveRTStream, COM_STREAM_SLOTS);
COM_INTERFACE(IMiniportWaveRTStreamNotification, COM_STREAM_SLOTS NTSTATUS(NTAPI *AllocateBufferWithNotification)(
                                                     void *, ULONG, ULONG, MDL **, ULONG *, ULONG *, ULONG *);
              void(NTAPI *FreeBufferWithNotification)(void *, MDL *, ULONG);
              NTSTATUS(NTAPI *RegisterNotificationEvent)(void *, KEVENT *);
              NTSTATUS(NTAPI *UnregisterNotificationEvent)(void *, KEVENT *););

/* POWER_STATE is a union of two enumerations: passed by value it is one 32-bit word on both architectures. */
#define COM_POWER_SLOTS                                                                                                \
    void(NTAPI *PowerChangeState)(void *, ULONG);                                                                      \
    NTSTATUS(NTAPI *QueryPowerChangeState)(void *, ULONG);                                                             \
    NTSTATUS(NTAPI *QueryDeviceCapabilities)(void *, void *);
COM_INTERFACE(IAdapterPowerManagement, COM_POWER_SLOTS);
COM_INTERFACE(IPowerNotify, void(NTAPI *PowerChangeNotify)(void *, ULONG););
COM_INTERFACE(IServiceSink, void(NTAPI *RequestService)(void *););

#define COM_SLOTS(vtbl_) (sizeof(struct vtbl_) / sizeof(void *))
_Static_assert(COM_SLOTS(IMiniportVtbl) == 5, "IMiniport");
_Static_assert(COM_SLOTS(IMiniportTopologyVtbl) == 6, "IMiniportTopology");
_Static_assert(COM_SLOTS(IMiniportWaveRTVtbl) == 8, "IMiniportWaveRT");
_Static_assert(COM_SLOTS(IMiniportWaveRTStreamVtbl) == 11, "IMiniportWaveRTStream");
_Static_assert(COM_SLOTS(IMiniportWaveRTStreamNotificationVtbl) == 15, "IMiniportWaveRTStreamNotification");
_Static_assert(COM_SLOTS(IAdapterPowerManagementVtbl) == 6, "IAdapterPowerManagement");

/* ---- objects of the bench ---- */

struct com_object;
struct com_face {
    const void *vtbl;
    struct com_object *object;
};
struct com_interface {
    const GUID *iid;
    unsigned face;
};
#define COM_FACES 6
struct com_object {
    struct com_face faces[COM_FACES];
    const struct com_interface *interfaces; /* ends with iid NULL */
    const char *kind;
    LONG references;
    LONG own; /* those of `references` that the bench holds; a Release by the driver must not take them */
    void (*destroy)(struct com_object *); /* frees what the object owns; its memory is freed by the caller */
};

/* A zeroed object of `bytes` with one reference, its com_object first. `vtbls`: one per face. The reference is meant to
 * be given to the driver, unless com_object_keep says that the bench keeps it. */
void *com_create(size_t bytes, const char *kind, const struct com_interface *interfaces, const void *const *vtbls,
                 size_t faces, void (*destroy)(struct com_object *));
/* The object behind a face that the driver passed as `This`; violation COM_BAD_THIS when it is none of this kind. */
void *com_object_of(void *face, const char *kind);
void com_object_keep(struct com_object *object);
/* References that the bench holds. */
void com_object_addref(struct com_object *object);
void com_object_release(struct com_object *object);

NTSTATUS NTAPI com_QueryInterface(void *face, const GUID *iid, void **out);
ULONG NTAPI com_AddRef(void *face);
ULONG NTAPI com_Release(void *face);
#define COM_UNKNOWN_METHODS com_QueryInterface, com_AddRef, com_Release

/* ---- objects of the driver ---- */

/* Validates an interface that the driver gave us: vtable of `slots` entries, all code of the image. `nonpaged`: it is
 * used at DISPATCH_LEVEL. */
void driver_object_check(const void *object, size_t slots, const char *name, bool nonpaged);
/* Tries the rules of QueryInterface: unknown IID, IUnknown identity, counts that come back. */
void driver_object_check_unknown(void *object, const char *name);
/* NULL when the object does not support it. */
void *driver_object_query(void *object, const GUID *iid, size_t slots, const char *name);
void driver_object_addref(void *object, const char *name);
/* Drops a reference of ours. */
void driver_object_release(void *object, const char *name);

#endif
