/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* guids.c: storage of every GUID; initguid.h first, so that portcls.h defines its identifiers here. */
#include <ntddk.h>

#include <initguid.h>

#include "guids.h"

const GUID SndCategoryAudio = {STATIC_KSCATEGORY_AUDIO};
const GUID SndNodeSpeaker = {STATIC_KSNODETYPE_SPEAKER};
const GUID SndNodeMicrophone = {STATIC_KSNODETYPE_MICROPHONE};
const GUID SndNodeDac = {STATIC_KSNODETYPE_DAC};
const GUID SndPropertySetPin = {STATIC_KSPROPSETID_Pin};
const GUID SndPropertySetJack = {STATIC_KSPROPSETID_Jack};
const GUID SndPropertySetAudio = {STATIC_KSPROPSETID_Audio};
const GUID SndTypeAudio = {STATIC_KSDATAFORMAT_TYPE_AUDIO};
const GUID SndSubtypePcm = {STATIC_KSDATAFORMAT_SUBTYPE_PCM};
const GUID SndSpecifierWaveFormat = {STATIC_KSDATAFORMAT_SPECIFIER_WAVEFORMATEX};
const GUID SndSpecifierDirectSound = {STATIC_KSDATAFORMAT_SPECIFIER_DSOUND};
const GUID SndWildcard = {STATIC_KSDATAFORMAT_TYPE_WILDCARD};

static const KSDATARANGE BridgeRange = {{sizeof(KSDATARANGE), 0, 0, 0, {STATIC_KSDATAFORMAT_TYPE_AUDIO},
                                         {STATIC_KSDATAFORMAT_SUBTYPE_ANALOG}, {STATIC_KSDATAFORMAT_SPECIFIER_NONE}}};
const PKSDATARANGE SndBridgeRanges[1] = {(PKSDATARANGE)&BridgeRange};
