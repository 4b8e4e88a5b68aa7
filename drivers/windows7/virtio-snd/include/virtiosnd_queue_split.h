/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_queue_split.h: the queue of virtiosnd_queue.h on a split ring, which
 * is the only ring format of contract v1. virtiosnd_queue_split.c adapts; the
 * ring itself is virtqueue_split.c.
 */
#ifndef VIRTIOSND_QUEUE_SPLIT_H
#define VIRTIOSND_QUEUE_SPLIT_H

#include "virtiosnd_queue.h"

#endif
