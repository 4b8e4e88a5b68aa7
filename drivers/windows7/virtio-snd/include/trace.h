/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * trace.h: debug output of the checked build (DBG=1). Shipped builds contain
 * none of it and import no DbgPrintEx.
 *
 *     VIRTIOSND_TRACE("stream %u: %u bytes\n", id, bytes);
 */
#ifndef VIRTIOSND_TRACE_H
#define VIRTIOSND_TRACE_H

#include <wdk_compat.h>

#if defined(DBG) && DBG
#define VIRTIOSND_TRACE_AT(level, ...) DbgPrintEx(DPFLTR_IHVAUDIO_ID, level, "virtiosnd: " __VA_ARGS__)
#define VIRTIOSND_TRACE_ERROR(...) VIRTIOSND_TRACE_AT(DPFLTR_ERROR_LEVEL, __VA_ARGS__)
#define VIRTIOSND_TRACE_WARNING(...) VIRTIOSND_TRACE_AT(DPFLTR_WARNING_LEVEL, __VA_ARGS__)
#define VIRTIOSND_TRACE(...) VIRTIOSND_TRACE_AT(DPFLTR_INFO_LEVEL, __VA_ARGS__)
#else
#define VIRTIOSND_TRACE_ERROR(...) ((void)0)
#define VIRTIOSND_TRACE_WARNING(...) ((void)0)
#define VIRTIOSND_TRACE(...) ((void)0)
#endif

#endif
