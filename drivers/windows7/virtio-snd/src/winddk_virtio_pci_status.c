/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For WinDDK's build.exe only, see sources.inc. */
#include "../../virtio/common/src/virtio_pci_status.c"
