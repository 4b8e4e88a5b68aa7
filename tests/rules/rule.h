/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A rule driver breaks exactly one rule of the bench, at one moment of its life,
 * and is correct otherwise. RULE() defines what it does; the build links each
 * case with skeleton.c into a .sys of its own, named after the rule.
 */
#ifndef RULE_H
#define RULE_H

#include "wdk_compat.h"

typedef enum _RULE_MOMENT {
    RuleAtEntry,   /* in DriverEntry, PASSIVE_LEVEL */
    RuleAtAdd,     /* in AddDevice, the device object attached */
    RuleAtStart,   /* in IRP_MN_START_DEVICE, BAR0 mapped, Irp not yet completed */
    RuleAtDispatch,/* instead of the skeleton's own handling of IRP_MN_START_DEVICE: Dispatch gives the status */
    RuleAtPowerDown, /* IRP_MN_SET_POWER to D3 has been handled by the bus driver; in the power dispatch routine */
    RuleAtRemove,  /* in IRP_MN_REMOVE_DEVICE, before the lower driver hears of it */
    RuleAtUnload   /* in DriverUnload */
} RULE_MOMENT;

typedef struct _RULE_DEVICE {
    PDRIVER_OBJECT Driver;
    PDEVICE_OBJECT Pdo;  /* NULL before AddDevice */
    PDEVICE_OBJECT Fdo;
    PDEVICE_OBJECT Lower;
    PIRP Irp;            /* NULL outside plug and play */
    PUCHAR Bar;          /* mapped BAR0; NULL before START_DEVICE */
    ULONG BarBytes;
    PHYSICAL_ADDRESS BarPhysical;
    ULONG Vector;        /* of the translated interrupt resource */
    KIRQL Irql;
    KAFFINITY Affinity;
    BOOLEAN HasInterrupt;
} RULE_DEVICE, *PRULE_DEVICE;

typedef struct _RULE_CASE {
    RULE_MOMENT When;
    VOID (*Break)(PRULE_DEVICE Device);         /* every moment but RuleAtDispatch */
    NTSTATUS (*Dispatch)(PRULE_DEVICE Device);  /* RuleAtDispatch */
} RULE_CASE;

#define RULE(name_, when_)                                                                                             \
    static VOID Break_##name_(PRULE_DEVICE Device);                                                                    \
    extern const RULE_CASE Rule_##name_;                                                                               \
    const RULE_CASE Rule_##name_ = {when_, Break_##name_, NULL};                                                       \
    static VOID Break_##name_(PRULE_DEVICE Device)

#define RULE_DISPATCH(name_)                                                                                           \
    static NTSTATUS Break_##name_(PRULE_DEVICE Device);                                                                \
    extern const RULE_CASE Rule_##name_;                                                                               \
    const RULE_CASE Rule_##name_ = {RuleAtDispatch, NULL, Break_##name_};                                              \
    static NTSTATUS Break_##name_(PRULE_DEVICE Device)

#define RULE_TAG ((ULONG)'eluR')
#define UNUSED(name_) ((VOID)(name_))

/* Sends the START_DEVICE in Device->Irp down and waits for it. PASSIVE_LEVEL. The IRP stays with the caller. */
NTSTATUS RuleForward(PRULE_DEVICE Device);
/* Completes Device->Irp with Status and returns Status. */
NTSTATUS RuleComplete(PRULE_DEVICE Device, NTSTATUS Status);

#endif
