/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * filter_tables.h: rows of the const tables that describe both filters.
 *
 * The sizes are those of Windows 7: PortCls walks the tables by the item sizes
 * given in them.
 */
#ifndef FILTER_TABLES_H
#define FILTER_TABLES_H

#include "filter_pins.h"
#include "wdk_compat.h"
#include "wdk_compat_portcls.h"

#if defined(_WIN64)
#define FILTER_SIZE(X86, X64) (X64)
#else
#define FILTER_SIZE(X86, X64) (X86)
#endif

C_ASSERT(sizeof(PCPROPERTY_ITEM) == FILTER_SIZE(16, 24));
C_ASSERT(sizeof(PCAUTOMATION_TABLE) == FILTER_SIZE(40, 56));
C_ASSERT(sizeof(KSPIN_DESCRIPTOR) == FILTER_SIZE(48, 88));
C_ASSERT(sizeof(PCPIN_DESCRIPTOR) == FILTER_SIZE(64, 112));
C_ASSERT(sizeof(PCNODE_DESCRIPTOR) == FILTER_SIZE(16, 32));
C_ASSERT(sizeof(PCFILTER_DESCRIPTOR) == FILTER_SIZE(48, 80));
C_ASSERT(sizeof(PCPROPERTY_ITEM) % 8 == 0);

/* Element size, count and address of a table: three members in a row of PCFILTER_DESCRIPTOR and PCAUTOMATION_TABLE. */
#define FILTER_TABLE(Table) sizeof((Table)[0]), RTL_NUMBER_OF(Table), (Table)
/* The same for Count elements from First on. */
#define FILTER_PART(Table, First, Count) sizeof((Table)[0]), (Count), &(Table)[First]

/* An automation table that has properties only. */
#define FILTER_PROPERTIES(Table) {FILTER_TABLE(Table), 0, 0, NULL, 0, 0, NULL, 0}

/* A pin. Instances: the most that may be open at once, over all clients and per filter (0: a bridge pin, never opened).
 * Ranges: an array of PKSDATARANGE. Category: address of the pin's category GUID. No name of its own. */
#define FILTER_PIN(Instances, Ranges, DataFlow, Communication, Category)                                               \
    {                                                                                                                  \
        (Instances), (Instances), 0, NULL,                                                                             \
        {                                                                                                              \
            0, NULL, 0, NULL, RTL_NUMBER_OF(Ranges), (Ranges), (DataFlow), (Communication), (Category), NULL, {0}      \
        }                                                                                                              \
    }

#endif
