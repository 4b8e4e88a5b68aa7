/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The account that a device which lies must give of the memory that it was lent: what the driver gave it, less what it
 * has told to be given back. What the device behind the lies does, or believes, counts for nothing: a driver knows only
 * what it is told. The rules are those of device/claims.c, which an account like that of any device is asked by.
 *
 * A chain is given back by the used entry that names it. Once a ring was broken (an entry for nothing, or more of them
 * than there are chains; virtio 1.2, 2.7.8) a driver may believe what the ring says or not: a chain that it names from
 * there on, or named just before, may be freed and may be kept. Of every other chain it is known.
 *
 * A reset is over when the status that is read after it is 0, and the device is gone when all of it is ones. When the
 * driver asks again instead, it was right to give up all that the device could reach.
 *
 * Where the device would use what it has told to be given back, it is stopped: a device writes only where it may.
 */
#ifndef TESTS_FUZZ_TOLD_H
#define TESTS_FUZZ_TOLD_H

#include <stdbool.h>

#include "pci_plugin.h"

struct told;
struct vsnd;

/* `row`: as of the device that lies. NULL: out of memory, or refused. */
struct told *told_open(const struct pci_plugin_host *host, const char *row);
void told_close(struct told *told);
/* It is `now_ns`, whatever the device believes. */
void told_advance(struct told *told, uint64_t now_ns);

/* What the driver writes, before a lie changes it. `device`: the one behind the lies. */
void told_config_write(struct told *told, uint16_t offset, unsigned size, uint32_t value);
void told_bar_write(struct told *told, struct vsnd *device, unsigned bar, uint64_t offset, unsigned size,
                    uint64_t value);
/* What the driver is going to read. */
void told_bar_read(struct told *told, struct vsnd *device, unsigned bar, uint64_t offset, unsigned size,
                   uint64_t value);

/* At the beginning of each call of the device: the driver may have posted chains. */
void told_posted(struct told *told);
/* At its end: the rings are as the driver will see them. */
void told_used(struct told *told, struct vsnd *device);

/* As vsnd_lent_twice, of what was posted since it was asked last. */
bool told_lent_twice(struct told *told, uint64_t *address);
/* As vsnd_claims. */
unsigned told_claims(struct told *told, uint64_t address, uint64_t length);

#endif
