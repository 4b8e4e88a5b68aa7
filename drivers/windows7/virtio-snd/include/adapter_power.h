/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * adapter_power.h: IAdapterPowerManagement, the first interface of the adapter
 * context (WDK: "IAdapterPowerManagement").
 *
 * Outside D0 the device may forget everything, and nothing touches it. So
 *
 *      D0 -> D1, D2, D3     each open stream rests, then the hardware is stopped
 *      D1, D2, D3 -> D0     the hardware is started again, then each stream goes on in the state it rested in
 *
 * whether or not the port has paused the streams before. A client sees a
 * position that stands still and goes on, and no error. When the hardware does
 * not come back, streams answer STATUS_DEVICE_NOT_CONNECTED and the event log
 * says why.
 */
#ifndef ADAPTER_POWER_H
#define ADAPTER_POWER_H

#include "adapter_context.h"

/* PASSIVE_LEVEL: the device object is DO_POWER_PAGABLE. */
VOID NTAPI AdapterPowerChangeState(IAdapterPowerManagement *This, POWER_STATE NewState);
NTSTATUS NTAPI AdapterPowerQueryChangeState(IAdapterPowerManagement *This, POWER_STATE NewState);
NTSTATUS NTAPI AdapterPowerQueryDeviceCapabilities(IAdapterPowerManagement *This, PDEVICE_CAPABILITIES Capabilities);

#endif
