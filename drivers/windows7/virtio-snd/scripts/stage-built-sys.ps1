# SPDX-License-Identifier: MIT OR Apache-2.0
# Copies a built driver image into inf\, where Inf2Cat wants it. Builds are looked for under -InputDir or, without it,
# in out\ and in the WinDDK folders of this tree; a free build goes before a checked one.
[CmdletBinding()]
param(
    [string]$Arch = '',
    [string]$Variant = 'contract',
    [string]$InputDir = ''
)
$ErrorActionPreference = 'Stop'
$ScriptFolder = [System.IO.Path]::GetDirectoryName($MyInvocation.MyCommand.Path)
. ([System.IO.Path]::Combine($ScriptFolder, 'driver-package.ps1'))
trap { Stop-WithError $_.Exception.GetBaseException().Message }

# Those of <root>\<label>\<image> that exist.
function Find-InLabelledFolders([string]$Root, [string[]]$Labels, [string]$Image) {
    foreach ($label in $Labels) {
        $path = Join-Parts @($Root, $label, $Image)
        if ([System.IO.File]::Exists($path)) { $path }
    }
}

# Images in WinDDK's output folders anywhere below a root: obj<fre|chk>_<system>_<x86|amd64>\<i386|amd64>\<image>.
function Find-InKitFolders([string]$Root, [string]$Kind, [string]$Arch, [string]$Image) {
    $suffix = @{ x86 = '_x86'; x64 = '_amd64' }[$Arch]
    $inner = @{ x86 = 'i386'; x64 = 'amd64' }[$Arch]
    foreach ($folder in [System.IO.Directory]::GetDirectories($Root, 'obj' + $Kind + '_*', 'AllDirectories')) {
        $path = Join-Parts @($folder, $inner, $Image)
        if ($folder.EndsWith($suffix) -and [System.IO.File]::Exists($path)) { $path }
    }
}

# All builds of the best kind that a root holds.
function Find-Builds([string]$Root, [string]$Arch, [string]$Image) {
    if (-not [System.IO.Directory]::Exists($Root)) { return }
    $labels = @{ x86 = @('x86', 'i386'); x64 = @('x64', 'amd64') }[$Arch]
    $project = Join-Parts @('drivers', 'windows7', 'virtio-snd')
    foreach ($below in @('', $project, (Join-Parts @('out', $project)))) {
        $found = @(Find-InLabelledFolders (Join-Parts @($Root, $below)) $labels $Image)
        if ($found.Length -gt 0) { return $found }
    }
    foreach ($kind in @('fre', 'chk')) {
        $found = @(Find-InKitFolders $Root $kind $Arch $Image)
        if ($found.Length -gt 0) { return $found }
    }
}

if ($Arch -eq '') { Stop-WithError 'say for which architecture: -Arch x86 or -Arch amd64' }
$architecture = Get-Architecture $Arch
$package = Get-Variant $Variant
if ($InputDir -ne '') {
    $roots = @(Resolve-UserPath $InputDir)
    if (-not [System.IO.Directory]::Exists($roots[0])) { Stop-WithError ('no such folder: ' + $roots[0]) }
} else {
    $repository = [System.IO.Path]::GetFullPath((Join-Parts @($DriverRoot, '..', '..', '..')))
    $roots = @((Join-Parts @($repository, 'out', 'drivers', 'windows7', 'virtio-snd')), $DriverRoot)
}
$builds = @()
foreach ($root in $roots) {
    $builds = @(Find-Builds $root $architecture $package.Sys)
    if ($builds.Length -gt 0) { break }
}
if ($builds.Length -eq 0) {
    Stop-WithError ('no ' + $package.Sys + ' for ' + $architecture + ' under ' + [string]::Join(' or ', $roots))
}
if ($builds.Length -gt 1) {
    Stop-WithError ('more than one build, choose with -InputDir: ' + [string]::Join(' and ', $builds))
}
Assert-ImageArchitecture $builds[0] $architecture
$target = Join-Parts @($DriverRoot, 'inf', $package.Sys)
[System.IO.File]::Copy($builds[0], $target, $true)
Write-Host ($target + ': copied from ' + $builds[0])
exit 0
