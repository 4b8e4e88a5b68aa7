/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Planned failures of the device: requests and transfers of the driver are counted, and one or more of them fail. */
#ifndef VSND_FAULTS_H
#define VSND_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

enum vsnd_fault {
    VSND_FAULT_CONTROL_ERROR,  /* a control request is answered IO_ERR and not carried out */
    VSND_FAULT_CONTROL_SILENT, /* a control request is taken and never answered */
    VSND_FAULT_TRANSFER_ERROR, /* a transfer is answered IO_ERR, its payload ignored */
    VSND_FAULT_TRANSFER_HELD,  /* a transfer is kept until RELEASE; for good: until the queue is full */
    VSND_FAULT_KINDS
};

/* All zero: nothing is planned. */
struct vsnd_faults {
    uint64_t uses[VSND_FAULT_KINDS];
    uint64_t planned[VSND_FAULT_KINDS]; /* number, from 1, of the use that fails; 0: none */
    bool for_good[VSND_FAULT_KINDS];    /* and every later one */
};

static inline bool vsnd_fault_due(struct vsnd_faults *faults, enum vsnd_fault kind)
{
    uint64_t use = ++faults->uses[kind], planned = faults->planned[kind];
    return planned && (faults->for_good[kind] ? use >= planned : use == planned);
}

#endif
