/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The bus driver of the bench: one PCI function below the driver under test. */
#ifndef BENCH_BUS_H
#define BENCH_BUS_H

#include "kernel.h"

/* The line interrupt as the bus assigned it; false: the device has none (options.no_interrupt). */
bool bus_interrupt_resource(bool translated, CM_PARTIAL_RESOURCE_DESCRIPTOR *resource);
/* Command register bit 10. */
bool bus_interrupts_disabled(void);
/* The function as plug and play names it: VEN_vvvv&DEV_dddd&SUBSYS_ssssvvvv&REV_rr, from its configuration space. */
const char *bus_device_name(void);
/* Resource lists for START_DEVICE; bench_free them. */
CM_RESOURCE_LIST *bus_resource_list(bool translated);
/* Dispatch routine of the PDO for every major function. */
NTSTATUS NTAPI bus_dispatch(DEVICE_OBJECT *pdo, IRP *irp);

#endif
