/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The one pool tag of the driver. A tag reads backwards in memory dumps: "VSnd". */
#ifndef VIRTIOSND_POOL_H
#define VIRTIOSND_POOL_H

#define VIRTIOSND_POOL_TAG 0x646E5356u

#endif
