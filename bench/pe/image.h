/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The loaded driver image. Its interface is in nt.h beside its only users. */
#ifndef BENCH_IMAGE_H
#define BENCH_IMAGE_H
#include "../nt/nt.h"
#endif
