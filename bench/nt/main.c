/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The guest process: guest32|guest64 LINK_FD RAM_FD INPUT_FD OUTPUT_FD, started by the host. */
#include "nt.h"

#include "../include/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int g_input_fd = -1, g_output_fd = -1;

static int descriptor(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (*text == '\0' || *end != '\0' || value < -1 || value > 65535) {
        fprintf(stderr, "guest: '%s' is no file descriptor\n", text);
        exit(LINK_EXIT_INTERNAL);
    }
    return (int)value;
}

/* What runs when no audio client is linked in: the life of a device without any stream. */
__attribute__((weak)) int client_main(void)
{
    NTSTATUS status;

    driver_load(g_link->options.sys_path);
    status = pnp_add_device();
    if (NT_SUCCESS(status))
        status = pnp_start_device();
    if (!NT_SUCCESS(status))
        host_exit(LINK_EXIT_START, status_name(status));
    pnp_query_remove_device();
    pnp_remove_device();
    driver_unload();
    return LINK_EXIT_OK;
}

static int exit_code;
static void client_thread(void *argument)
{
    (void)argument;
    exit_code = client_main();
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: %s LINK_FD RAM_FD INPUT_FD OUTPUT_FD (started by the host)\n", argv[0]);
        return LINK_EXIT_INTERNAL;
    }
    host_attach(descriptor(argv[1]));
    cpu_init();
    thread_init();
    ram_attach(descriptor(argv[2]));
    host_seat_device();
    g_input_fd = descriptor(argv[3]);
    g_output_fd = descriptor(argv[4]);
    fault_init();
    clock_init();
    thread_join(thread_create("client", client_thread, NULL));
    host_exit((enum link_exit)exit_code, "");
}
