/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the host must know of a driver image before it can start the right guest. */
#ifndef HOST_IMAGE_H
#define HOST_IMAGE_H

#include <stdbool.h>

#define SYS_PATH_BYTES 1024u

/* Finds the machine of the PE image at `path`: *arch becomes "x86" or "x64". `wanted` (NULL: any) is the architecture
 * the user asked for. False: said why. */
bool image_arch(const char *path, const char *wanted, const char **arch);
/* The directory of this program, without a slash at the end. False: said why. */
bool program_directory(char *path, unsigned bytes);

#endif
