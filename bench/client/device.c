/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The device's life as Device Manager drives it. */
#include "client.h"

#include <stdio.h>

_Noreturn void host_exit(enum link_exit code, const char *text);

void device_load(void)
{
    driver_load(g_link->options.sys_path);
    NTSTATUS status = pnp_add_device();
    EXPECT(NT_SUCCESS(status), "AddDevice answered %s", status_name(status));
}

NTSTATUS device_try_start(void)
{
    return pnp_start_device();
}

void device_start(void)
{
    char text[400];
    NTSTATUS status = pnp_start_device();
    if (NT_SUCCESS(status))
        return;
    snprintf(text, sizeof text, "%s (0x%08X); %s", status_name(status), (unsigned)status,
             event_log_last()[0] ? event_log_last() : "nothing in the event log");
    host_exit(LINK_EXIT_START, text);
}

void device_remove(void)
{
    NTSTATUS status = pnp_query_remove_device();
    EXPECT(NT_SUCCESS(status), "QUERY_REMOVE_DEVICE answered %s", status_name(status));
    status = pnp_remove_device();
    EXPECT(NT_SUCCESS(status), "REMOVE_DEVICE answered %s", status_name(status));
    EXPECT(adapter_current() == NULL, "REMOVE_DEVICE did not reach PortCls");
}

void device_unload(void)
{
    driver_unload();
}

void device_up(void)
{
    device_load();
    device_start();
}

void device_down(void)
{
    device_remove();
    device_unload();
}
