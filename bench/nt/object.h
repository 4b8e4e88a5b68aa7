/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reference-counted kernel objects and handles to them. */
#ifndef BENCH_OBJECT_H
#define BENCH_OBJECT_H

#include "kernel.h"

enum object_type { OBJECT_DEVICE, OBJECT_FILE, OBJECT_THREAD, OBJECT_KEY, OBJECT_EVENT, OBJECT_DRIVER };

/* `body` is what the driver sees. One reference belongs to the creator; destroy runs when the last is gone. */
void object_register(void *body, enum object_type type, const char *name, void (*destroy)(void *body));
bool object_is(const void *body, enum object_type type);
/* References taken for the driver are counted as leaks until it gives them back. */
void object_reference(void *body, bool for_driver);
void object_dereference(void *body, bool for_driver);
long object_references(const void *body);

HANDLE handle_make(void *body, bool kernel);
void *handle_body(HANDLE handle, enum object_type type); /* violation HANDLE_RULE when it is none such */
NTSTATUS handle_close(HANDLE handle);

#endif
