/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * guids.h: the kernel streaming GUIDs that the filters need by address.
 *
 * The kits declare them without storage and no library at hand has them all;
 * guids.c defines them and the interface identifiers.
 */
#ifndef GUIDS_H
#define GUIDS_H

#include "wdk_compat.h"
#include "wdk_compat_portcls.h"

/* Initialiser of a GUID from the kits' flat STATIC_... list of its eleven numbers. */
#define GUID_INITIALIZER_(a, b, c, d0, d1, d2, d3, d4, d5, d6, d7)                                                     \
    {                                                                                                                  \
        (a), (b), (c), { (d0), (d1), (d2), (d3), (d4), (d5), (d6), (d7) }                                              \
    }
#define GUID_INITIALIZER(Static) GUID_INITIALIZER_(Static)

extern const GUID SndCategoryAudio;        /* KSCATEGORY_AUDIO */
extern const GUID SndNodeSpeaker;          /* KSNODETYPE_SPEAKER */
extern const GUID SndNodeMicrophone;       /* KSNODETYPE_MICROPHONE */
extern const GUID SndNodeDac;              /* KSNODETYPE_DAC */
extern const GUID SndPropertySetPin;       /* KSPROPSETID_Pin */
extern const GUID SndPropertySetJack;      /* KSPROPSETID_Jack */
extern const GUID SndPropertySetAudio;     /* KSPROPSETID_Audio */
extern const GUID SndTypeAudio;            /* KSDATAFORMAT_TYPE_AUDIO */
extern const GUID SndSubtypePcm;           /* KSDATAFORMAT_SUBTYPE_PCM */
extern const GUID SndSpecifierWaveFormat;  /* KSDATAFORMAT_SPECIFIER_WAVEFORMATEX */
extern const GUID SndSpecifierDirectSound; /* KSDATAFORMAT_SPECIFIER_DSOUND */
extern const GUID SndWildcard;             /* KSDATAFORMAT_TYPE_WILDCARD and the other wildcards: GUID_NULL */

/* The analog data range of every bridge pin, for FILTER_PIN. */
extern const PKSDATARANGE SndBridgeRanges[1];

#endif
