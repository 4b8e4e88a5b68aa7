/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The exports of the bench's kernel that PortCls itself uses, as portcls.sys does on Windows. */
#ifndef BENCH_NT_IMPORTS_H
#define BENCH_NT_IMPORTS_H

#include "../nt/kernel.h"
#include "../nt/api.h"

/* An export of the bench's kernel by name, for those that no header declares; the run ends when there is none. */
const void *nt_import(const char *name);

#endif
