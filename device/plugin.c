/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The model as a plug-in like any other; the bench's host links the library instead. */
#include "vsnd.h"

/* The one symbol that the shared object shows. */
__attribute__((visibility("default"))) const struct pci_plugin_ops *pci_plugin(void);

const struct pci_plugin_ops *pci_plugin(void)
{
    return vsnd_pci_ops();
}
