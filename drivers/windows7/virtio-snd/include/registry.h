/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * registry.h: the driver's switches in the device's registry keys.
 *
 * Each REG_DWORD is looked for in `Device Parameters\Parameters`, then in
 * `Device Parameters`; 1 in either enables it. A missing key or value, another
 * type or another number leaves it off.
 */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "wdk_compat.h"

typedef struct _REGISTRY_SWITCHES {
    BOOLEAN ForceNullBackend; /* silent backend; START_DEVICE succeeds even without a working transport */
    BOOLEAN AllowPollingOnly; /* start without a usable interrupt; the period timer polls the used rings */
} REGISTRY_SWITCHES, *PREGISTRY_SWITCHES;

/* PASSIVE_LEVEL. Never fails: what cannot be read is off. PhysicalDeviceObject: the PDO, its key is opened. */
VOID RegistryReadSwitches(PDEVICE_OBJECT PhysicalDeviceObject, PREGISTRY_SWITCHES Switches);

#endif
